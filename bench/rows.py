"""bench/rows.py - which figures are compared, with whom, and what ratio is to be reached.

A *session* is one process: a system (cairn in a precision, or a peer) on a model with some threads. It gives several
numbers; a row reads one of them from our session and from each peer's, and the best peer counts.
"""
from dataclasses import dataclass, field

FP32_PEERS = ["torch-fp32", "ort-fp32", "ov-fp32", "ov-fp32-streams"]
HALF_PEERS = ["torch-bf16", "torch-fp16", "ov-bf16", "ov-bf16-streams", "ov-f16-streams"]
INT8_PEERS = ["ort-int8", "ov-int8", "ov-int8-streams", "ov-int8-half-streams"]
MODELS = {"minilm": "MiniLM-L6", "base": "BERT-base"}


@dataclass
class Row:
    name: str
    job: str                 # train, infer, tokenizer or start
    model: str               # minilm or base
    metric: str              # path in a session's document: "tokens_per_s.random"
    precision: str           # of ours; "best": whichever is best
    peers: list = field(default_factory=list)
    target: float = None     # ratio ours / peer; None: quoted beside, no promise
    unit: str = "tokens/s"
    less: bool = False       # less is better: reached when the ratio is at most the target
    needs: str = ""          # "amx", "no-amx" or "" (any CPU)
    one_thread: bool = True  # measured with 1 thread too
    peer_job: str = ""       # of the peers' sessions, where ours is another one


def _training():
    for model, bf16, fp32 in (("base", 3.2, 1.3), ("minilm", 6.0, 2.0)):
        name = f"fine-tune {MODELS[model]}"
        yield Row(f"{name}, bf16", "train", model, "tokens_per_s", "bf16", ["torch-bf16-group"], bf16, needs="amx")
        yield Row(f"{name}, fp32", "train", model, "tokens_per_s", "fp32", ["torch-fp32-group"], fp32)
        yield Row(f"{name}, the tutorial loop: fp32, padded to 128", "train", model, "tokens_per_s", "best",
                  ["torch-fp32-pad"], 25.0 if model == "base" else None, one_thread=False, needs="amx")
        yield Row(f"{name}, fp32, beside the tutorial loop: padded to 128", "train", model, "tokens_per_s", "fp32",
                  ["torch-fp32-pad"], one_thread=False, needs="no-amx")


def _inference():
    half = {("minilm", "random"): 6.0, ("base", "random"): 5.0, ("minilm", "sorted"): 3.0, ("base", "sorted"): 2.3}
    for (model, order), target in half.items():
        name, metric = f"classify sentences, {MODELS[model]}", f"tokens_per_s.{order}"
        order = "random order" if order == "random" else "peer sorted"
        yield Row(f"{name}, bf16, {order}", "infer", model, metric, "bf16", HALF_PEERS, target, needs="amx")
        yield Row(f"{name}, fp16, {order}", "infer", model, metric, "fp16", FP32_PEERS + HALF_PEERS, target, needs="no-amx")
    for model, target in (("minilm", 3.5), ("base", 2.7)):
        name = f"classify sentences, {MODELS[model]}"
        yield Row(f"{name}, int8, peer sorted", "infer", model, "tokens_per_s.sorted", "int8", INT8_PEERS, target)
        yield Row(f"{name}, int8 over our bf16", "infer", model, "tokens_per_s.sorted", "int8", ["cairn-bf16"], 1.15, needs="amx")
        yield Row(f"{name}, int8 over our fp16", "infer", model, "tokens_per_s.sorted", "int8", ["cairn-fp16"], 1.15,
                  needs="no-amx")
        yield Row(f"{name}, fp32, random order", "infer", model, "tokens_per_s.random", "fp32", FP32_PEERS, 2.8)
        yield Row(f"{name}, fp32, peer sorted", "infer", model, "tokens_per_s.sorted", "fp32", FP32_PEERS, 1.25)
        yield Row(f"latency of 1 x 32 tokens, {MODELS[model]}, best precision", "infer", model, "ms.1x32", "best",
                  FP32_PEERS + HALF_PEERS + INT8_PEERS, 0.4, "ms", less=True)


def _memory():
    memory = {"metric": "peak_rss_bytes", "unit": "bytes", "less": True, "target": 0.5, "one_thread": False}
    yield Row("peak memory of fine-tuning BERT-base, fp32", "train", "base", precision="fp32", peers=["torch-fp32-group"], **memory)
    for precision in ("fp32", "int8"):  # of our server, restarted, so that it finds the model cached; of the peer's process, which compiles it
        yield Row(f"peak memory of serving BERT-base, {precision}", "start", "base", precision=precision, peers=[f"ov-{precision}"],
                  peer_job="infer", **memory)


def _rest():
    yield Row("tokenizer, one thread each, with spans", "tokenizer", "minilm", "mb_per_s", "none", ["tokenizers"], 15.0, "MB/s")
    yield Row("start of a server to its first answer, MiniLM-L6", "start", "minilm", "ms.median", "none", [], 80.0, "ms", less=True,
              one_thread=False)


ROWS = [*_training(), *_inference(), *_memory(), *_rest()]


def reached(row, ratio):
    """Whether a ratio keeps the promise; None when there is none."""
    if row.target is None or ratio is None:
        return None
    return ratio <= row.target if row.less else ratio >= row.target
