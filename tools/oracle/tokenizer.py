#!/usr/bin/env python3
"""What Hugging Face's tokenizers answers, for engine/text to be compared with.

    tokenizer.py fixtures                 writes tests/oracle/wordpiece/ (vocabularies and cases of our own)
    tokenizer.py hashes --data DIR        adds the digests over the real vocabularies in DIR/vocabs
    tokenizer.py fuzz --dump PROGRAM [--data DIR] [--code-points N] [--seed S]
                                          compares tests/oracle/tokenize_dump with tokenizers on random Unicode

All texts are made here: written for this project, or generated.
"""
import argparse
import hashlib
import json
import pathlib
import random
import struct
import subprocess
import sys
import unicodedata

import tokenizers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

HERE = pathlib.Path(__file__).resolve().parents[2] / "tests" / "oracle" / "wordpiece"
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
# lower case, strip accents, split Chinese, clean
UNCASED, CASED = (1, 1, 1, 1), (0, 0, 1, 1)
OPTIONS = [UNCASED, CASED, (1, 0, 1, 1), (0, 1, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0), (0, 0, 0, 0), (0, 1, 1, 0)]
REAL = [("bert-base-uncased", UNCASED), ("bert-base-cased", CASED), ("bert-base-multilingual-cased", CASED),
        ("bert-base-chinese", CASED), ("bert-base-chinese", UNCASED)]


def hugging_face(pieces, options):
    lower, strip, chinese, clean = map(bool, options)
    tok = Tokenizer(models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]",
                                     max_input_chars_per_word=100))
    tok.normalizer = normalizers.BertNormalizer(clean_text=clean, handle_chinese_chars=chinese,
                                                strip_accents=strip, lowercase=lower)
    tok.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tok.add_special_tokens(SPECIALS)
    return tok


def read_pieces(path):
    lines = path.read_bytes().decode().split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def encode(tok, text, words=None):
    """[(id, start, end, word)]; spans of the whole text, also where it comes in words."""
    if words is None:
        e = tok.encode(text, add_special_tokens=False)
        return [(i, s, t, w) for i, (s, t), w in zip(e.ids, e.offsets, e.word_ids)]
    e = tok.encode([text[a:b] for a, b in words], is_pretokenized=True, add_special_tokens=False)
    return [(i, words[w][0] + s, words[w][0] + t, w) for i, (s, t), w in zip(e.ids, e.offsets, e.word_ids)]


# ---- random texts ----

MARKS = [c for c in range(0x110000) if unicodedata.category(chr(c)) in ("Mn", "Mc", "Me")]
ODD = [0, 1, 9, 10, 11, 12, 13, 0x1C, 0x1F, 0x20, 0x7F, 0x85, 0xA0, 0xAD, 0x130, 0x131, 0x3A3, 0x3C2, 0x344, 0x34F,
       0x37E, 0x387, 0xF73, 0xFB01, 0x110B, 0x1160, 0x1161, 0x11A8, 0x1680, 0x17F, 0x180E, 0x1E9E, 0x1FEF, 0x2000,
       0x200B, 0x200C, 0x200D, 0x200E, 0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x2126, 0x212A, 0x212B, 0x2329,
       0x3000, 0x302A, 0x302E, 0x302F, 0x3099, 0x4E00, 0x9FFF, 0xAC00, 0xAC01, 0xD7A3, 0xD7FF, 0xE000, 0xF8FF, 0xF900,
       0xFA0E, 0xFE0F, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x10400, 0x1D15E, 0x1D165, 0x1D16D, 0x1F469, 0x1F3FB,
       0x20000, 0x2A6D6, 0x2B81F, 0x2B820, 0x2B91F, 0x2B920, 0x2F800, 0x2FA1F, 0x30000, 0xE0001, 0xE0100, 0xF0000,
       0x10FFFF]
