#!/usr/bin/env python3
"""What cairn answers, transformers answers from the directory that cairn exported: entities exactly, scores within 1e-4.

    cairn model export @champion DIR
    cairn predict --file TEXTS --jsonl --strategy S > ANSWERS
    python tools/oracle/exported.py DIR ANSWERS S

Prints one line; exits 1 when any entity differs.
"""
import json
import sys

from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

TOLERANCE = 1e-4  # both sides compute softmax of fp32 logits, in another order


def main():
    folder, answers, strategy = sys.argv[1:4]
    tagger = pipeline("token-classification", model=AutoModelForTokenClassification.from_pretrained(folder),
                      tokenizer=AutoTokenizer.from_pretrained(folder), aggregation_strategy=strategy)
    texts = entities = different = 0
    worst = 0.0
    for line in open(answers, encoding="utf8"):
        ours = json.loads(line)
        theirs = tagger(ours["text"])
        key = lambda e: (e.get("entity_group") or e["entity"], e["word"], e["start"], e["end"])
        texts += 1
        entities += len(theirs)
        different += [key(e) for e in ours["entities"]] != [key(e) for e in theirs]
        for a, b in zip(ours["entities"], theirs):
            worst = max(worst, abs(a["score"] - float(b["score"])))
    print(f"{strategy}: {texts} texts, {entities} entities, {different} texts differ, scores differ by at most {worst:.1e}")
    sys.exit(different > 0 or worst > TOLERANCE)


if __name__ == "__main__":
    main()
