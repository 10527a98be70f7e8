"""What the letters talk about, written by hand: surface forms of each label, by who may use them.

Four pools a label. COMMON is used everywhere. TRAIN, EVAL (dev and test) and STREAM (production) do
not overlap, so that most entities of dev and test, and more of the stream, were never seen in training.
A line is "specialty: form; form"; a letter keeps to one specialty most of the time. Specialties that
end in /m or /f are for men or women only. A form that begins with '+' is countable ("a stroke").
"""
import re


def forms(text):
    pool = {}
    for line in text.strip().split("\n"):
        specialty, found = line.strip().split(": ", 1)
        pool.setdefault(specialty, []).extend(f.strip() for f in found.split(";") if f.strip())
    return pool


DISEASE = {
    "COMMON": forms("""
        any: hypertension; type 2 diabetes; asthma; COPD; pneumonia; anaemia; atrial fibrillation; heart failure; +stroke
        any: obesity; depression; osteoarthritis; gout; hypothyroidism; +urinary tract infection; sepsis
    """),
    "TRAIN": forms("""
        heart: essential hypertension; high blood pressure; HTN; ischaemic heart disease; coronary artery disease; CAD; AF
        heart: stable angina; unstable angina; NSTEMI; +myocardial infarction; +heart attack; atrial flutter; +first degree heart block
        heart: congestive cardiac failure; CCF; aortic stenosis; mitral regurgitation; +abdominal aortic aneurysm; hyperlipidaemia
        heart: +deep vein thrombosis; DVT; peripheral arterial disease; hypercholesterolaemia; +venous ulcer
        chest: chronic obstructive pulmonary disease; community-acquired pneumonia; acute bronchitis; bronchiectasis; +common cold
        chest: emphysema; pulmonary fibrosis; +pleural effusion; tuberculosis; obstructive sleep apnoea; influenza; COVID-19
        chest: +lung abscess; lung cancer; squamous cell carcinoma of the lung; +pulmonary embolism; +lower respiratory tract infection
        kidney: chronic kidney disease; CKD; acute kidney injury; AKI; +kidney stone; nephrotic syndrome; cystitis; pyelonephritis
        kidney: hyponatraemia; hyperkalaemia; hypokalaemia; dehydration
        kidney/m: prostatitis; benign prostatic hyperplasia; prostate cancer
        gut: gastritis; +peptic ulcer; +duodenal ulcer; GORD; +hiatus hernia; +inguinal hernia; Crohn's disease; diverticulitis
        gut: irritable bowel syndrome; IBS; coeliac disease; +gallstone; acute cholecystitis; fatty liver disease; colon cancer
        gut: alcoholic hepatitis; hepatitis B; liver cirrhosis; acute pancreatitis; adenocarcinoma of the colon
        gut: iron deficiency anaemia; acute appendicitis; gastroenteritis; oral thrush
        gland: diabetes; diabetes mellitus; type 1 diabetes; T2DM; hyperthyroidism; Graves' disease; Addison's disease
        gland: +thyroid nodule; diabetic neuropathy; diabetic retinopathy; B12 deficiency; pernicious anaemia
        bone: rheumatoid arthritis; osteoporosis; acute gout; scoliosis; sciatica; cellulitis; +fracture of the left femur
        bone: +fractured neck of femur; +Colles fracture; +fracture of the right wrist
        nerve: Parkinson's disease; epilepsy; migraine; dementia; Alzheimer's disease; multiple sclerosis; +ischaemic stroke
        nerve: +transient ischaemic attack; TIA; anxiety; generalised anxiety disorder; alcohol dependence; delirium
        breast/f: breast cancer; invasive ductal carcinoma; ductal carcinoma in situ
    """),
    "EVAL": forms("""
        heart: left ventricular failure; LVF; dilated cardiomyopathy; hypertrophic cardiomyopathy; HFpEF; STEMI; ACS
        heart: acute coronary syndrome; +inferior myocardial infarction; supraventricular tachycardia; SVT; VT; sick sinus syndrome
        heart: +complete heart block; aortic regurgitation; mitral stenosis; infective endocarditis; pericarditis; myocarditis
        heart: +aortic dissection; PVD; intermittent claudication; carotid stenosis; varicose veins
        chest: aspiration pneumonia; pneumothorax; +tension pneumothorax; sarcoidosis; asbestosis; mesothelioma; whooping cough
        chest: interstitial lung disease; empyema; OSA; pulmonary hypertension; cor pulmonale; allergic rhinitis; PE
        kidney: end-stage renal failure; ESRF; polycystic kidney disease; hydronephrosis; IgA nephropathy; glomerulonephritis
        kidney: renal artery stenosis; urosepsis; +bladder stone; acute urinary retention; UTI; renal cell carcinoma
        kidney: carcinoma of the bladder; hypercalcaemia; hypomagnesaemia; lactic acidosis
        kidney/m: BPH; epididymitis
        blood: folate deficiency; thrombocytopenia; neutropenia; haemochromatosis; polycythaemia vera; myeloma; sickle cell disease
        blood: non-Hodgkin lymphoma; chronic lymphocytic leukaemia; CLL; follicular lymphoma; monoclonal gammopathy; haemophilia
        gut: ulcerative colitis; microscopic colitis; Barrett's oesophagus; achalasia; +oesophageal stricture; +anal fissure
        gut: +perforated duodenal ulcer; diverticular disease; +small bowel obstruction; haemorrhoids; +umbilical hernia; norovirus
        gut: choledocholithiasis; ascending cholangitis; primary biliary cholangitis; autoimmune hepatitis; NAFLD; hepatitis C
        gut: chronic pancreatitis; +pancreatic pseudocyst; Wilson's disease; hepatic encephalopathy; gastric cancer
        gut: pancreatic cancer; oesophageal cancer; hepatocellular carcinoma; Clostridium difficile infection; +psoas abscess
        gland: diabetic ketoacidosis; DKA; latent autoimmune diabetes; metabolic syndrome; prediabetes; hypoglycaemia
        gland: Cushing's syndrome; Hashimoto's thyroiditis; +toxic multinodular goitre; phaeochromocytoma; acromegaly
        gland: diabetic nephropathy; diabetic foot disease; hyperglycaemia
        bone: polymyalgia rheumatica; osteopenia; ankylosing spondylitis; pseudogout; +fracture of the right humerus
        bone: +fractured left clavicle; +stress fracture of the tibia; rotator cuff tear; carpal tunnel syndrome; osteomyelitis
        bone: +lumbar disc prolapse; spinal stenosis; septic arthritis; erysipelas; frozen shoulder; tennis elbow
        nerve: Bell's palsy; Guillain-Barre syndrome; motor neurone disease; MND; myasthenia gravis; vascular dementia
        nerve: Lewy body dementia; temporal lobe epilepsy; cluster headache; trigeminal neuralgia; viral meningitis; shingles
        nerve: bipolar disorder; panic disorder; restless legs syndrome; +subdural haematoma; +lacunar infarct; amaurosis fugax
        nerve: +subarachnoid haemorrhage
    """),
    "STREAM": forms("""
        eye: glaucoma; open-angle glaucoma; +cataract; macular degeneration; AMD; +retinal detachment; uveitis; blepharitis
        eye: conjunctivitis; keratitis; +central retinal vein occlusion; +corneal ulcer; optic neuritis; dry eye disease; +chalazion
        skin: psoriasis; eczema; atopic dermatitis; rosacea; acne vulgaris; +basal cell carcinoma; BCC; melanoma; vitiligo
        skin: actinic keratosis; bullous pemphigoid; hidradenitis suppurativa; urticaria; lichen planus; tinea pedis; scabies
        skin: alopecia areata; +malignant melanoma of the back; contact dermatitis; impetigo; pityriasis rosea; onychomycosis
        women/f: pre-eclampsia; gestational diabetes; hyperemesis gravidarum; endometriosis; PCOS; polycystic ovary syndrome
        women/f: +uterine fibroid; placenta praevia; +ectopic pregnancy; adenomyosis; mastitis; bacterial vaginosis; +ovarian cyst
        women/f: ovarian cancer; endometrial cancer; cervical intraepithelial neoplasia; lichen sclerosus; postpartum haemorrhage
        ear: tonsillitis; +quinsy; otitis media; otitis externa; Meniere's disease; chronic rhinosinusitis; nasal polyps
        ear: sensorineural hearing loss; BPPV; epiglottitis; +cholesteatoma; laryngeal cancer; labyrinthitis; glue ear
        mind: schizophrenia; schizoaffective disorder; obsessive compulsive disorder; OCD; PTSD; anorexia nervosa; ADHD; autism
        mind: emotionally unstable personality disorder; psychosis; bulimia nervosa; opioid use disorder; agoraphobia; mania
        joint: systemic lupus erythematosus; SLE; Sjogren's syndrome; psoriatic arthritis; giant cell arteritis; GCA; scleroderma
        joint: Raynaud's phenomenon; dermatomyositis; Behcet's disease; fibromyalgia; vasculitis; antiphospholipid syndrome
        joint: granulomatosis with polyangiitis; reactive arthritis
        child: croup; bronchiolitis; chickenpox; Kawasaki disease; scarlet fever; febrile seizures; hand foot and mouth disease
        child: juvenile idiopathic arthritis; cystic fibrosis; slapped cheek syndrome; developmental dysplasia of the hip
        child: +cleft palate; tongue-tie; nocturnal enuresis; measles; intussusception
    """),
}

