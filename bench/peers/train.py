#!/usr/bin/env python3
"""train.py MODEL_DIR --data CONLL - PyTorch fine-tunes a token classifier; one JSON line with its speed.

--mode group  batches of similar length, the best practice: pools of 50 batches, sorted, batches shuffled
--mode pad    the loop of most tutorials: every sentence padded to 128 tokens
--mode plain  batches in random order, padded to the longest of each
--amp         bf16 autocast
AdamW (fused), no decay on biases and LayerNorm, clipping at norm 1, 16 sentences a step, at most 128 tokens each; the rate
falls linearly from 1e-4 over 1,000 epochs. The first two steps are not counted. {"s_per_step", "tokens_per_s": real tokens,
"losses": of the first 20 steps, "peak_rss_bytes"}.
"""
import argparse
import json
import os
import random
import resource
import time

import torch
from transformers import BertForTokenClassification, get_linear_schedule_with_warmup

import conll

BATCH, EPOCHS, WARM_STEPS, RATE = 16, 1000, 2, 1e-4


def encode(model, path, model_dir):
    """[(ids, targets)]: a tag stands on the first piece of its word, -100 elsewhere."""
    tok, label_ids, rows = conll.tokenizer(model_dir), model.config.label2id, []
    for words, tags in conll.read(path):
        ids, word_of = conll.encode(tok, words)
        targets, before = [], None
        for w in word_of:
            targets.append(-100 if w is None or w == before else label_ids[tags[w]])
            before = w
        rows.append((ids, targets))
    return rows


def batches(rows, mode):
    order = random.sample(range(len(rows)), len(rows))
    if mode != "group":
        return [order[i:i + BATCH] for i in range(0, len(order), BATCH)]
    pool = 50 * BATCH
    pools = [sorted(order[i:i + pool], key=lambda j: len(rows[j][0])) for i in range(0, len(order), pool)]
    out = [p[i:i + BATCH] for p in pools for i in range(0, len(p), BATCH)]
    random.shuffle(out)
    return out


def tensors(rows, mode):
    width = conll.TOKENS_MAX if mode == "pad" else max(len(ids) for ids, _ in rows)
    x = torch.zeros(len(rows), width, dtype=torch.long)
    mask, y = torch.zeros_like(x), torch.full_like(x, -100)
    for i, (ids, targets) in enumerate(rows):
        x[i, :len(ids)], mask[i, :len(ids)], y[i, :len(ids)] = torch.tensor(ids), 1, torch.tensor(targets)
    return x, mask, y


def optimiser(model, steps):
    plain = [p for name, p in model.named_parameters() if "bias" in name or "LayerNorm" in name]
    decay = [p for name, p in model.named_parameters() if "bias" not in name and "LayerNorm" not in name]
    adamw = torch.optim.AdamW([{"params": decay, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=RATE, fused=True)
    return adamw, get_linear_schedule_with_warmup(adamw, 0, steps)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model_dir")
    p.add_argument("--data", required=True)
    p.add_argument("--mode", choices=["group", "pad", "plain"], default="group")
    p.add_argument("--amp", action="store_true")
    p.add_argument("--threads", type=int, default=os.cpu_count())
    p.add_argument("--seconds", type=float, default=10)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    random.seed(1)
    model = BertForTokenClassification.from_pretrained(a.model_dir, dtype=torch.float32).train()
    rows = encode(model, a.data, a.model_dir)
    adamw, schedule = optimiser(model, EPOCHS * -(-len(rows) // BATCH))
    spent, tokens, steps, losses, queue = 0.0, 0, 0, [], []
    while spent < a.seconds:
        queue = queue or batches(rows, a.mode)
        chosen = [rows[i] for i in queue.pop(0)]
        began = time.perf_counter()
        x, mask, y = tensors(chosen, a.mode)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=a.amp):
            loss = model(input_ids=x, attention_mask=mask, labels=y).loss
        adamw.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adamw.step()
        schedule.step()
        steps += 1
        losses.append(loss.item())
        if steps > WARM_STEPS:
            spent += time.perf_counter() - began
            tokens += sum(len(ids) for ids, _ in chosen)
    counted = steps - WARM_STEPS
    print(json.dumps({"system": "torch-" + ("bf16" if a.amp else "fp32") + "-" + a.mode, "threads": a.threads, "steps": counted,
                      "s_per_step": spent / counted, "tokens_per_s": tokens / spent, "losses": losses[:20],
                      "peak_rss_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}), flush=True)


if __name__ == "__main__":
    main()
