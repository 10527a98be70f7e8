#!/usr/bin/env python3
"""Writes the letters of this example: data/train.jsonl, dev.jsonl, test.jsonl and stream.jsonl.

    python3 generate.py [FOLDER]    # same bytes every time, Python 3.9 or later, standard library only

No person wrote or received these letters: every sentence comes from phrases.py, every disease, drug, body
part and test from inventory.py, every name, date and number from a seeded generator. Labels are right by
construction: a label is put on when its text is, and never searched for afterwards.

What makes the task honest:
  * half of the sentences of dev and test are not in training, and most of their diseases, drugs, body parts
    and tests; the stream (production) differs in both once more: new specialties, new drugs, dictation.
  * words that look like entities and are not: clinics, wards, people, symptoms, verbs (see README.md).
  * typing errors in all parts, errors of dictation in the stream.
"""
import json
import os
import random
import re
import sys

from inventory import INVENTORY, KINDS
from phrases import COMMON, EVAL, STREAM, TRAIN, WORDS

PAIRED = {  # organs that come in two, for "left and right kidney"
    "TRAIN": ["kidney", "lung", "knee", "hip", "leg", "arm", "shoulder"],
    "EVAL": ["elbow", "ankle", "lower lobe", "forearm", "renal artery", "calf", "hand"],
    "STREAM": ["eye", "ear", "wrist", "ovary", "tonsil", "upper eyelid", "cheek"],
}
FIRST_NAMES = {
    "m": ["Arthur", "Brian", "Carlos", "David", "Emeka", "Frank", "George", "Hassan", "Ivan", "Jack", "Karl", "Liam"],
    "f": ["Alice", "Bridget", "Chloe", "Dorothy", "Elena", "Fatima", "Grace", "Hannah", "Irene", "Joan", "Kira", "Ling"],
}
SPOKEN = {  # what dictation makes of a word
    "hypertension": "hyper tension", "pneumonia": "new monia", "metformin": "met formin", "amoxicillin": "amoxy cillin",
    "psoriasis": "soriasis", "eczema": "exema", "glaucoma": "glow coma", "asthma": "asma", "prednisolone": "pred nisolone",
    "latanoprost": "latano prost", "cataract": "cata ract", "conjunctivitis": "conjunctive itis", "uveitis": "you vee itis",
    "omeprazole": "omep razole", "tacrolimus": "tackro limus", "adalimumab": "a dally mumab", "melanoma": "mela noma",
    "paracetamol": "para cetamol", "rosacea": "rose acea", "endometriosis": "endo metriosis", "tonsillitis": "tonsil itis",
    "vasculitis": "vascular itis", "schizophrenia": "skitsofrenia", "olanzapine": "olanza peen", "ultrasound": "ultra sound",
    "audiometry": "audio metry", "fundoscopy": "fundo scopy", "tonometry": "tono metry", "timolol": "tim olol",
    "aflibercept": "a flibber sept", "retina": "retinner", "cornea": "corner", "macula": "mackular", "larynx": "larinks",
    "clobetasol": "clobeta sol", "emollients": "emoliants", "cetirizine": "set irizine", "prolactin": "pro lactin",
    "betamethasone": "beta methasone", "isotretinoin": "iso tretinoin", "fibromyalgia": "fibro myalgia", "MRI": "M R I",
    "heart failure": "heart failier", "creatinine": "creatine in", "haemorrhage": "hemorage", "salbutamol": "salbu tamol",
}
# pool of forms, sentences, letters, how many sentences a letter; chances of a common form, of a common sentence
# (up to `known`: or one of training), of a typing error in a word
PART = {
    "train": dict(pool="TRAIN", phrases=TRAIN, letters=820, length=(2, 4), common=0.12, shared=0.14, known=1.0, typo=0.025, seed=11),
    "dev": dict(pool="EVAL", phrases=EVAL, letters=150, length=(1, 4), common=0.18, shared=0.20, known=0.50, typo=0.03, seed=12),
    "test": dict(pool="EVAL", phrases=EVAL, letters=300, length=(1, 4), common=0.18, shared=0.20, known=0.50, typo=0.03, seed=13),
    "stream": dict(pool="STREAM", phrases=STREAM, letters=600, length=(1, 4), common=0.10, shared=0.06, known=0.06, typo=0.05, seed=14),
}
KNOWN_SHARE = {"EVAL": 0.34, "STREAM": 0.10}  # forms of the training pool in later letters: medicine repeats


