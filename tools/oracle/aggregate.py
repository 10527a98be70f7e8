#!/usr/bin/env python3
"""Fixtures for proof/task/aggregate: what transformers' TokenClassificationPipeline says.

A tiny random BERT with a vocabulary of our own tags texts made to be awkward; its logits are rounded to two decimals
before the pipeline sees them, so that the fixture is small and exact. Written are the vocabulary, the logits of every
window and the pipeline's answer for each strategy, ignore_labels and stride.

    python tools/oracle/aggregate.py > tests/proof/task/aggregate.json
    python tools/oracle/aggregate.py --model MINILM_DIR > tests/live/serving/minilm.json

With --model the answers come from that encoder with a head whose weights are a formula (head_weights below and in
tests/live/serving/test_minilm.c), so that the fixture holds answers only.
"""
import argparse
import json
import os
import tempfile

import numpy
import tokenizers
import torch
import transformers
from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast, pipeline

LABELS = ["O", "B-DRUG", "I-DRUG", "B-TEST", "I-TEST", "GENE-X", "I-SITE"]
STRATEGIES = ["none", "simple", "first", "average", "max"]
WORDS = """the of no not do don didn isn sign signs pneu lung left right dose daily mg was is patient s t ve re m
asp para cet ibu ct scan x ray chest heart fever in and with mother 肺 炎 左 [MASK]""".split()
PIECES = "irin amol profen monia s ing ed itis logy ache".split()
TEXTS = [
    "", " ", "fever", "Fever.", "No sign of pneumonia in the left lung.",
    "Aspirin, paracetamol and ibuprofen: 100 mg daily!", "the patient's chest x-ray (left) was not signed ?",
    "don't do not isn't didn 't we 've they 're I 'm", "CT-scan ,,, . . ! ?", "aspirin aspirinaspirin irin ##irin",
    "[SEP] fever [MASK] [UNK] [CLS] lung", "wholly unknownzq Žž words жизнь here", "café cafe\u0301 naïve FIÈVRE",
    "cafe\u0301 lung e\u0301 e\u0301e\u0301", "肺炎 左lung右炎", "fever\u200b fever\u00a0lung\u3000lung", "😀 fever 👩\u200d⚕️ aspirin",
    "x" * 101 + " fever " + "a" * 40, "dose: 1,000.50 mg/day; (chest)", "\tfever\n\nlung\r\n", "s s' 's t' t n't",
    "İstanbul ﬁ ﬀ ß Straße ǅ", "mother-in-law's heart-ache", "\" ' ` \u2019 \u201cfever\u201d patient\u2019s",
]
LONG = [
    "No sign of pneumonia in the left lung. Aspirin 100 mg daily and paracetamol with fever.",
    "patient's " * 9 + "chest", "aspirin" * 12, "fever lung " + "z" * 99 + " heart ache 肺炎左肺炎左肺炎左",
    " ".join(["ibuprofen", "x-ray", "cafe\u0301"] * 8),
]


def vocabulary():
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    punctuation = list(".,!?'-():;/[]#\"")
    rows = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + WORDS + punctuation + list(letters)
    rows += ["##" + p for p in PIECES + [c for c in letters if c != "z"]]
    return list(dict.fromkeys(r for r in rows))


def tiny_model(folder, positions):
    rows = vocabulary()
    path = os.path.join(folder, "vocab.txt")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(rows) + "\n")
    torch.manual_seed(5)
    config = BertConfig(vocab_size=len(rows), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                        intermediate_size=32, max_position_embeddings=positions, initializer_range=0.9,
                        id2label=dict(enumerate(LABELS)), label2id={l: i for i, l in enumerate(LABELS)})
    tokenizer = BertTokenizerFast(vocab=path, do_lower_case=True, model_max_length=positions)
    return rows, BertForTokenClassification(config).eval(), tokenizer