DRUG = {
    "COMMON": forms("""
        any: aspirin; paracetamol; metformin; ramipril; amlodipine; atorvastatin; omeprazole; prednisolone; amoxicillin
        any: furosemide; warfarin; insulin; salbutamol; ibuprofen
    """),
    "TRAIN": forms("""
        heart: bisoprolol; atenolol; carvedilol; lisinopril; perindopril; losartan; candesartan; irbesartan; felodipine; nifedipine
        heart: simvastatin; rosuvastatin; clopidogrel; apixaban; rivaroxaban; digoxin; spironolactone; isosorbide mononitrate; GTN
        heart: nicorandil; amiodarone; enoxaparin; heparin; ACE inhibitors; beta blockers; statins; calcium channel blockers
        heart: low molecular weight heparin; bendroflumethiazide; indapamide
        chest: doxycycline; clarithromycin; co-amoxiclav; tiotropium; Seretide; beclometasone; Ventolin; montelukast; carbocisteine
        chest: oxygen; hydrocortisone; steroids; penicillin; antibiotics
        kidney: trimethoprim; nitrofurantoin; ciprofloxacin; gentamicin; bumetanide; potassium chloride; diuretics; flucloxacillin
        kidney/m: tamsulosin; finasteride
        gut: lansoprazole; ranitidine; Gaviscon; lactulose; senna; loperamide; metoclopramide; ondansetron; mesalazine; nystatin
        gut: ferrous sulphate; thiamine; chlordiazepoxide; sulfasalazine
        gland: gliclazide; sitagliptin; dapagliflozin; NovoRapid; Lantus; levothyroxine; carbimazole; hydroxocobalamin; folic acid
        bone: naproxen; diclofenac; colchicine; allopurinol; methotrexate; alendronic acid; vitamin D; Adcal-D3; codeine
        bone: co-codamol; morphine; tramadol; opiates
        nerve: sertraline; citalopram; mirtazapine; amitriptyline; diazepam; lorazepam; haloperidol; donepezil; levodopa; Madopar
        nerve: sodium valproate; levetiracetam; gabapentin; sumatriptan
        breast/f: tamoxifen; trastuzumab; docetaxel
    """),
    "EVAL": forms("""
        heart: nebivolol; metoprolol; sotalol; propranolol; enalapril; valsartan; olmesartan; Entresto; sacubitril valsartan
        heart: diltiazem; verapamil; lercanidipine; doxazosin; moxonidine; pravastatin; ezetimibe; fenofibrate; ticagrelor; prasugrel
        heart: edoxaban; dabigatran; ivabradine; ranolazine; eplerenone; flecainide; adenosine; angiotensin receptor blockers
        heart: nitrates; anticoagulants; DOACs; fondaparinux
        chest: Symbicort; Fostair; ipratropium; theophylline; aminophylline; Trelegy; roflumilast; pirfenidone; azithromycin
        chest: rifampicin; isoniazid; meropenem; ceftriaxone; piperacillin-tazobactam; Tazocin; dalteparin; alteplase
        kidney: cefalexin; fosfomycin; metolazone; torasemide; calcium gluconate; magnesium sulphate; cinacalcet; SGLT2 inhibitors
        kidney: mirabegron; solifenacin; thiazides
        kidney/m: bicalutamide; alfuzosin
        blood: rituximab; ibrutinib; iron infusion; Ferinject; cyanocobalamin; tranexamic acid; allogeneic platelets; hydroxycarbamide
        gut: pantoprazole; esomeprazole; famotidine; sucralfate; Movicol; bisacodyl; rifaximin; cyclizine; domperidone; mebeverine
        gut: budesonide; vedolizumab; ursodeoxycholic acid; Creon; terlipressin; octreotide; infliximab; metronidazole; vancomycin
        gut: fidaxomicin; proton pump inhibitors; azathioprine
        gland: empagliflozin; linagliptin; glimepiride; pioglitazone; liraglutide; semaglutide; Ozempic; Humalog; insulin glargine
        gland: propylthiouracil; liothyronine; fludrocortisone; sulphonylureas
        bone: oxycodone; fentanyl; buprenorphine; nefopam; etoricoxib; febuxostat; leflunomide; hydroxychloroquine; adalimumab
        bone: tocilizumab; denosumab; risedronate; zoledronic acid; colecalciferol; bisphosphonates; NSAIDs; baclofen
        nerve: fluoxetine; venlafaxine; lithium; quetiapine; zopiclone; memantine; rivastigmine; ropinirole; rasagiline
        nerve: pyridostigmine; carbamazepine; lamotrigine; phenytoin; topiramate; rizatriptan; pregabalin; duloxetine; aciclovir
        nerve: antiepileptics; naloxone; dipyridamole
    """),
    "STREAM": forms("""
        eye: latanoprost; timolol; brimonidine; dorzolamide; bimatoprost; Cosopt; aflibercept; ranibizumab; Lucentis; Eylea
        eye: acetazolamide; chloramphenicol; dexamethasone; hypromellose; cyclopentolate; ganciclovir; Xalatan; carbomer gel
        eye: ofloxacin; Maxitrol; artificial tears
        skin: betamethasone; clobetasol; Dermovate; Eumovate; calcipotriol; Dovobet; tacrolimus; isotretinoin; Roaccutane
        skin: lymecycline; dupilumab; secukinumab; ustekinumab; risankizumab; apremilast; acitretin; ciclosporin; permethrin
        skin: terbinafine; efudix; ivermectin; fusidic acid; E45; Diprobase; emollients; omalizumab; benzoyl peroxide; adapalene
        skin: topical steroids; antihistamines; biologics
        women/f: labetalol; methyldopa; oxytocin; Syntometrine; mifepristone; misoprostol; norethisterone; desogestrel; Mirena
        women/f: medroxyprogesterone; clomifene; goserelin; oestradiol; HRT; Depo-Provera; progesterone; ergometrine; carboprost
        women/f: anti-D; Clexane; terbutaline
        ear: mometasone; Nasonex; fluticasone; Otomize; Sofradex; betahistine; prochlorperazine; phenoxymethylpenicillin
        ear: xylometazoline; cetirizine; fexofenadine; nasal steroids
        mind: olanzapine; clozapine; aripiprazole; risperidone; paliperidone; amisulpride; methylphenidate; atomoxetine
        mind: lisdexamfetamine; paroxetine; escitalopram; vortioxetine; promethazine; lurasidone; flupentixol; naltrexone
        mind: methadone; melatonin; clonazepam; antipsychotics; SSRIs
        joint: etanercept; golimumab; abatacept; baricitinib; tofacitinib; upadacitinib; mycophenolate; cyclophosphamide; belimumab
        joint: iloprost; nintedanib; sildenafil; pilocarpine; teriparatide; Depo-Medrone; anifrolumab; certolizumab; JAK inhibitors
        child: palivizumab; Calpol; desmopressin; immunoglobulin; Dioralyte; adrenaline; oral rehydration salts; growth hormone
    """),
}

