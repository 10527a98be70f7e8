#!/usr/bin/env python3
"""infer.py SYSTEM MODEL_DIR PREPARED --data CONLL - one peer classifies the tokens of sentences; one JSON line.

SYSTEM  torch-fp32 torch-bf16 torch-fp16, each also with -compiled; ort-fp32 ort-int8; ov-fp32 ov-bf16 ov-f16 ov-int8
        ov-int8-half (what is not int8 in bf16, best with AMX), each also with -streams: OpenVINO's throughput mode, several
        requests at once, where batches are concerned.
Best settings: fusions, quantisation as each ships it, batches of 32 no wider than their longest sentence, every shape warm.
{"tokens_per_s": {"random", "sorted"}, "ms": {"1x32", "1x128"}, "peak_rss_bytes", ...}; medians. With --answers FILE: the
label of every token, one sentence a line, in the order of the data.
"""
import argparse
import json
import os
import random
import resource
import time

import numpy as np

import conll


def median(values):
    return sorted(values)[len(values) // 2]


def torch_system(name, model_dir, threads):
    import torch
    from transformers import BertForTokenClassification
    torch.set_num_threads(threads)
    model = BertForTokenClassification.from_pretrained(model_dir, dtype=torch.float32).eval()
    model.to({"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[name.split("-")[1]])
    run_model = torch.compile(model, dynamic=True) if name.endswith("-compiled") else model

    def run(ids, mask):
        with torch.inference_mode():
            return run_model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).logits.float().numpy()
    return run, None


def ort_system(name, prepared, threads):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(os.path.join(prepared, name.split("-")[1] + ".onnx"), options,
                                           providers=["CPUExecutionProvider"])
    return lambda ids, mask: session.run(None, {"input_ids": ids, "attention_mask": mask})[0], None


def ov_system(name, prepared, threads):
    import openvino
    core, kind = openvino.Core(), name.split("-")[1]
    hint = "bf16" if "-half" in name else {"fp32": "f32", "bf16": "bf16", "f16": "f16", "int8": "f32"}[kind]
    settings = {"INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": threads}
    graph = os.path.join(prepared, "int8.xml" if kind == "int8" else "fp32.xml")
    request = core.compile_model(graph, "CPU", settings).create_infer_request()

    def run(ids, mask):
        return request.infer([ids, mask])[0]
    if not name.endswith("-streams"):
        return run, None
    queue = openvino.AsyncInferQueue(core.compile_model(graph, "CPU", {**settings, "PERFORMANCE_HINT": "THROUGHPUT"}))

    def run_all(batches):
        for ids, mask in batches:
            queue.start_async([ids, mask])
        queue.wait_all()
    return run, run_all


def latency_ms(run, width, repeats):
    ids = np.random.default_rng(width).integers(1000, 20000, (1, width)).astype(np.int64)
    mask, times = np.ones_like(ids), []
    for _ in range(repeats + 5):
        began = time.perf_counter()
        run(ids, mask)
        times.append(1e3 * (time.perf_counter() - began))
    return round(median(times[5:]), 3)


def tokens_per_s(rows, run_all, rounds):
    batches = [conll.pad(rows[i:i + 32]) for i in range(0, len(rows), 32)]
    total, speeds = sum(map(len, rows)), []
    run_all(batches)  # every shape warm
    for _ in range(rounds):
        began = time.perf_counter()
        run_all(batches)
        speeds.append(total / (time.perf_counter() - began))
    return round(median(speeds), 1)


def write_answers(path, run, rows):
    with open(path, "w", encoding="utf8") as f:
        for row in rows:
            ids, mask = conll.pad([row])
            f.write(json.dumps(run(ids, mask)[0].argmax(-1).tolist()) + "\n")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("system")
    p.add_argument("model_dir")
    p.add_argument("prepared")
    p.add_argument("--data", required=True)
    p.add_argument("--sentences", type=int, default=1024)
    p.add_argument("--threads", type=int, default=os.cpu_count())
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--repeats", type=int, default=30)
    p.add_argument("--orders", default="random,sorted")
    p.add_argument("--answers")
    a = p.parse_args()
    kind = a.system.split("-")[0]
    run, run_all = {"torch": lambda: torch_system(a.system, a.model_dir, a.threads),
                    "ort": lambda: ort_system(a.system, a.prepared, a.threads),
                    "ov": lambda: ov_system(a.system, a.prepared, a.threads)}[kind]()
    run_all = run_all or (lambda batches: [run(ids, mask) for ids, mask in batches])
    tok = conll.tokenizer(a.model_dir)
    rows = [conll.encode(tok, words)[0] for words, _ in conll.read(a.data)[:a.sentences]]
    out = {"system": a.system, "threads": a.threads, "sentences": len(rows), "tokens": sum(map(len, rows)), "tokens_per_s": {}, "ms": {}}
    if a.answers:
        write_answers(a.answers, run, rows)
    orders = {"random": random.Random(0).sample(rows, len(rows)), "sorted": sorted(rows, key=len)}
    for order in filter(None, a.orders.split(",")):
        out["tokens_per_s"][order] = tokens_per_s(orders[order], run_all, a.rounds)
    if a.repeats:
        out["ms"] = {f"1x{width}": latency_ms(run, width, a.repeats) for width in (32, 128)}
    out["peak_rss_bytes"] = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(out), flush=True)


if __name__ == "__main__":
    main()
