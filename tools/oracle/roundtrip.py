#!/usr/bin/env python3
"""Models to and fro: cairn loads what transformers saved, transformers loads what cairn saved, and both agree.

    python tools/oracle/roundtrip.py --program build/tests/engine/model/oracle-model [--model MINILM_DIR]

For a token model in fp32, fp16 and bf16, a plain encoder without a head, a sequence model, and MiniLM with a head when
its directory is given: logits within 1e-4, no missing or unexpected tensor, the same labels, the same weights bit for bit,
the same tokens from the tokenizer. Prints a line a case, exits 1 when one differs.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from transformers import (AutoTokenizer, BertConfig, BertForSequenceClassification, BertForTokenClassification,
                          BertModel, BertTokenizerFast)

TOLERANCE = 1e-4  # absolute, on logits: both sides compute in fp32, in another order
TEXT = "The Patient, given 5 mg aspirin: no fever in the left lung."
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = "the a no in patient given left lung fever aspirin mg . , : ##s 5".split()
LABELS = {0: "O", 1: "B-DRUG", 2: "I-DRUG", 3: "B-KRANKHEIT-Ä", 4: "I-KRANKHEIT-Ä"}


class Different(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Different(what)


def run(program, *args, stdin=None):
    done = subprocess.run([program, *map(str, args)], input=stdin, capture_output=True, text=True, timeout=300)
    need(done.returncode == 0, f"{' '.join(map(str, args))}: {done.stderr.strip()}")
    return done.stdout


def tiny(kind, **fields):
    config = BertConfig(vocab_size=len(SPECIAL + WORDS), hidden_size=24, num_hidden_layers=2, num_attention_heads=3,
                        intermediate_size=40, max_position_embeddings=32, **fields)
    torch.manual_seed(3)
    model = kind(config).eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.add_(torch.randn(p.shape) * 0.2)
    return model


def torch_logits(model, rows):
    with torch.no_grad():
        return torch.cat([model(input_ids=torch.tensor([row])).logits[0].float() for row in rows])


def compare_logits(program, folder, model, rows):
    answer = json.loads(run(program, "logits", folder, stdin=json.dumps({"ids": rows})))
    need(answer["labels"] == [model.config.id2label[i] for i in range(model.config.num_labels)], "other labels")
    off = float((torch.tensor(answer["logits"]) - torch_logits(model, rows)).abs().max())
    need(off <= TOLERANCE, f"logits differ by {off:g}")
    return off


def batch(vocab):
    generator = torch.Generator().manual_seed(9)
    lengths = [12, 3, 31, 1, 20]
    return [torch.randint(0, vocab, (n,), generator=generator).tolist() for n in lengths]


def load_back(kind, folder, model):
    """transformers opens what cairn wrote, and finds the same model in it."""
    again, info = kind.from_pretrained(folder, output_loading_info=True)
    need(not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), f"loading: {info}")
    need(again.dtype == torch.float32, f"type {again.dtype}")
    for name, p in model.named_parameters():
        need(torch.equal(again.get_parameter(name), p.float()), f"{name} changed")
    for key in ("id2label", "label2id", "problem_type", "hidden_dropout_prob", "layer_norm_eps", "classifier_dropout"):
        want, got = getattr(model.config, key), getattr(again.config, key)
        if key == "classifier_dropout":
            want = model.config.hidden_dropout_prob if want is None else want
        if kind is not BertModel or key not in ("id2label", "label2id", "classifier_dropout"):
            need(want == got, f"config {key}: {want} became {got}")
    return again.eval()


def compare_tokenizer(tokenizer, folder):
    again = AutoTokenizer.from_pretrained(folder)
    need(again(TEXT)["input_ids"] == tokenizer(TEXT)["input_ids"], "the tokenizer changed")
    need(again.cls_token == tokenizer.cls_token and again.pad_token_id == tokenizer.pad_token_id, "special tokens")


def check(program, work, name, model, tokenizer, dtype=torch.float32):
    kind, saved, out = type(model), work / name / "saved", work / name / "cairn"
    model = model.to(dtype)
    model.save_pretrained(saved)
    tokenizer.save_pretrained(saved)
    model = model.float()  # the values that the file holds
    rows, off = batch(model.config.vocab_size), 0.0
    if kind is BertForTokenClassification:
        off = compare_logits(program, saved, model, rows)
    run(program, "resave", saved, out)
    again = load_back(kind, out, model)
    compare_tokenizer(tokenizer, out)
    if kind is BertForTokenClassification:
        off = max(off, compare_logits(program, out, again, rows))
    return off


def cases(model_dir):
    tokenizer = BertTokenizerFast(vocab={piece: i for i, piece in enumerate(SPECIAL + WORDS)}, do_lower_case=True)
    labels = {"id2label": LABELS, "label2id": {v: k for k, v in LABELS.items()}}
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        yield f"token-{str(dtype)[6:]}", tiny(BertForTokenClassification, **labels), tokenizer, dtype
    yield "token-dropout", tiny(BertForTokenClassification, classifier_dropout=0.3, **labels), tokenizer, torch.float32
    yield "encoder", tiny(BertModel), tokenizer, torch.float32
    yield ("sequence", tiny(BertForSequenceClassification, problem_type="single_label_classification", **labels),
           tokenizer, torch.float32)
    yield ("regression", tiny(BertForSequenceClassification, num_labels=1, problem_type="regression"), tokenizer,
           torch.float32)
    if model_dir:
        torch.manual_seed(4)
        model = BertForTokenClassification.from_pretrained(model_dir, **labels).eval()
        yield "minilm", model, AutoTokenizer.from_pretrained(model_dir), torch.float32


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="build/tests/engine/model/oracle-model")
    parser.add_argument("--model", type=Path, help="a MiniLM directory: one more case")
    args = parser.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory() as work:
        for name, model, tokenizer, dtype in cases(args.model):
            try:
                off = check(args.program, Path(work), name, model, tokenizer, dtype)
                print(f"ok     {name}: logits differ by at most {off:.2g}")
            except Different as why:
                bad += 1
                print(f"not ok {name}: {why}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