def head_weights(hidden):
    """[labels, hidden]: a multiplicative hash of the place, exact in fp32."""
    place = numpy.arange(len(LABELS) * hidden, dtype=numpy.uint64)
    h = ((place + 1) * 2654435761) % (1 << 32)
    return ((h >> 16).astype(numpy.float32) / 65536 - 0.5).reshape(len(LABELS), hidden)


def given_model(folder):
    torch.manual_seed(0)
    model = BertForTokenClassification.from_pretrained(
        folder, num_labels=len(LABELS), id2label=dict(enumerate(LABELS)), ignore_mismatched_sizes=True).eval()
    with torch.no_grad():
        model.classifier.weight.copy_(torch.from_numpy(head_weights(model.config.hidden_size)))
        model.classifier.bias.zero_()
    tokenizer = BertTokenizerFast.from_pretrained(folder, model_max_length=model.config.max_position_embeddings)
    return model, tokenizer


class Recorder:
    """Rounds the logits that the pipeline gets, and keeps them."""

    def __init__(self, model):
        self.windows = []
        forward = model.forward

        def rounded(*args, **kwargs):
            out = forward(*args, **kwargs)
            out.logits = torch.round(out.logits * 100) / 100
            self.windows.append(out.logits[0, :int(kwargs["attention_mask"].sum())])  # the last one is padded
            return out
        model.forward = rounded


def plain(entities):
    return [{k: round(float(v), 7) if k == "score" else v for k, v in e.items()} for e in entities]


def cases(run, texts, strides):
    rows = []
    for text in texts:
        for stride in strides:
            for strategy in STRATEGIES:
                if stride is not None and strategy == "none":
                    continue
                ignored = [None]
                if stride is None and strategy in ("none", "average"):
                    ignored += [[], ["DRUG", "B-TEST"]]
                for ignore in ignored:
                    rows.append((text, stride, strategy, ignore, run(text, stride, strategy, ignore)))
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model")
    args = parser.parse_args()
    versions = {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__,
                "torch": torch.__version__.split("+")[0]}
    doc = {"versions": versions, "labels": LABELS}
    with tempfile.TemporaryDirectory() as folder:
        if args.model:
            model, tokenizer = given_model(args.model)
        else:
            positions = 40
            doc["vocabulary"], model, tokenizer = tiny_model(folder, positions)
            doc["positions"] = positions
            recorder = Recorder(model)
        tagger = pipeline("token-classification", model=model, tokenizer=tokenizer)

        def run(text, stride, strategy, ignore):
            keys = {"aggregation_strategy": strategy, "ignore_labels": ["O"] if ignore is None else ignore}
            if stride is not None:
                keys["stride"] = stride
            return plain(tagger(text, **keys))

        rows = []
        if args.model:
            long = " ".join(TEXTS[4:12]) * 12
            for row in cases(run, TEXTS[4:16], [None]) + cases(run, [long], [128]):
                if row[3] is not None:
                    continue
                rows.append(dict(zip(("text", "stride", "strategy", "ignore", "entities"), row)))
        else:
            fits = [t for t in TEXTS if len(tokenizer(t)["input_ids"]) <= positions]
            for text, stride in [(t, None) for t in fits] + [(t, s) for t in LONG + fits[:6] for s in (0, 8, 37)]:
                recorder.windows.clear()
                run(text, stride, "simple", None)
                ids = tokenizer(text, add_special_tokens=False)["input_ids"]
                windows = [[round(float(v), 2) for v in w[1:-1].flatten()] for w in recorder.windows]
                answers = [{"strategy": r[2], "ignore": r[3], "entities": r[4]} for r in cases(run, [text], [stride])]
                rows.append({"text": text, "stride": stride, "ids": ids, "windows": windows, "answers": answers})
    head = json.dumps(doc, ensure_ascii=False)[:-1]
    print(head + ', "cases": [\n' + ",\n".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in rows) + "\n]}")


main()
