#!/usr/bin/env python3
"""score.py MODEL_DIR --data CONLL FIRST.jsonl [MORE.jsonl...] - entity F1 of answers, and how many labels equal the first's.

An answers file has one sentence a line: the label id of every token, with [CLS] and [SEP]. One JSON line:
{"sentences", "answers": [{"file", "f1", "equal"}]}.
"""
import argparse
import json
import os

from seqeval.metrics import f1_score

import conll


def tags_of(labels, word_of, words, names):
    """The label of each word's first piece; words that were cut off are O."""
    out, before = ["O"] * words, None
    for label, w in zip(labels, word_of):
        if w is not None and w != before:
            out[w] = names[label]
        before = w
    return out


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model_dir")
    p.add_argument("files", nargs="+")
    p.add_argument("--data", required=True)
    a = p.parse_args()
    with open(os.path.join(a.model_dir, "config.json"), encoding="utf8") as f:
        names = {int(k): v for k, v in json.load(f)["id2label"].items()}
    answers = []
    for path in a.files:
        with open(path, encoding="utf8") as f:
            answers.append([json.loads(line) for line in f])
    tok, count = conll.tokenizer(a.model_dir), len(answers[0])
    sentences = conll.read(a.data)[:count]
    word_of = [conll.encode(tok, words)[1] for words, _ in sentences]
    out = []
    for path, answer in zip(a.files, answers):
        if [len(x) for x in answer] != [len(w) for w in word_of]:
            raise SystemExit(f"{path}: not the tokens of {a.data}")
        found = [tags_of(x, w, len(tags), names) for x, w, (_, tags) in zip(answer, word_of, sentences)]
        same = sum(x == y for one, first in zip(answer, answers[0]) for x, y in zip(one, first))
        out.append({"file": os.path.basename(path), "f1": round(f1_score([tags for _, tags in sentences], found), 4),
                    "equal": round(same / sum(map(len, answer)), 5)})
    print(json.dumps({"sentences": count, "answers": out}))


if __name__ == "__main__":
    main()
