#!/usr/bin/env python3
"""Writes src/engine/text/unicode_delta.c: where Hugging Face's tokenizers differ from utf8proc.

tokenizers classifies characters by the tables of several Rust crates, each of another Unicode version. This script asks
the installed tokenizers about every code point, asks libutf8proc the same, applies the rules of unicode.c and writes
what differs. It fails when a difference has no place in the table.

    python tools/oracle/unicode_delta.py > src/engine/text/unicode_delta.c
    clang-format -i src/engine/text/unicode_delta.c
"""
import ctypes
import sys
import unicodedata

import tokenizers
from tokenizers import normalizers, pre_tokenizers

DROP, SPACE, PUNCT, MARK = 1, 2, 4, 8
FLAG_NAMES = {0: "0", DROP: "UNICODE_DROP", PUNCT: "UNICODE_PUNCT", MARK: "UNICODE_MARK",
              DROP | SPACE: "UNICODE_DROP | UNICODE_SPACE", SPACE: "UNICODE_SPACE"}
ASCII_PUNCT = set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
WHITE = {9, 10, 11, 12, 13, 0x85}
CJK = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF), (0x2A700, 0x2B81F),
       (0x2B920, 0x2CEAF), (0x2F800, 0x2FA1F)]

utf8proc = ctypes.CDLL("libutf8proc.so.2")
for name in ("utf8proc_version", "utf8proc_unicode_version", "utf8proc_category_string"):
    getattr(utf8proc, name).restype = ctypes.c_char_p


class Property(ctypes.Structure):
    _fields_ = [("category", ctypes.c_int16), ("combining_class", ctypes.c_int16)]


utf8proc.utf8proc_get_property.restype = ctypes.POINTER(Property)


def bert(**on):
    keys = ("clean_text", "handle_chinese_chars", "strip_accents", "lowercase")
    return normalizers.BertNormalizer(**{k: on.get(k, False) for k in keys})


CLEAN, CHINESE, STRIP = bert(clean_text=True), bert(handle_chinese_chars=True), bert(strip_accents=True)
LOWER, NFD, BERT = bert(lowercase=True), normalizers.NFD(), pre_tokenizers.BertPreTokenizer()


def ours_flags(cp, category):
    """The rules of unicode_flags() in unicode.c, without the delta."""
    flags = 0
    if category[0] == "C" and category != "Cn" and cp not in (9, 10, 13) or cp == 0xFFFD:
        flags |= DROP
    if category[0] == "Z" or cp in WHITE:
        flags |= SPACE
    if category[0] == "P" or chr(cp) in ASCII_PUNCT:
        flags |= PUNCT
    if category == "Mn":
        flags |= MARK
    return flags


def their_flags(cp, decomposes):
    c, flags = chr(cp), 0
    cleaned = CLEAN.normalize_str(c)
    if cleaned == "":
        flags |= DROP
    split = [t for t, _ in BERT.pre_tokenize_str("a" + c + "a")]
    if split == ["a", "a"]:
        flags |= SPACE
    elif split == ["a", c, "a"]:
        flags |= PUNCT
    elif split != ["a" + c + "a"]:
        sys.exit(f"U+{cp:04X}: pre-tokenised to {split!r}")
    if (cleaned == " ") != (flags & SPACE != 0 and not flags & DROP):
        sys.exit(f"U+{cp:04X}: cleaned to {cleaned!r}")
    if not decomposes and STRIP.normalize_str(c) == "":
        flags |= MARK
    return flags


def ours_decomposition(cp):
    out, last = (ctypes.c_int32 * 32)(), ctypes.c_int()
    n = utf8proc.utf8proc_decompose_char(cp, out, 32, 1 << 4, ctypes.byref(last))
    return "".join(map(chr, out[:n]))


def ours_lower(cp):
    return "i\u0307" if cp == 0x130 else chr(utf8proc.utf8proc_tolower(cp))


def markers():
    """[(class, an old character of it)], in order of class; tokenizers is seen to order them so."""
    found = {}
    for cp in range(0x300, 0x3100):
        k = unicodedata.ucd_3_2_0.combining(chr(cp))  # Unicode 3.2: older than every table here
        if k and k not in found and NFD.normalize_str(chr(cp)) == chr(cp):
            found[k] = chr(cp)
    classes = sorted(found)
    for low, high in zip(classes, classes[1:]):
        if NFD.normalize_str(found[high] + found[low]) != found[low] + found[high]:
            sys.exit(f"combining classes {low} and {high} are not in order")
    return [(k, found[k]) for k in classes]