ANATOMY = {
    "COMMON": forms("""
        any: chest; abdomen; left leg; right knee; heart; liver; left lung; right hip; neck; left kidney; stomach; lower back
    """),
    "TRAIN": forms("""
        heart: left ventricle; right atrium; aorta; aortic valve; mitral valve; coronary arteries; left anterior descending artery
        heart: jugular veins; carotid arteries; ankles; both ankles; left ankle; legs; both legs; right leg; calves; left calf
        chest: lungs; right lung; both lungs; lung bases; left lower lobe; right upper lobe; ribs; throat
        kidney: kidneys; right kidney; both kidneys; bladder; groin; right groin; left iliac fossa
        kidney/m: prostate
        gut: spleen; gallbladder; pancreas; colon; sigmoid colon; small bowel; rectum; oesophagus; duodenum; caecum; bile duct
        gut: right upper quadrant; epigastrium; mouth; tongue
        gland: thyroid; thyroid gland; feet; left foot; right foot; skin; lymph nodes
        bone: right thigh; left knee; both knees; knees; left hip; hips; right shoulder; left shoulder; left wrist; right wrist; fingers
        bone: thumb; left elbow; spine; lumbar spine; thoracic spine; femur; left femur; tibia; pelvis
        nerve: brain; head; face; skull; left arm; right arm; arms; right hand; hands
        breast/f: left breast; right breast; axilla
    """),
    "EVAL": forms("""
        heart: right ventricle; left atrium; interventricular septum; tricuspid valve; pulmonary artery; ascending aorta
        heart: inferior vena cava; right coronary artery; circumflex artery; left main stem; pericardium; popliteal artery
        heart: femoral vein; long saphenous vein; shins; left shin; right calf
        chest: right middle lobe; lingula; left upper lobe; trachea; bronchi; pleura; left pleural cavity; mediastinum; diaphragm
        chest: hilum; chest wall; sternum; supraclavicular fossa
        kidney: renal arteries; ureters; right ureter; urethra; left flank; loins; suprapubic area; perineum
        kidney/m: left testis; scrotum
        blood: bone marrow; cervical lymph nodes; gums; scalp
        gut: portal vein; common bile duct; terminal ileum; ascending colon; transverse colon; jejunum; gastric antrum; anal canal
        gut: peritoneum; appendix; right lobe of the liver; right iliac fossa; umbilicus; palate
        gland: adrenal glands; right adrenal gland; parathyroid glands; pituitary gland; heels; left heel; toes; right great toe
        gland: soles of both feet
        bone: left forearm; right forearm; upper arms; right elbow; left hand; knuckles; left thumb; right index finger
        bone: shoulder blades; buttocks; sacrum; coccyx; cervical spine; clavicles; scapula; humerus; right humerus; fibula
        bone: patella; left Achilles tendon; rotator cuff; meniscus; jaw
        nerve: frontal lobe; left temporal lobe; cerebellum; brainstem; basal ganglia; spinal cord; median nerve; forehead
        nerve: left internal carotid artery
    """),
    "STREAM": forms("""
        eye: left eye; right eye; both eyes; eyes; cornea; left cornea; lens; retina; right retina; macula; optic disc; iris; eyelids
        eye: left upper eyelid; anterior chamber; conjunctiva; vitreous; lacrimal gland; lashes; optic nerve; orbit; pupils
        skin: nails; toenails; cheeks; left cheek; trunk; flexures; elbows; upper back; hairline; chin; forearms; earlobe; eyebrows
        women/f: uterus; cervix; ovaries; left ovary; right fallopian tube; vagina; vulva; endometrium; placenta; perineal body
        ear: left ear; right ear; ears; ear canal; eardrum; tympanic membrane; mastoid; tonsils; left tonsil; larynx; vocal cords
        ear: pharynx; nasal septum; maxillary sinuses; turbinates; postnasal space; parotid gland; uvula; adenoids; nose
        mind: upper limbs; jaw muscles; facial muscles
        joint: wrists; finger joints; metacarpophalangeal joints; proximal interphalangeal joints; sacroiliac joints; temporal artery
        joint: salivary glands; right big toe; fingertips; temporomandibular joint; plantar fascia; small joints of the hands; temples
        child: fontanelle; soft palate; nappy area; left tibia; adenoidal pad; milk teeth
    """),
}

