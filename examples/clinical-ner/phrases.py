"""How the letters say it, written by hand: sentences, and the words in them that carry no label.

<a|b> is a choice. {D} {G} {A} {T} are a disease, drug, body part, test ({C} a cancer, {X} a part that
one can touch, {I} a test that is looked at, {L} one that gives a number); {aD} has its article, {theA}
and {hisA} theirs; {DL} {GL} {TL} are lists of two to four; {DD} is two diseases in one breath, {AA} two
body parts. Everything else in braces is filled from WORDS and is never labelled. A sentence that begins
with [eye] is for that specialty, [adult] for grown-ups.
TRAIN, EVAL and STREAM sentences do not overlap; COMMON ones are used everywhere, and half of dev and
test is in the words of COMMON or TRAIN.
"""


def lines(text):
    return [line.strip() for line in text.strip().split("\n")]


COMMON = lines("""
    {He} <takes|is on|continues> {G} {dose} {freq}.
    {He} has a history of {D}.
    {T} was normal.
    Past medical history: {DL}.
    Medication: {GL}.
    {He} was admitted with {aD}.
    We have started {G} {dose} {freq}.
    There was no evidence of {D}.
    Examination of {theX} was <normal|painful|unremarkable>.
    Thank you for referring this {age} year old {sex}.
""")

TRAIN = lines("""
    Thank you for seeing this <pleasant|retired|active> {age} year old {sex} with {D}.
    I reviewed {name} in the {clinic} <today|this morning|on {date}>.
    {name} attended the {clinic} on {date} for follow up of {D}.
    Diagnosis: {D}.
    Diagnoses: 1. {D} 2. {D} 3. {D}
    {He} was diagnosed with {D} in {year} and has been <stable|well> since.
    {He} has {DD}, <both well controlled|neither under good control>.
    {He} is known to have {DL}.
    {He} presented with {sym} and was found to have {aD}.
    {He} came to us with {dur} of {sym}.
    The <working|likely> diagnosis is {sev} {D}.
    {His} {D} is <well controlled|poorly controlled> on {G}.
    There is no <history|sign|suggestion> of {D}.
    There was no evidence of {D} or {D}.
    {He} denies {sym} and has never had {aD}.
    {D} has been ruled out by {I}.
    I do not think that this is {D}.
    {His} <mother|father|brother|sister> had {D} and died at {age2}.
    Family history of {D} in {his} {rel}.
    There is a strong family history of {DD}.
    {G} {dose} {freq} was started for {D}.
    {G} was stopped because of {sym}.
    Please <increase|reduce> {G} to {dose} {freq}.
    {His} current medication is {GL}.
    {He} takes {G} {dose}, {G} {dose} and {G} {dose}.
    I have changed {G} to {G}.
    {He} was treated with {GL} and made a good recovery.
    {He} is allergic to {G}.
    No known drug allergies.
    We will continue {G} and {G} for now.
    {He} did not tolerate {G}, so we tried {G} instead.
    On examination there was {sym2} of {theX}.
    {He} complains of pain in {hisX}, worse at night.
    There was swelling of {AA}.
    The pain radiates from {theX} to {theX}.
    {His} {A} and {A} were normal.
    There was nothing to find in {theX}.
    {He} had {proc} in {year}.
    There is a scar over {theX} from a previous {proc}.
    {I} showed {aD}.
    {I} of {date} showed {sev} {D}.
    {I} showed no abnormality of {AA}.
    {L} was {val}, <up|down> from {val} in {month}.
    Blood results: {L} {val}, {L} {val}, {L} {val}.
    {T} and {T} were within normal limits.
    I have requested {TL}.
    We will repeat {T} in {weeks}.
    {T} confirmed the diagnosis of {D}.
    {T} is awaited.
    {I} showed a lesion in {theA}.
    A mass was seen in {theA} and {I} was arranged.
    {He} will be seen again in the {clinic} in {weeks}.
    Blood pressure was {bp} and pulse {pulse}.
    {He} lives alone and smokes {n} cigarettes a day.
    {He} drinks {n} units of alcohol a week and works as a {job}.
    Many thanks for your help, Dr {surname}, lead consultant.
    {Dr} has kindly agreed to see {him} at {hosp}.
    {His} case was discussed with the {nurse}.
    {He} was transferred from {hosp} to the {clinic}.
    {He} felt cold on the ward and came back late.
    The ECG leads were placed again because of a poor trace.
    Heart rate {pulse}, temperature {temp}, weight {weight}.
    {He} has lost weight and has {sym} but no {sym}.
    If {his} {D} worsens, please add {G} {dose} {freq}.
    {He} had {aD} in {year} and takes {G} for it.
    Treatment of {his} {D} with {G} was started in {month}.
    There was {sym} <due to|caused by> {D}.
    {D}: continue {G}. {D}: stop {G}.
    In view of {his} {D} we have avoided {G}.
    {L} has risen to {val} on {G}.
    {He} remains on {G} after {aD}.
    Wasting of {theX} was put down to {D}.
    There is wasting of {AA} and reduced power.
    {He} has {sym2} of {theX} and {theX}.
    Impression: {D}, <rule out|exclude> {D}.
    Plan: {T}, {T}, start {G}.
    Advice was given about {D}.
    {He} is independent and walks to the shops.
    {He} handed over {his} records from {hosp}.
    The operation on {hisX} went well.
    The risks of {G} were explained, including {D}.
    {He} will have {T} before the next dose of {G}.
    ST depression was seen in the lateral leads during exercise.
    The stroke volume was calculated by {surname} and his team.
    The diabetes nurse will call {him} on {date}.
    {He} was given the heart failure leaflet at the front desk.
""")