def their_class(c, known, guess):
    """The combining class of c, found by how it is ordered among the markers."""
    def fits(k):
        for other, marker in known:
            if marker == c:
                continue
            if (NFD.normalize_str(c + marker) == marker + c) != (k > other):
                return False
            if (NFD.normalize_str(marker + c) == c + marker) != (0 < k < other):
                return False
        return True
    if guess == 0:  # quick: zero is ordered past nothing
        low, high = known[0][1], known[-1][1]
        if NFD.normalize_str(c + low) == c + low and NFD.normalize_str(high + c) == high + c:
            return 0
    for k in [guess, 0] + [k for k, _ in known]:
        if fits(k):
            return k
    sys.exit(f"U+{ord(c):04X}: no combining class fits")


def ranges(pairs):
    """[(cp, value)] to [first, last, value] with equal values of neighbours joined."""
    out = []
    for cp, value in pairs:
        if out and out[-1][1] == cp - 1 and out[-1][2] == value:
            out[-1][1] = cp
        else:
            out.append([cp, cp, value])
    return out


def compare():
    flags, classes, whole, lower, known = [], [], [], [], markers()
    for cp in range(0x110000):
        if 0xD800 <= cp < 0xE000:
            continue
        c = chr(cp)
        decomposed = NFD.normalize_str(c)
        category = utf8proc.utf8proc_category_string(cp).decode()
        theirs = their_flags(cp, decomposed != c)
        ours = ours_flags(cp, category)
        if decomposed != c:
            theirs |= ours & MARK  # never asked: only its parts are
        if theirs != ours:
            flags.append((cp, theirs))
        if decomposed != ours_decomposition(cp):
            if decomposed != c:
                sys.exit(f"U+{cp:04X}: decomposes to {decomposed!r}")
            whole.append((cp, 0))
        if decomposed == c:
            guess = utf8proc.utf8proc_get_property(cp).contents.combining_class
            k = their_class(c, known, guess)
            if k != guess:
                classes.append((cp, k))
        low = LOWER.normalize_str(c)
        if low != ours_lower(cp):
            if len(low) != 1:
                sys.exit(f"U+{cp:04X}: lower case is {low!r}")
            lower.append((cp, ord(low) - cp))
        chinese = any(a <= cp <= b for a, b in CJK)
        if CHINESE.normalize_str(c) != (f" {c} " if chinese else c):
            sys.exit(f"U+{cp:04X}: Chinese or not?")
    return ranges(flags), ranges(classes), ranges(whole), ranges(lower)


def table(kind, name, rows, value):
    print(f"const struct unicode_{kind} {name}[] = {{")
    for a, b, v in rows:
        print(f"    {{0x{a:04X}, 0x{b:04X}, {value(v)}}},")
    print(f"}};\nconst size_t {name}_count = sizeof {name} / sizeof {name}[0];\n")


def main():
    flags, classes, whole, lower = compare()
    version = utf8proc.utf8proc_unicode_version().decode()
    print(f"""/* engine/text/unicode_delta.c - generated by tools/oracle/unicode_delta.py; do not edit.
 *
 * Where tokenizers {tokenizers.__version__} differs from utf8proc {utf8proc.utf8proc_version().decode()} \
(Unicode {version}) and the rules of unicode.c,
 * over all code points. Ranges are inclusive and in order.
 */
#include "engine/text/unicode_internal.h"

const char *const unicode_delta_utf8proc = "{version}";
const char *const unicode_delta_tokenizers = "{tokenizers.__version__}";
""")
    table("flags_delta", "unicode_flags_delta", flags, lambda v: FLAG_NAMES[v])
    table("value_delta", "unicode_class_delta", classes, str)
    print("/* Do not decompose, though utf8proc says so. */")
    table("value_delta", "unicode_whole_delta", whole, str)
    print("/* What to add for lower case. */")
    table("value_delta", "unicode_lower_delta", lower, str)


if __name__ == "__main__":
    main()