TEST = {
    "COMMON": forms("""
        any: chest X-ray; ECG; full blood count; MRI; HbA1c; creatinine; ultrasound; CT scan; CRP
    """),
    "TRAIN": forms("""
        heart: total cholesterol; LDL cholesterol; troponin; troponin T; BNP; D-dimer; INR; echocardiogram; echo; 24-hour tape
        heart: exercise test; coronary angiogram; digoxin level; Doppler
        chest: CXR; sputum culture; spirometry; peak flow; arterial blood gas; ABG; CTPA; chest radiograph; white cell count
        kidney: U&E; urea and electrolytes; renal function tests; eGFR; serum potassium; serum sodium; urine dipstick; urinalysis; MSU
        kidney/m: PSA
        gut: LFTs; liver function tests; albumin; bilirubin; ALT; amylase; stool sample; gastroscopy; colonoscopy; haemoglobin; Hb
        gut: flexible sigmoidoscopy; abdominal ultrasound; ultrasound of the abdomen; ferritin; platelet count; CT
        gland: fasting glucose; blood glucose; thyroid function tests; TSH; vitamin B12 level
        bone: uric acid; DEXA scan; bone profile; bone scan; knee X-ray; X-ray of the left hip; ESR; blood cultures; FBC
        nerve: CT head; MRI brain; lumbar puncture; EEG
        breast/f: mammogram; biopsy
    """),
    "EVAL": forms("""
        heart: transthoracic echocardiogram; transoesophageal echo; TOE; stress echo; myocardial perfusion scan; 12-lead ECG; cardiac MRI
        heart: Holter monitor; ambulatory blood pressure monitoring; CT coronary angiogram; tilt table test; ankle brachial index
        heart: lipid profile; triglycerides; NT-proBNP; troponin I; APTT; clotting screen; venous Doppler; creatine kinase; CK
        chest: CT thorax; HRCT; V/Q scan; ventilation perfusion scan; lung function tests; FEV1; transfer factor; overnight oximetry
        chest: bronchoscopy; pleural aspirate; polysomnography; FeNO; PET-CT; procalcitonin; lactate; throat swab
        kidney: CT KUB; ultrasound of the kidneys; urine albumin creatinine ratio; ACR; urea; serum creatinine; urine culture
        kidney: renal biopsy; cystoscopy; flow rate; bladder scan; phosphate; magnesium; corrected calcium
        blood: reticulocyte count; blood film; MCV; serum iron; transferrin saturation; folate level; serum electrophoresis
        blood: Bence Jones protein; bone marrow biopsy; HIV test
        gut: MRCP; CT abdomen and pelvis; contrast CT; lipase; alkaline phosphatase; ALP; gamma GT; hepatitis serology; FIT
        gut: tissue transglutaminase antibodies; faecal calprotectin; stool culture; ERCP; capsule endoscopy; OGD; barium swallow
        gut: Fibroscan; liver biopsy; CA 19-9; CEA; alpha-fetoprotein
        gland: random glucose; oral glucose tolerance test; C-peptide; fructosamine; ketones; free T4; cortisol
        gland: short Synacthen test; parathyroid hormone; PTH
        bone: MRI of the lumbar spine; anti-CCP; rheumatoid factor; ANA; ANCA; HLA-B27; wound swab
        nerve: nerve conduction studies; EMG; carotid Doppler; lithium level
    """),
    "STREAM": forms("""
        eye: OCT; optical coherence tomography; visual acuity; intraocular pressure; IOP; visual fields; fluorescein angiography
        eye: slit lamp examination; fundoscopy; tonometry; gonioscopy; corneal topography; B-scan; Schirmer test
        skin: skin biopsy; patch test; skin scrapings; dermoscopy; PASI score; Wood's lamp examination; skin prick test; RAST
        skin: total IgE; nail clippings; direct immunofluorescence; dermatoscopy
        women/f: anomaly scan; transvaginal ultrasound; nuchal translucency; CTG; hysteroscopy; smear; cervical smear; HPV test
        women/f: colposcopy; beta-hCG; CA 125; FSH; LH; AMH; high vaginal swab; endometrial biopsy; placental growth factor
        ear: pure tone audiogram; audiometry; tympanometry; nasendoscopy; CT sinuses; monospot; Dix-Hallpike test; ear swab
        ear: otoscopy; fine needle aspiration
        mind: PHQ-9; GAD-7; MoCA; mini mental state examination; urine drug screen; clozapine level; prolactin; AUDIT score
        joint: anti-dsDNA; complement levels; C3; C4; ENA panel; temporal artery biopsy; temporal artery ultrasound; DAS28
        joint: joint aspirate; lip biopsy; MRI of the hands; ultrasound of the wrists
        child: sweat test; capillary blood gas; newborn blood spot; hip ultrasound; nasopharyngeal aspirate; PCR swab
    """),
}

