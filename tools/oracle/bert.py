#!/usr/bin/env python3
"""Writes what PyTorch and transformers compute for small batches: logits, loss, all gradients, ten AdamW losses.

    python tools/oracle/bert.py --out tests/oracle/bert                        # the fixtures in the tree
    python tools/oracle/bert.py --out CACHE/bert --model MINILM_DIR            # adds OUT/minilm, 180 MB

Each case is a folder:
    model/                  what save_pretrained wrote: the model with its head
    expected.safetensors    logits [T, N], and grad.NAME for every parameter
    case.json               versions, hashes of the inputs, the batch, loss, recipe and losses of training

For MiniLM the head is a fixed pattern, so that model.safetensors is the same file on every machine; copy its case.json to
tests/oracle/bert/minilm.json when you mean to change it: the test checks hashes and losses against that.

The tests are tests/engine/model/test_encoder_oracle.c and tests/engine/train/test_train_oracle.c. The numbers come from
padded batches with an attention mask, in fp32, dropout off: the ordinary way, nothing of cairn's.
"""
import argparse
import hashlib
import json
import platform
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
import transformers
from transformers import (BertConfig, BertForTokenClassification, BertTokenizerFast,
                          get_linear_schedule_with_warmup)

LABELS = ["O", "B-DRUG", "I-DRUG", "B-TEST", "I-TEST"]
STEPS = 10
RECIPE = {"warmup": 0.2, "max_grad_norm": 1.0,
          "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = """the a no of in and patient left right lung pain drug dose test blood fever acute mild given was is has with for
##s ##ed ##ing ##itis ##emia ##ol aspirin heparin scan xray . , - ( ) : 0 1 2 5 mg""".split()


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tiny_tokenizer():
    return BertTokenizerFast(vocab={piece: i for i, piece in enumerate(SPECIAL + WORDS)}, do_lower_case=True)


def tiny_model(vocab):
    """Sizes that are no multiples of anything; weights far larger than in practice, so that a wrong term shows."""
    config = BertConfig(vocab_size=vocab, hidden_size=24, num_hidden_layers=2, num_attention_heads=3,
                        intermediate_size=40, max_position_embeddings=32, type_vocab_size=2,
                        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, classifier_dropout=0.0,
                        id2label=dict(enumerate(LABELS)), label2id={name: i for i, name in enumerate(LABELS)})
    torch.manual_seed(20261123)
    model = BertForTokenClassification(config)
    with torch.no_grad():
        for name, p in model.named_parameters():
            mean = 1.0 if name.endswith("LayerNorm.weight") else 0.0
            p.copy_(torch.randn(p.shape) * 0.25 + mean)
    return model


def minilm_model(source):
    config = BertConfig.from_pretrained(source)
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = config.classifier_dropout = 0.0
    config.id2label = dict(enumerate(LABELS))
    config.label2id = {name: i for i, name in enumerate(LABELS)}
    model = BertForTokenClassification.from_pretrained(source, config=config, dtype=torch.float32)
    with torch.no_grad():
        n, h = model.classifier.weight.shape
        pattern = (np.arange(n * h) * 2654435761 % 1000003 / 1000003 - 0.5) * 0.1
        model.classifier.weight.copy_(torch.from_numpy(pattern.reshape(n, h).astype(np.float32)))
        model.classifier.bias.zero_()
    return model


def make_batch(tokenizer, lengths, seed):
    rng = np.random.default_rng(seed)
    ids = [rng.integers(5, tokenizer.vocab_size, n).tolist() for n in lengths]
    for row in ids:
        row[0], row[-1] = tokenizer.cls_token_id, tokenizer.sep_token_id
    targets = []
    for n in lengths:  # as first sub-words are: special tokens and some pieces are ignored
        row = np.where(rng.random(n) < 0.3, -1, rng.integers(0, len(LABELS), n))
        row[0] = row[-1] = -1
        targets.append(row.tolist())
    targets[0][1] = 1
    return ids, targets


def padded(ids, targets):
    longest = max(map(len, ids))
    x = torch.zeros(len(ids), longest, dtype=torch.long)
    mask = torch.zeros_like(x)
    y = torch.full((len(ids), longest), -100)
    for i, row in enumerate(ids):
        x[i, :len(row)] = torch.tensor(row)
        mask[i, :len(row)] = 1
        y[i, :len(row)] = torch.tensor([t if t >= 0 else -100 for t in targets[i]])
    return {"input_ids": x, "attention_mask": mask, "labels": y}


def train_losses(model, batch, rate, decay):
    """Ten steps on the one batch; the loss before each update, as Trainer does it."""
    decayed = [p for n, p in model.named_parameters() if "bias" not in n and "LayerNorm" not in n]
    plain = [p for n, p in model.named_parameters() if "bias" in n or "LayerNorm" in n]
    groups = [{"params": decayed, "weight_decay": decay}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=rate, betas=(RECIPE["beta1"], RECIPE["beta2"]),
                                  eps=RECIPE["eps"])
    schedule = get_linear_schedule_with_warmup(optimizer, int(RECIPE["warmup"] * STEPS), STEPS)
    losses, norms = [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), RECIPE["max_grad_norm"])
        norms.append(float(norm))
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    return losses, norms


def write_json(path, fields):
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in fields.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def write_case(folder, model, tokenizer, lengths, seed, rate, decay):
    folder.mkdir(parents=True, exist_ok=True)
    model.eval()
    model.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    ids, targets = make_batch(tokenizer, lengths, seed)
    batch = padded(ids, targets)
    result = model(**batch)
    result.loss.backward()
    rows = [result.logits[i, :n] for i, n in enumerate(lengths)]
    expected = {"logits": torch.cat(rows).detach().clone()}
    for name, p in model.named_parameters():
        expected["grad." + name] = p.grad.detach().clone()
    safetensors.torch.save_file(expected, folder / "expected.safetensors")
    losses, norms = train_losses(model, batch, rate, decay)
    case = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__,
                         "safetensors": safetensors.__version__, "numpy": np.__version__,
                         "python": platform.python_version()},
            "weights_sha256": sha256(folder / "model" / "model.safetensors"),
            "batch_sha256": hashlib.sha256(json.dumps([ids, targets]).encode()).hexdigest(),
            "ids": ids, "targets": targets,
            "loss": float(result.loss.detach()), "recipe": dict(RECIPE, learning_rate=rate, weight_decay=decay, epochs=STEPS, batch_size=len(ids)),
            "train_losses": losses, "gradient_norms": norms}
    write_json(folder / "case.json", case)
    for path in folder.rglob("*.safetensors"):
        path.chmod(0o644)
    return case


def report(name, case):
    print(f"{name}: loss {case['loss']:.6f}, after {STEPS} steps {case['train_losses'][-1]:.6f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", type=Path, help="a MiniLM directory: adds the case OUT/minilm")
    args = parser.parse_args()
    torch.use_deterministic_algorithms(True)
    folder = args.out / "tiny"
    tokenizer = tiny_tokenizer()
    model = tiny_model(tokenizer.vocab_size)
    report("tiny", write_case(folder, model, tokenizer, [7, 3, 20, 5, 32, 13], 5, 3e-3, 1.0))
    if args.model:
        tokenizer = BertTokenizerFast.from_pretrained(args.model)
        report("minilm", write_case(args.out / "minilm", minilm_model(args.model), tokenizer,
                                    [24, 9, 61, 128, 5, 33, 17, 40], 6, 1e-4, 0.01))


if __name__ == "__main__":
    main()