class Patient:
    """Sex, age, name, specialty and lasting diagnoses and drugs: letters of one patient resemble each other."""

    def __init__(self, rng, number, part):
        self.key = f"{part}-P{number:03d}"
        self.sex = rng.choice("mf")
        self.pool = PART[part]["pool"]
        self.specialty = rng.choice(self.specialties())
        self.age = rng.randint(24, 93)
        if self.specialty == "women":
            self.age = rng.randint(18, 52)
        if self.specialty == "child":
            self.age = rng.randint(1, 16)
        self.name = rng.choice(FIRST_NAMES[self.sex]) + " " + rng.choice(WORDS["surname"][self.pool])
        self.lasting = {}

    def allows(self, specialty):
        return not specialty.endswith("/m" if self.sex == "f" else "/f")

    def specialties(self):
        keys = [key for key in INVENTORY["DISEASE"][self.pool] if self.allows(key) and not key.endswith("/m")]
        return sorted({key.split("/")[0] for key in keys})

    def specialty_of_letter(self, rng):
        if self.specialty == "child" or rng.random() < 0.75:
            return self.specialty
        return rng.choice([s for s in self.specialties() if s not in ("child", "women")])


class Letter:
    """Text and spans, grown from left to right; offsets count code points."""

    def __init__(self, rng, part, patient):
        self.rng, self.part, self.patient = rng, part, patient
        self.pool = PART[part]["pool"]
        self.specialty = patient.specialty_of_letter(rng)
        self.text, self.spans, self.used = "", [], set()

    # -- entities ------------------------------------------------------------------------------------
    def candidates(self, kind, pool):
        """The forms of the letter's specialty, now and then of any that this patient may have."""
        label, fits = KINDS[kind]
        lists = {key: [form for form in found if fits(form)]
                 for key, found in INVENTORY[label][pool].items() if self.patient.allows(key)}
        own = [form for key, found in lists.items() if key.split("/")[0] == self.specialty for form in found]
        if own and (self.specialty in ("child", "women") or self.rng.random() < 0.85):
            return own
        return [form for key, found in lists.items() if key.split("/")[0] not in ("child", "women") for form in found]

    def form(self, kind):
        """A form that this letter has not used: lasting, common, known from training, or the pool's own."""
        rng = self.rng
        for _ in range(50):
            lasting = self.patient.lasting.setdefault(kind, [])
            if kind in "DG" and lasting and rng.random() < 0.15:
                found = lasting
            elif rng.random() < PART[self.part]["common"]:
                found = self.candidates(kind, "COMMON")
            elif rng.random() < KNOWN_SHARE.get(self.pool, 0):
                found = self.candidates(kind, "TRAIN")
            else:
                found = self.candidates(kind, self.pool)
            form = rng.choice(found or self.candidates(kind, self.pool))
            if form not in self.used:
                break
        self.used.add(form)
        if len(lasting) < 4 and rng.random() < 0.3:
            lasting.append(form)
        return form

    def entity(self, kind, form=None):
        self.label(kind, (form or self.form(kind)).lstrip("+"))

    def label(self, kind, surface):
        if self.starts_sentence() and surface[0].islower() and not surface.startswith("pH"):
            surface = surface[0].upper() + surface[1:]
        elif self.pool == "STREAM" and surface in SPOKEN and self.rng.random() < 0.5:
            surface = SPOKEN[surface]
        surface = misspell(self.rng, surface, PART[self.part]["typo"] * 2)
        start = len(self.text)
        self.text += surface
        self.spans.append({"start": start, "end": len(self.text), "label": KINDS[kind][0]})

    def starts_sentence(self):
        return self.text == "" or self.text.endswith((". ", "\n"))

    def article(self, form):
        self.plain("an " if form[0] in "aeiouAEIO" or form.startswith(("MRI", "NSTEMI", "STEMI")) else "a ")

    # -- slots ---------------------------------------------------------------------------------------
    def fill(self, slot):
        if slot in KINDS:
            self.entity(slot)
        elif slot == "aD":
            form = self.form("D")
            if form.startswith("+"):
                self.article(form[1:])
            self.entity("D", form)
        elif slot[:3] in ("the", "his") and slot[3:] in ("A", "X"):
            form = self.form(slot[3:])
            if not form.startswith(("both", "soles")):
                self.plain("the " if slot.startswith("the") else self.word("his") + " ")
            self.entity("A", form)
        elif slot == "AA":
            self.body_pair()
        elif slot == "DD":
            self.entity("D")
            self.plain(self.rng.choice([" and ", " with ", " plus ", " and "]))
            self.entity("D")
        elif slot in ("DL", "GL", "TL"):
            self.entity_list(slot[0])
        else:
            self.plain(self.word(slot))

    def entity_list(self, kind):
        count = self.rng.choice([2, 3, 3, 4])
        between = self.rng.choice([", ", ", ", "; ", " / " if self.pool != "TRAIN" else ", "])
        for i in range(count):
            if i:
                self.plain(" and " if i == count - 1 and between == ", " else between)
            self.entity(kind)
            if kind == "G" and self.rng.random() < 0.5:
                self.plain(" " + self.word("dose"))

    def body_pair(self):
        """One span for 'left and right kidney' (one noun), two for 'kidneys and bladder'."""
        if self.rng.random() < 0.5:
            noun = self.rng.choice(PAIRED[self.pool])
            self.plain("the ")
            self.label("A", self.rng.choice(["left and right ", "right and left "]) + noun)
        else:
            self.fill("theA")
            self.plain(" and ")
            self.fill("theA")

    def word(self, slot):
        rng, patient = self.rng, self.patient
        male = patient.sex == "m"
        if slot.lower() in ("he", "his", "him"):
            word = slot.lower() if male else {"he": "she", "his": "her", "him": "her"}[slot.lower()]
            return word.capitalize() if slot[0].isupper() else word
        number = {"age": lambda: str(patient.age), "age2": lambda: str(rng.randint(45, 88)),
                  "age3": lambda: str(rng.randint(3, 17)), "n": lambda: str(rng.randint(2, 40)),
                  "year": lambda: str(rng.randint(1996, 2024)), "pulse": lambda: str(rng.randint(52, 118)),
                  "bp": lambda: f"{rng.randint(98, 182)}/{rng.randint(54, 104)}", "sats": lambda: f"{rng.randint(88, 99)}%",
                  "temp": lambda: f"{rng.randint(355, 395) / 10}", "weight": lambda: f"{rng.randint(48, 121)} kg",
                  "date": lambda: f"{rng.randint(1, 28)} {rng.choice(WORDS['month'])}",
                  "val": lambda: self.value()}
        if slot in number:
            return number[slot]()
        if slot == "sex":
            young = patient.age < 18
            return ("boy" if young else "man") if male else ("girl" if young else "woman")
        if slot == "name":
            return rng.choice([patient.name, ("Mr " if male else "Mrs ") + patient.name.split()[-1]])
        if slot == "Dr":
            return "Dr " + self.word("surname")
        words = WORDS[slot]
        if slot == "rel" and patient.age < 20:
            words = words[:4]
        return rng.choice(words[self.pool] if isinstance(words, dict) else words)

    def value(self):
        number = self.rng.choice([str(self.rng.randint(2, 480)), f"{self.rng.randint(10, 990) / 10}"])
        return number + (" " + self.rng.choice(WORDS["unit"]) if self.rng.random() < 0.6 else "")

    def plain(self, text):
        self.text += text

    # -- sentences -----------------------------------------------------------------------------------
    def sentence(self, template):
        template = choose(self.rng, template)
        if self.text:
            self.text += self.rng.choice([" ", " ", " ", "\n"])
        begin = len(self.text)
        for piece in re.split(r"(\{\w+\})", template):
            if piece.startswith("{"):
                self.fill(piece[1:-1])
            else:
                self.plain(misspell_words(self.rng, piece, PART[self.part]["typo"]))
        if not self.spans or self.spans[-1]["end"] <= begin or self.spans[0]["start"] != begin:
            self.capitalise(begin)

    def capitalise(self, at):
        if self.pool != "STREAM" and at < len(self.text):
            self.text = self.text[:at] + self.text[at].upper() + self.text[at + 1:]