EVAL = lines("""
    This {age} year old {job} <turned up|was brought in by ambulance> with {sym} on a background of {D}.
    Many thanks for asking me to see {name}, who <has long-standing|struggles with> {D}.
    {name}, aged {age}, was seen jointly with {Dr} in the {clinic}.
    Problem list - {D}; {D}; {D}
    Background {D}, {D} and previous {D}.
    {He} carries a diagnosis of {D}, made at {hosp} in {year}.
    What troubles {him} most is {his} {D}.
    The picture is that of {sev} {D}.
    Features are <in keeping with|suggestive of|compatible with> {D} rather than {D}.
    {D} remains a possibility, though {T} was unhelpful.
    We wondered about {D}, but {T} was reassuring.
    Nothing to suggest {D}.
    {D} was considered and thought unlikely.
    {T} <excluded|was negative for> {D}.
    Neither {D} nor {D} could be demonstrated.
    {He} has been free of {D} since {year}.
    Two of {his} <uncles|cousins|aunts> had {D}; {his} {rel} is well.
    On {his} father's side there is {D}, and {his} twin has {D}.
    {He} self-discontinued {G} owing to {sym}.
    {G} was swapped for {G} by the on-call team.
    Loaded with {G} {dose} and then {G} {dose} {freq}.
    TTOs: {G} {dose} {freq}, {G} {dose} {freq}, {G} {dose} {freq}.
    {His} regimen of {G}/{G} was left alone.
    {G} cover was given, then a course of {G}.
    Would you be so kind as to titrate {his} {G} <upwards|downwards>?
    Unfortunately {G} brought {him} out in a rash, hence the switch to {G}.
    Treated empirically with {G} plus {G}.
    {He} responded briskly to {G}.
    Neither {G} nor {G} helped {his} {sym}.
    {He} should not be given {G} again.
    Palpation of {theX} provoked {sym2}.
    There is marked {sym2} over {theX}, sparing {theX}.
    Power was reduced in {AA}.
    {His} {X} looked <inflamed|dusky|bruised>, with sparing of {theX}.
    {AA} felt cool to the touch.
    Fullness was noted over {theX}.
    {He} fell onto {hisX} and could not weight bear.
    Tenderness localises to {theX}.
    {I} demonstrated {aD} involving {theA}.
    {I} revealed incidental {D}.
    {L} came back at {val}; {L} was {val}.
    The latest {L} stands at {val}.
    Please chase {T} and {T}.
    Abnormal {L} prompted {I}, which showed {D}.
    Pending: {TL}.
    {I} was limited by poor views of {theA}.
    Serial {L} readings have fallen on {G}.
    No focal lesion in {theA} on {I}.
    {T} <is booked|has been put off> until {month}.
    {He} underwent {proc} for {D} with an uneventful course.
    Following {proc}, {his} stay was complicated by {aD}.
    Decompensated {D} settled with {G} and {G}.
    {D} flared when {G} was weaned.
    Good control of {his} {D} was achieved using {G}.
    {He} is under {Dr} at {hosp} for {his} {D}.
    Discharged home under the {clinic} with {weeks} of {G}.
    No red flags; {sym} has gone.
    {surname} Ward called to hand back the bleep.
    {He} used to head the local {job} union and shoulders a lot at home.
    {His} daughter will stroke the cat, which seems to calm {him} down.
    The lead nurse saw {him} face to face, and on the other hand {he} was cheerful.
    {He} drives a lead-free car and had not eaten since the cold snap.
    Flattening and ST depression in two leads, no change from {month}.
    Saturations {sats} on air, heart rate {pulse}, BM not recorded.
    {He} scored {n} on the clerking form and was seen within {n} minutes by Dr {surname}.
    The {clinic} wrote back on {date}.
    Mr {surname} will consider {proc} once {his} {D} is optimised.
    Suspected {D} - not confirmed on {T}.
    {D} secondary to {D}.
    {sym} with raised {L}: ?{D}
    Known {D} (diagnosed {year}), on {G}.
    {L} (repeat): {val}. {L}: {val}.
    <Query|Possible> {D}, awaiting {T} of uncertain date.
    Stopped: {G}, {G}. Unchanged: {G}.
    {C} with spread to {theA} and {theA}.
""")