BLOCKS = [(0x20, 0x7F), (0x20, 0x7F), (0x20, 0x7F), (0, 0x100), (0x100, 0x250), (0x300, 0x370), (0x370, 0x600),
          (0x600, 0x900), (0x900, 0x1200), (0x1200, 0x2000), (0x1E00, 0x2000), (0x2000, 0x2100), (0x2100, 0x2E00),
          (0x2E00, 0x3400), (0x3400, 0xA000), (0xA000, 0xAC00), (0xAC00, 0xD7B0), (0xF900, 0x10000),
          (0x10000, 0x20000), (0x1D100, 0x1D200), (0x20000, 0x30000), (0xE0000, 0xE0200), (0, 0xD800),
          (0xE000, 0x110000)]


def random_text(rng, pieces):
    out = []
    for _ in range(rng.randrange(1, 60)):
        kind = rng.randrange(10)
        if kind < 3:
            p = rng.choice(pieces)
            out.append(p[2:] if p.startswith("##") else p)
        elif kind < 5:
            a, b = rng.choice(BLOCKS)
            out.append("".join(chr(rng.randrange(a, b)) for _ in range(rng.randrange(1, 6))))
        elif kind == 5:
            out.append(chr(rng.choice(ODD)))
        elif kind == 6:
            out.append("".join(chr(rng.choice(MARKS)) for _ in range(rng.randrange(1, 5))))
        elif kind == 7:
            out.append(rng.choice(SPECIALS + ["[sep]", "[MASK", "[[CLS]]", "CLS]", "##"]))
        elif kind == 8 and rng.randrange(20) == 0:
            out.append(rng.choice("aé中") * rng.randrange(97, 104))
        if rng.randrange(3):
            out.append(" ")
    text = "".join(out)
    return "".join(c for c in text if not 0xD800 <= ord(c) < 0xE000)


def random_words(rng, text):
    """Spans in order, with gaps, some empty."""
    cuts = sorted(rng.randrange(len(text) + 1) for _ in range(2 * rng.randrange(1, 12)))
    return list(zip(cuts[::2], cuts[1::2]))


def dump(program, vocab, options, batch):
    lines = []
    for text, words in batch:
        line = text.encode().hex()
        if words is not None:
            line += "".join(f" {a}-{b}" for a, b in words) or " "
        lines.append(line)
    done = subprocess.run([program, str(vocab), *map(str, options)], input="\n".join(lines) + "\n", text=True,
                          capture_output=True)
    if done.returncode:
        sys.exit(f"{program}: {done.stderr.strip()}")
    out = done.stdout.split("\n")[:-1]
    return [[tuple(map(int, p.split(":"))) for p in line.split()] for line in out]


def shrink(differs, text):
    """A shorter text that still differs, for the message."""
    step = len(text) // 2
    while step:
        i = 0
        while i < len(text):
            shorter = text[:i] + text[i + step:]
            if differs(shorter):
                text = shorter
            else:
                i += step
        step //= 2
    return text


def report(program, vocab, options, tok, text, words):
    def ours(t):
        return dump(program, vocab, options, [(t, None)])[0]
    if words is None:
        text = shrink(lambda t: ours(t) != encode(tok, t), text)
    print(f"{vocab} {options}: {ascii(text)} words={words}")
    print("  tokenizers", encode(tok, text, words))
    print("  cairn     ", dump(program, vocab, options, [(text, words)])[0])


def fuzz(args):
    vocabs = [(HERE / "uncased.txt", UNCASED), (HERE / "cased.txt", CASED)]
    if args.data:
        vocabs += [(pathlib.Path(args.data) / "vocabs" / name / "vocab.txt", o) for name, o in REAL]
    jobs = [(v, o) for v, o in vocabs] + [(vocabs[0][0], o) for o in OPTIONS[2:]]
    rng, total, differences = random.Random(args.seed), 0, 0
    loaded = [(v, o, read_pieces(v)) for v, o in jobs]
    made = [(v, o, p, hugging_face(p, o)) for v, o, p in loaded]
    while total < args.code_points:
        for vocab, options, pieces, tok in made:
            batch = []
            for _ in range(400):
                text = random_text(rng, pieces)
                batch.append((text, random_words(rng, text) if rng.randrange(4) == 0 else None))
            total += sum(len(t) for t, _ in batch)
            for (text, words), got in zip(batch, dump(args.dump, vocab, options, batch), strict=True):
                if got != encode(tok, text, words):
                    differences += 1
                    if differences <= 5:
                        report(args.dump, vocab, options, tok, text, words)
    print(f"{total} code points, {len(made)} tokenizers, tokenizers {tokenizers.__version__}: "
          f"{differences} differences")
    sys.exit(differences > 0)


