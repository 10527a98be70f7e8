#!/usr/bin/env python3
"""tokenizer.py MODEL_DIR --data CONLL - Hugging Face's tokenizers, written in Rust, on the sentences of a CoNLL file as lines
of text, with offsets, the threads that are asked for; one JSON line: {"mb_per_s", "tokens_per_s"}, medians.

encode_batch_fast leaves offsets out: that is less work, so encode_batch is what is compared.
"""
import argparse
import json
import os
import time


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model_dir")
    p.add_argument("--data", required=True)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--rounds", type=int, default=5)
    a = p.parse_args()
    os.environ["RAYON_NUM_THREADS"] = str(a.threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if a.threads > 1 else "false"
    import conll
    tok = conll.tokenizer(a.model_dir)
    texts = [" ".join(words) for words, _ in conll.read(a.data)]
    total, times, tokens = sum(len(t.encode()) for t in texts), [], 0
    for _ in range(a.rounds + 1):
        began = time.perf_counter()
        encodings = tok.encode_batch(texts, add_special_tokens=False)
        times.append(time.perf_counter() - began)
        tokens = sum(len(e.ids) for e in encodings)
    median = sorted(times[1:])[a.rounds // 2]
    print(json.dumps({"system": "tokenizers", "threads": a.threads, "bytes": total, "tokens": tokens,
                      "mb_per_s": total / median / 1e6, "tokens_per_s": tokens / median}), flush=True)


if __name__ == "__main__":
    main()