STREAM = lines("""
    hello this is {Dr} dictating on {name} date of birth {date}
    {name} comes up to the {clinic} with {his} {rel} today, they are worried about {D}.
    New patient, referred by optician / GP with {sym} and query {D}.
    Seen on video call: {D}, <much better|no better> with {G}.
    so {he} has got {D} affecting {theX} and also a bit in {theX}
    There is active {D} over {AA}.
    [skin] Itching and redness of {theX}, looks like {D} to me.
    {He} has had {D} since childhood, it involves {theA} now.
    [skin] {sev} {D}, <first|second> line {G} failed, for {G}.
    [skin] Rx {G} {dose2} {freq2} to {theX}, then {G} as needed.
    [skin] {G} to be put on {theX} <twice daily|at night> and {G} in the morning.
    [skin] apply {G} sparingly, stop {G}
    {G} not on our formulary, could the practice prescribe {G} please.
    Shared care agreement for {G} signed today.
    {He} <swears by|cannot stand> {G} and ran out of {G} last week.
    We talked through {G} versus {G} and {he} chose {G}.
    [joint] Injection of {G} into {theA} was given without problems.
    {L} done today in clinic, {val}.
    [eye] {L} {val} on the right and {val} on the left.
    On {I}: {aD}, {theA} otherwise clear.
    {T} plus {T} before we commit to {G}.
    if {T} is positive we will treat as {D}
    can the secretary book {T} and {T} please
    {I} <unremarkable|all fine|looks good>, no {D} seen.
    No {D}, no {D}, {theA} quiet.
    {D} has burnt itself out, no activity in {theA}.
    I reassured them it is not {D}.
    denies {D}, denies {sym}, denies {D}
    Mum has {D}, gran had {D}.
    {His} {rel} is on {G} for {D} too.
    [women] Gravida {n}, now {n} weeks, previous {D}.
    [women] Booking visit: {D} last time, takes {G} {dose2}.
    [mind] Mood low, sleeping badly, {D} in remission on {G} {dose2}.
    [mind] Risk reviewed with the crisis team, {G} increased, {T} next week.
    [child] {He} turned {age3} in {month}; {D} as a toddler, now query {D}.
    [child] Parents are keen on {G}; we prefer to wait for {T}.
    [joint] Joint count: {AA} swollen, {theA} spared.
    {D} overlap with {D}, on {G} and {G}.
    Flare of {D} after stopping {G}, {L} {val}.
    {proc} to {theX} listed as day case.
    Post {proc} check, {theX} healing, no {D}.
    screening {T} came back as {D}
    [eye] the pressure in {theA} was {n} so I added {G}
    [skin] Thickening of {theX} in keeping with {D}.
    Letter to {Dr} at {hosp}: {D}, continue {G}.
    [adult] {He} is a {job}, the pupil of {surname}, and plays the organ at {hosp} chapel.
    in the meantime the {nurse} will keep an eye on things and lend an ear
    {He} did not attend, the {clinic} will send another date.
    Apologies for the late letter, the typist was off with the cold weather and the lens of the camera broke.
    full stop new paragraph
    Background: {DL}. Drugs: {GL}.
    {T} and {T} today. {D} unlikely.
    allergies none known, takes {G} and {G} from the health food shop, {sym} on and off
    Impression {D} with some {D}. Plan {G}, {T}, back in {weeks}.
    {D} is driving {his} {sym}, hence {G}.
    we tried {G}, {G} and even {G} for the {D}
""")