# Which forms a sentence may ask for, so that no blood test shows a fracture.
LOOKED_AT = re.compile(
    r"scan|X-ray|\bCT|CTPA|CXR|HRCT|MRI|MRCP|ERCP|OGD|TOE|PET|echo|ultrasound|Doppler|scopy|gram|radiograph|biopsy|"
    r"swallow|tape|ECG|Holter|OCT|tomography|angiography|topography|examination|mapping|studies|EEG|EMG|puncture|"
    r"exercise test|tilt table|aspirate|visual fields|smear|swab|culture|cytology|polysomnography|score|immunofluorescence"
    r"|scrapings|clippings|patch test|urine dipstick|urinalysis|nuchal|audiogram", re.I)
TOUCHED = re.compile(
    r"leg|knee|hip|neck|back|chest$|abdomen|ankle|cal[fv]|foot|feet|thigh|shoulder|\barm|hand|wrist|finger|thumb|elbow|spine|"
    r"face$|throat|skin|quadrant|iliac fossa|groin|breast|axilla|shin|flank|loins|heel|toe|forearm|upper arm|knuckles|"
    r"buttocks|jaw|scalp|forehead|clavicle|chest wall|umbilicus|perineum|scrotum|testis|tendon|eyelid|lashes|cheek|trunk|"
    r"flexures|chin|\bear|nose|nail|hairline|temples|joint|tips|eyebrows|lower limbs|upper limbs|nappy|fascia|vulva|"
    r"suprapubic|head$|legs|soles|tibia|ribs|sacrum|coccyx|epigastrium|perineal|left eye|right eye|both eyes|muscles|nodes")
CANCER = re.compile(r"cancer|carcinoma|lymphoma|myeloma|mesothelioma|melanoma|leukaemia")
KINDS = {
    "D": ("DISEASE", lambda form: True),
    "C": ("DISEASE", lambda form: CANCER.search(form)),
    "G": ("DRUG", lambda form: True),
    "A": ("ANATOMY", lambda form: True),
    "X": ("ANATOMY", lambda form: TOUCHED.search(form)),
    "T": ("TEST", lambda form: True),
    "I": ("TEST", lambda form: LOOKED_AT.search(form) and not form.startswith(("V/Q", "PHQ"))),
    "L": ("TEST", lambda form: not LOOKED_AT.search(form)),
}
INVENTORY = {"DISEASE": DISEASE, "DRUG": DRUG, "ANATOMY": ANATOMY, "TEST": TEST}
