#!/usr/bin/env python3
"""prepare.py MODEL_DIR OUT [--data CONLL] - a Hugging Face token classifier in every form that the peers run.

OUT/fp32.onnx       ONNX with the BERT fusions of ONNX Runtime
OUT/int8.onnx       the same, dynamic int8 with scales by channel
OUT/fp32.xml        OpenVINO
OUT/int8.xml        OpenVINO, quantised by NNCF on 320 sentences of --data
OUT/prepared.json   versions, and which fusions were found
prepare.py --random-base OUT --vocab FILE  writes a Hugging Face directory with BERT-base's sizes and random weights.
"""
import argparse
import json
import os
import shutil

import torch
from transformers import BertConfig, BertForTokenClassification

import conll

LABELS = ["O", "B-LOC", "I-LOC", "B-MISC", "I-MISC", "B-ORG", "I-ORG", "B-PER", "I-PER"]


class Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).logits


def random_base(out, vocab):
    torch.manual_seed(0)
    with open(vocab, encoding="utf8") as f:
        count = sum(1 for _ in f)
    model = BertForTokenClassification(BertConfig(vocab_size=count, num_labels=len(LABELS), id2label=dict(enumerate(LABELS)),
                                                  label2id={name: i for i, name in enumerate(LABELS)}))
    model.save_pretrained(out)
    shutil.copy(vocab, os.path.join(out, "vocab.txt"))
    with open(os.path.join(out, "tokenizer_config.json"), "w", encoding="utf8") as f:
        json.dump({"do_lower_case": True, "tokenizer_class": "BertTokenizer"}, f)


def onnx_forms(model, wrap, one, out):
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.transformers.optimizer import optimize_model
    from torch.export import Dim
    dims = {0: Dim("batch"), 1: Dim("length")}
    plain, best = os.path.join(out, "plain.onnx"), os.path.join(out, "fp32.onnx")
    torch.onnx.export(wrap, one, plain, input_names=["input_ids", "attention_mask"], output_names=["logits"],
                      dynamic_shapes=(dims, dims))
    config = model.config
    fused = optimize_model(plain, model_type="bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size,
                           opt_level=1)
    fused.save_model_to_file(best)
    quantize_dynamic(best, os.path.join(out, "int8.onnx"), per_channel=True, weight_type=QuantType.QInt8)
    return fused.get_fused_operator_statistics()


def openvino_forms(model_dir, wrap, one, data, out):
    import nncf
    import openvino
    with torch.no_grad():
        graph = openvino.convert_model(wrap, example_input=one)
    openvino.save_model(graph, os.path.join(out, "fp32.xml"), compress_to_fp16=False)
    tok = conll.tokenizer(model_dir)
    rows = [conll.encode(tok, words)[0] for words, _ in conll.read(data)[:320]]
    calibration = nncf.Dataset([conll.pad(rows[i:i + 8]) for i in range(0, len(rows), 8)])
    small = nncf.quantize(graph, calibration, model_type=nncf.ModelType.TRANSFORMER)
    openvino.save_model(small, os.path.join(out, "int8.xml"), compress_to_fp16=False)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model_dir", nargs="?")
    p.add_argument("out")
    p.add_argument("--data")
    p.add_argument("--vocab")
    p.add_argument("--random-base", action="store_true")
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    if a.random_base:
        random_base(a.out, a.vocab)
        return
    model = BertForTokenClassification.from_pretrained(a.model_dir).eval()
    wrap = Logits(model).eval()
    ids = torch.ones(2, 16, dtype=torch.long)
    fusions = onnx_forms(model, wrap, (ids, ids.clone()), a.out)
    openvino_forms(a.model_dir, wrap, (ids, ids.clone()), a.data, a.out)
    with open(os.path.join(a.out, "prepared.json"), "w", encoding="utf8") as f:
        json.dump({"fusions": {k: int(v) for k, v in fusions.items()}}, f)


if __name__ == "__main__":
    main()