WORDS = {
    "dose": ["2.5 mg", "5 mg", "10 mg", "20 mg", "25 mg", "40 mg", "50 mg", "75 mg", "100 mg", "200 mg", "250 mg",
             "500 mg", "1 g", "10 units", "16 units", "2 puffs", "5 mL", "80mg", "500mg", "1.25 mg", "one tablet"],
    "dose2": ["0.05%", "1%", "one drop", "thin layer", "20 mg", "40mg", "5 milligrams", "half a tablet", "2 mL", "300 mg",
              "two sprays", "1 in 4 strength", "15 mg weekly", "one finger tip unit"],
    "freq": ["once daily", "twice daily", "three times a day", "od", "bd", "tds", "at night", "daily", "nocte", "prn",
             "in the morning", "every 8 hours"],
    "freq2": ["bd", "nightly", "four times a day", "alternate days", "every fortnight", "qds", "on weekends only"],
    "dur": ["two days", "three weeks", "a month", "six months", "a few days", "two years", "a week"],
    "weeks": ["2 weeks", "six weeks", "three months", "6 months", "a year", "four weeks"],
    "month": ["January", "February", "March", "April", "May", "June", "July", "September", "October", "November"],
    "rel": ["mother", "father", "brother", "sister", "son", "daughter", "grandmother", "grandfather", "husband", "wife"],
    "clinic": ["heart failure clinic", "chest clinic", "diabetes clinic", "stroke unit", "renal clinic", "eye clinic",
               "fracture clinic", "asthma clinic", "liver unit", "kidney unit", "memory clinic", "skin clinic", "pain clinic",
               "outpatient department", "medical assessment unit", "breast clinic", "day hospital"],
    "nurse": ["diabetes nurse", "heart failure nurse", "asthma nurse", "stroke team", "head nurse", "lead pharmacist",
              "chest physician", "ward sister", "eye casualty team", "cancer nurse"],
    "job": ["teacher", "bus driver", "plumber", "nurse", "farmer", "cook", "welder", "lead roofer", "clerk", "gardener"],
    "proc": {
        "TRAIN": ["CABG", "hip replacement", "appendicectomy", "cholecystectomy", "angioplasty", "hernia repair",
                  "knee replacement", "TURP", "pacemaker insertion"],
        "EVAL": ["PCI", "stenting", "nephrectomy", "hemicolectomy", "valve replacement", "ablation", "lobectomy",
                 "arthroscopy", "dialysis", "thyroidectomy"],
        "STREAM": ["phacoemulsification", "excision", "cryotherapy", "grommets", "caesarean section", "laser",
                   "phototherapy", "curettage", "septoplasty", "laparoscopy"]},
    "sev": {
        "TRAIN": ["mild", "moderate", "severe", "worsening", "uncomplicated"],
        "EVAL": ["early", "florid", "probable", "end-stage", "biopsy-proven", "refractory", "smouldering"],
        "STREAM": ["quite bad", "patchy", "stubborn", "widespread", "grumbling", "borderline"]},
    "sym": {
        "TRAIN": ["chest pain", "shortness of breath", "cough", "dizziness", "fatigue", "headache", "nausea", "vomiting",
                  "back pain", "palpitations", "weight loss", "fever", "ankle swelling", "night sweats"],
        "EVAL": ["breathlessness", "light-headedness", "haemoptysis", "lethargy", "abdominal pain", "rigors", "malaise",
                 "diarrhoea", "exertional chest tightness", "leg cramps", "polyuria", "loin pain", "dysphagia", "melaena"],
        "STREAM": ["itch", "blurred vision", "floaters", "soreness", "discharge", "hot flushes", "hoarseness", "tinnitus",
                   "joint stiffness", "flaky skin", "low mood", "poor sleep", "watering", "ear ache", "cramps"]},
    "sym2": {
        "TRAIN": ["swelling", "tenderness", "weakness", "numbness", "bruising", "redness"],
        "EVAL": ["guarding", "crepitus", "pitting", "discomfort", "wasting", "stiffness"],
        "STREAM": ["scaling", "soreness", "puffiness", "crusting"]},
    "surname": {
        "TRAIN": ["Patel", "Jones", "Parkinson", "Murphy", "Graves", "Okafor", "Bell", "Singh", "Walker", "Wilson", "Hart",
                  "Crohn", "Brown", "Addison"],
        "EVAL": ["Cushing", "Hodgkin", "Legg", "Kowalski", "Barrett", "Ahmed", "Foote", "Rossi", "Hand", "Nightingale",
                 "Shin", "Coldwell", "Evans", "Alzheimer"],
        "STREAM": ["Meniere", "Raynaud", "Brow", "Nguyen", "Lashley", "Sjogren", "Fernandez", "Wood", "Chin", "O'Neill",
                   "Cheek", "Schirmer", "Bakker"]},
    "hosp": {
        "TRAIN": ["St Mary's Hospital", "the Royal Infirmary", "Addison House", "Northfield General", "the Heart Hospital"],
        "EVAL": ["the Bell Memorial", "Queen's Park Hospital", "Parkinson House", "Lungworth Cottage Hospital",
                 "the Chest Hospital at Hedley"],
        "STREAM": ["the Eye Infirmary", "Retford Women's Hospital", "Graves Lane Surgery", "Whitechapel Skin Centre"]},
    "unit": ["mmol/L", "g/L", "%", "mg/L", "umol/L", "U/L", "ng/L"],
}