# ---- the committed fixtures ----

WORDS = """the a of and to in is was for with no not on at by patient letter lung left right clear heart sign signs
pain fever cough dose daily twice mg ml blood test result pressure infection pneumonia aspirin insulin cell cells
count high low new old day week month report scan x ray chest skin head neck arm leg hand foot eye ear nose hospital
ward nurse doctor said seen given taken stop start walk run play strasse cafe naive resume zoe angstrom""".split()
CASED_WORDS = """The A Of No Not Patient Letter Lung Left Right Heart Pain Fever Dr Mr Mrs Dose Aspirin Insulin MRI CT
ECG Berlin Paris Wien Zoë café naïve Straße""".split()
ENDINGS = """s es ed ing er est ly ness ment tion al ic ous ful less able ible ist ism itis emia osis ectomy ology pathy
gram graph scope tomy plasty algia penia ph th ch sh ck ng nt st nd rd le re ve""".split()
LETTERS = "abcdefghijklmnopqrstuvwxyz"
GREEK, CYRILLIC = "αβγδεζηθικλμνξοπρςστυφχψω", "абвгдежзийклмнопрстуфхцчшщъыьэюя"
HAN, HANGUL = "中文国人医生药病肺心左右痛日月水火山大小上下一二三豈更", "한국의사가각힣"
JAMO = "ᄀᄂᄒ사ᅳᅵᅴᆨᆫ힣"
OTHER = "ßıœæøđłﬁﬂſʼµªº²½ÅΩK´·;`„“”‘’—–…«»€£¥©®™°±×÷→✓😀👍🏽👩\u200d\ufe0f\u0301\u0308\u0307\u0323\u0344\u302e\u302a" \
        "\U0001d15e\U0001d165\U00010428\ue000\U000f0000\u0378ཱིあアｱ、。「」"


def fixture_pieces(cased):
    singles = [chr(c) for c in range(0x21, 0x7F) if cased or not chr(c).isupper()]
    pieces = SPECIALS + singles + ["##" + c for c in LETTERS + "0123456789"]
    pieces += WORDS + (CASED_WORDS if cased else []) + ["##" + e for e in ENDINGS]
    more = GREEK + CYRILLIC + HAN + HANGUL + JAMO + OTHER
    if cased:
        more += LETTERS.upper() + (GREEK + CYRILLIC).replace("ς", "").upper() + "éèêëáàäâóòöôúùüûíìïîñçÉÈÄÖÜŽžČčİ"
    pieces += list(more) + ["##" + c for c in more]
    pieces += ["co", "##vid", "中文", "##文国", "e\u0301", "##e\u0301", "i\u0307", "[", "unused"]
    return list(dict.fromkeys(pieces))