def choose(rng, template):
    return re.sub(r"<([^<>]*)>", lambda m: rng.choice(m.group(1).split("|")), template)


def misspell(rng, text, rate):
    """At most one slip of the fingers, inside a word and never at its ends, so that borders stay."""
    if rng.random() >= rate:
        return text
    inner = [i for i in range(1, len(text) - 2) if all(c.isalpha() for c in text[i - 1:i + 2]) and text[i:i + 1].islower()]
    if len(text) < 6 or not inner:
        return text
    i = rng.choice(inner)
    slip = rng.choice(["drop", "double", "swap"])
    if slip == "drop":
        return text[:i] + text[i + 1:]
    if slip == "double":
        return text[:i] + text[i] + text[i:]
    return text[:i - 1] + text[i] + text[i - 1] + text[i + 1:] if i > 1 else text


def misspell_words(rng, text, rate):
    return re.sub(r"[a-z]{6,}", lambda m: misspell(rng, m.group(0), rate), text)


def dictate(rng, letter):
    """What a tired voice and a cheap recogniser do between the entities: fillers, spoken marks, lower case."""
    style = rng.random()
    pieces, at = [], 0
    for span in letter.spans + [{"start": len(letter.text), "end": len(letter.text)}]:
        plain = letter.text[at:span["start"]]
        if style < 0.45:
            plain = plain.lower()
            plain = re.sub(r", ", lambda m: rng.choice([" ", " comma ", ", "]), plain)
            plain = re.sub(r"\. ", lambda m: rng.choice([" full stop ", " ", ". "]), plain)
            plain = re.sub(r" (the|and|is|to) ", lambda m: rng.choice([m.group(0)] * 14 + [f" {m.group(1)} {m.group(1)} ", f" um {m.group(1)} "]), plain)
        pieces.append((plain, None))
        entity = letter.text[span["start"]:span["end"]]
        if style < 0.45 and rng.random() < 0.7:
            entity = entity.lower()
        pieces.append((entity, span.get("label")))
        at = span["end"]
    letter.text, letter.spans = "", []
    for text, label in pieces:
        start = len(letter.text)
        letter.text += text
        if label:
            letter.spans.append({"start": start, "end": len(letter.text), "label": label})


