#!/usr/bin/env python3
"""make_case.py FOLDER - a use case that a tiny model learns in a second.

Writes FOLDER/cairn.yaml, FOLDER/data/{train,dev,test,stream}.jsonl and FOLDER/vocab.txt. Sentences
are carrier words with names from two closed lists, DRUG and ORGAN. The stream has names that
training never saw, so that feedback has something to teach. Random but seeded: the same bytes on
every machine.
"""
import json
import random
import sys
from pathlib import Path

ONSET = ["ba", "de", "fi", "go", "lu", "ma", "ne", "po", "ri", "su", "ta", "ve"]
CARRIERS = ("the patient was given {d} for the {o} today | {d} helps when the {o} hurts | "
            "we saw the {o} and stopped {d} | no change of the {o} under {d} | start {d} now | "
            "the {o} looks fine | {d} and {d} were tried | pain in the {o} and the {o} | "
            "nothing to report today | she feels well and goes home").split(" | ")


def names(ending, first, count):
    """Two syllables and an ending: as many different names as asked for."""
    every = [a + b + ending for a in ONSET for b in ONSET if a != b]
    random.Random(5).shuffle(every)
    return every[first:first + count]


def sentence(rng, drugs, organs):
    text, spans, length = "", [], 0
    for word in rng.choice(CARRIERS).split():
        label = {"{d}": "DRUG", "{o}": "ORGAN"}.get(word)
        if label:
            word = rng.choice(drugs if label == "DRUG" else organs)
            spans.append({"start": length, "end": length + len(word), "label": label})
        text += word + " "
        length = len(text)
    return text.strip(), spans


def examples(part, count, groups, drugs, organs, seen):
    rng = random.Random(part)
    while count:
        text, spans = sentence(rng, drugs, organs)
        text += f" case {len(seen)}"
        seen.add(text)
        count -= 1
        yield {"id": f"{part}-{count}", "patient": f"{part}-{count % groups}", "text": text, "spans": spans}


CONFIG = """name: tiny
task: token-classification
goal: Readers find drugs and organs at a glance
owner: Jane
model: base
data: {train: data/train.jsonl, dev: data/dev.jsonl, test: data/test.jsonl, group_by: patient}
train: {epochs: 4, batch_size: 8, learning_rate: 1.0e-2, weight_decay: 0.01, warmup: 0.1, max_tokens: 32, seed: 1}
value: {currency: EUR, items_per_month: 1000, manual_minutes_per_item: 2, review_minutes_per_item: 1, hourly_wage: 30, cost_per_error: 1, run_cost_per_month: 10, one_off_cost: 100}
feedback: {capture: on}
stages:
  poc:
    deadline: 2099-01-01
    criteria:
      - {metric: entity_f1, at_least: 0.80}
    stop_if:
      - {metric: entity_f1, below: 0.30}
  mvp:
    criteria:
      - {metric: acceptance_rate, at_least: 0.10, over: 10}
  production:
    criteria:
      - {metric: entity_f1, not_worse_than: champion, margin: 0.05}
"""


def main():
    folder = Path(sys.argv[1])
    (folder / "data").mkdir(parents=True)
    drugs, organs = names("mol", 0, 60), names("on", 0, 60)
    seen = set()
    parts = {"train": (400, drugs[:20], organs[:20]), "dev": (60, drugs[:20], organs[:20]),
             "test": (120, drugs[:20], organs[:20]), "stream": (240, drugs[20:30], organs[20:30])}
    for part, (count, some_drugs, some_organs) in parts.items():
        with open(folder / "data" / f"{part}.jsonl", "w", encoding="utf-8") as out:
            for e in examples(part, count, 30, some_drugs, some_organs, seen):
                out.write(json.dumps(e) + "\n")
    carrier = sorted(set(" ".join(CARRIERS).split()) - {"{d}", "{o}"}) + ["case"]
    digits = [str(i) for i in range(10)] + [f"##{i}" for i in range(10)]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + digits + carrier + drugs + organs
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    (folder / "cairn.yaml").write_text(CONFIG, encoding="utf-8")


main()