TEXTS = [
    "", " ", "\t\r\n", "a", "The patient was seen in the ward.", "No sign of pneumonia in the left lung.",
    "Aspirin 100mg twice daily, insulin 2x10 ml (new dose!)", "fever,cough;pain...", "x-ray: clear?!", "don't stop",
    "COVID-19 Covid covid", "unknownzzzword the", "the unaffable patients", "qqqq", "a\u0000b", "\u0000", "\u0000 \u0000",
    "pa\u0007tient", "patient\u200b letter", "pa\u00adtient", "\ufeffthe patient", "the\ufeffpatient", "left\u00a0lung",
    "left\u2028lung\u2029right", "left\u3000lung", "left\u1680lung\u2009right\u202f\u205f.", "a\u0085b", "a\x0bb\x0cc",
    "a\x1cb\x1fc", "a\x7fb", "\ufffd", "pati\ufffdent", "\ud7ff\ue000\uf8ff", "the \ue000 ward", "the \U000f0000 ward",
    "the \U0010ffff ward", "\u0378\u0379", "the\u0378", "café naïve Zoë résumé", "cafe\u0301 nai\u0308ve",
    "CAFÉ CAFE\u0301", "Straße STRASSE ẞ", "ﬁne ﬂow ﬀ", "İstanbul ı I i İ", "ΟΔΥΣΣΕΥΣ Οδυσσεύς ς σ Σ", "ΆΈΉ ᾳ ᾼ ῼ",
    "Москва ЁЖИК ёжик й и\u0306", "中文", "中文国人", "the中文patient", "肺炎 no sign", "医生说:左肺痛。", "豈\uf900更\ufa01", "\U00020000\U0002a6d6",
    "\U0002b81f\U0002b820\U0002b91f\U0002b920", "\U0002f800 中\U0002f800", "㐀䶵䷀", "あア ｱ 、。「」", "カ\u3099 ガ",
    "한국 의사", "가 각 힣", "\u1112\u1161\u11ab한", "한\u0301국", "\u1100\u1161\u11a8 \uac00\u11a8", "e\u0301\u0323 e\u0323\u0301",
    "á\u0323\u0334 x", "\u0301", "\u0301a", "a\u0301\u0301\u0301b", "\u0344\u0323", "a\u0344\u0323b", "ཱི\u0f73\u0f71", "a\u302e\u0301b",
    "a\u0301\u302eb", "a\u302a\u0334\u302fb", "é\u302e\u0323x", "\u1fc1\u0323", "\u0390\u0334", "\U0001d15e\U0001d160 \U0001d165\U0001d16d",
    "\U0001d15e\u0334a", "\U0001d160\u302a\U0001d165", "\u212b \u2126 \u212a Å Ω K", "\u037e \u0387 \u1fef \u1ffd", "\u2329a\u232a",
    "😀👍🏽 ok", "👩\u200d⚕\ufe0f the", "✓\ufe0f ✓\ufe0e", "→ ± × ÷ ° € £", "„left“ ‘lung’ — – …", "«a» ¿no? ¡no!",
    "[SEP]", "the [SEP] patient", "the[SEP]patient", "[CLS][SEP][MASK][PAD][UNK]", "[sep] [Sep]", "[ SEP ]", "[[SEP]]", "[SEP",
    "[SE\u0000P]", "[SEP]\u0301a", "e\u0301[MASK]\u0301", "中[SEP]文", "[UNK] zzzz [UNK]", "a[PAD]b[PAD]", "##s ##", "the ##ing",
    "a" * 99, "a" * 100, "a" * 101, "the " + "s" * 150 + " ward", "é" * 100, "é" * 101, "e\u0301" * 60, "한" * 34, "한" * 33,
    "中" * 120, "a" * 100 + "\u0301", "." * 120, "x" * 50 + "\u200b" * 80 + "y" * 50, "x" * 51 + "\u200b" + "y" * 50,
    "ǅ Ǆ ǆ Ⅷ ⓐ Ⓐ", "\U00010400\U00010428 \U0001e900\U0001e922", "\u10a0\u2d00 \u13a0\uab70 Ა", "ꟊ \ua7cb \U00010d50\U00010d70",
    "\u166d \u2e43 \u1b7d ៚ ฿ ॥ ։ ؟ ٪", "ʼn ŉ ǰ ΐ ﬓ", "ª º ² ½ ㎏ ℃ №", "the \t patient \n\n was", "  lead and trail  ",
    "\u202eleft\u202c \u2066lung\u2069", "e\u20dd e\u0488 e\u1abe", "ก็ำ กำ ກໍາ", "कि क\u093c क़ श्री", "שָׁלוֹם שׁ\u05b8", "مُحَمَّد لا ﷺ",
]


def spans_of_words(text):
    """The words of a text as a CoNLL file would have them, and one empty word."""
    spans, at = [], 0
    for word in text.split(" "):
        spans.append((at, at + len(word)))
        at += len(word) + 1
    return spans


def case(tok, text, words=None):
    row = {"hex": text.encode().hex()} if "\0" in text else {"text": text}
    if words is not None:
        row["words"] = [list(w) for w in words]
    row["pieces"] = [list(p) for p in encode(tok, text, words)]
    return row