def write_letter(rng, part, patient):
    letter, plan = Letter(rng, part, patient), PART[part]
    said, length = set(), rng.randint(*plan["length"])
    while len(said) < length:
        draw = rng.random()
        phrase = rng.choice(COMMON if draw < plan["shared"] else TRAIN if draw < plan["known"] else plan["phrases"])
        only, text = re.match(r"(?:\[(\w+)\] )?(.*)", phrase).groups()
        fits = only is None or only == letter.specialty or only == "adult" and patient.age >= 18
        if fits and phrase not in said:
            said.add(phrase)
            letter.sentence(text)
    if part == "stream":
        dictate(rng, letter)
    return letter


def check(letter):
    """Spans lie in order, do not overlap, and stand on word borders."""
    at = 0
    for span in letter.spans:
        start, end = span["start"], span["end"]
        assert at <= start < end <= len(letter.text), letter.text
        assert not letter.text[start].isspace() and not letter.text[end - 1].isspace(), letter.text
        for i in (start, end):
            inside = 0 < i < len(letter.text) and letter.text[i - 1].isalnum() and letter.text[i].isalnum()
            assert not inside, (letter.text, span)
        at = end


def make_part(part, seen):
    rng, rows, number = random.Random(PART[part]["seed"]), [], 0
    while len(rows) < PART[part]["letters"]:
        number += 1
        patient = Patient(rng, number, part)
        for _ in range(min(rng.choice([1, 2, 3, 4, 5]), PART[part]["letters"] - len(rows))):
            letter = write_letter(rng, part, patient)
            while letter.text in seen:
                letter = write_letter(rng, part, patient)
            seen.add(letter.text)
            check(letter)
            rows.append({"id": f"{part}-{len(rows) + 1:04d}", "patient": patient.key, "text": letter.text, "spans": letter.spans})
    return rows


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
    os.makedirs(folder, exist_ok=True)
    seen = set()
    for part in PART:
        rows = make_part(part, seen)
        with open(os.path.join(folder, part + ".jsonl"), "w", encoding="utf-8", newline="\n") as out:
            for row in rows:
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
        spans = sum(len(row["spans"]) for row in rows)
        patients = len({row["patient"] for row in rows})
        print(f"{part}: {len(rows)} letters, {patients} patients, {spans} entities")


if __name__ == "__main__":
    main()