def write_fixtures():
    HERE.mkdir(parents=True, exist_ok=True)
    names = ["lower_case", "strip_accents", "split_cjk", "clean"]
    for name, cased in (("uncased", False), ("cased", True)):
        pieces = fixture_pieces(cased)
        (HERE / f"{name}.txt").write_bytes(("\n".join(pieces) + "\n").encode())
        rng = random.Random(1)
        generated = [random_text(rng, pieces) for _ in range(60)]
        groups = []
        for options in OPTIONS if not cased else [CASED, (0, 1, 1, 1)]:
            tok = hugging_face(pieces, options)
            full = options in (UNCASED, CASED)
            rows = [case(tok, t) for t in TEXTS + (generated if full else [])]
            if full:
                rows += [case(tok, t, spans_of_words(t)) for t in TEXTS if " " in t]
                rows += [case(tok, t, random_words(rng, t)) for t in generated]
            groups.append({"options": dict(zip(names, map(bool, options))), "cases": rows})
        lines = []
        for g in groups:
            rows = ",\n".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in g["cases"])
            lines.append('{"options":' + json.dumps(g["options"]) + ',"cases":[\n' + rows + "\n]}")
        head = json.dumps({"made_by": "tools/oracle/tokenizer.py", "tokenizers": tokenizers.__version__})[:-1]
        (HERE / f"{name}.json").write_text(head + ',"groups":[\n' + ",\n".join(lines) + "\n]}\n")


# ---- digests over the real vocabularies ----

class Counter:
    """splitmix64; tests/engine/text/test_oracle.c makes the same texts from it."""
    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state + 0x9E3779B97F4A7C15) & (2 ** 64 - 1)
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & (2 ** 64 - 1)
        z = (z ^ z >> 27) * 0x94D049BB133111EB & (2 ** 64 - 1)
        return (z ^ z >> 31) % n


HASH_BLOCKS = [(0x20, 0x7F), (0x00, 0x20), (0x7F, 0x250), (0x300, 0x370), (0x370, 0x600), (0x600, 0xE00), (0xE00, 0x1E00),
               (0x1E00, 0x2000), (0x2000, 0x2C00), (0x2C00, 0x3400), (0x3400, 0xA000), (0xA000, 0xAC00), (0xAC00, 0xD7A4),
               (0xF900, 0x10000), (0x10000, 0x20000), (0x20000, 0x110000)]
HASH_TEXTS = 2000


def hash_text(counter, pieces):
    out = []
    for _ in range(1 + counter.below(40)):
        kind = counter.below(8)
        if kind < 3:
            p = pieces[counter.below(len(pieces))]
            out.append(p[2:] if p.startswith("##") else p)
        elif kind < 6:
            a, b = HASH_BLOCKS[counter.below(len(HASH_BLOCKS))]
            for _ in range(1 + counter.below(4)):
                out.append(chr(a + counter.below(b - a)))
        elif kind == 6:
            out.append(SPECIALS[counter.below(len(SPECIALS))])
        out.append(" " * counter.below(2))
    return "".join(out)


def digest(pieces, options):
    tok, counter, h = hugging_face(pieces, options), Counter(7), hashlib.sha256()
    for _ in range(HASH_TEXTS):
        encoding = encode(tok, hash_text(counter, pieces))
        columns = [[len(encoding)]] + [[p[i] for p in encoding] for i in range(4)]
        for column in columns:
            h.update(struct.pack(f"<{len(column)}i", *column))
    return h.hexdigest()


def write_hashes(args):
    rows = []
    for name, options in REAL:
        path = pathlib.Path(args.data) / "vocabs" / name / "vocab.txt"
        rows.append({"vocab": name, "vocab_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                     "lower_case": bool(options[0]), "sha256": digest(read_pieces(path), options)})
    doc = {"made_by": "tools/oracle/tokenizer.py", "tokenizers": tokenizers.__version__, "texts": HASH_TEXTS, "rows": rows}
    (HERE / "real.json").write_text(json.dumps(doc, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("fixtures")
    verb = verbs.add_parser("hashes")
    verb.add_argument("--data", required=True)
    verb = verbs.add_parser("fuzz")
    verb.add_argument("--dump", required=True)
    verb.add_argument("--data")
    verb.add_argument("--code-points", type=int, default=1_000_000)
    verb.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    {"fixtures": lambda a: write_fixtures(), "hashes": write_hashes, "fuzz": fuzz}[args.verb](args)


if __name__ == "__main__":
    main()
