#!/usr/bin/env python3
"""tools/oracle/seqeval_fixtures.py - what seqeval, scikit-learn and scipy say, for tests of proof/.

Writes tests/oracle/seqeval/fixtures.json (tag sequences made here, legal and illegal ones, with the
entities, precision, recall and F1 of seqeval in default and strict mode and scikit-learn's token
report) and tests/oracle/bounds/fixtures.json (binomial bounds of scipy). Seeded: the same versions
write the same bytes. Run with --check to compare instead of write.
"""
import json
import random
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy
from scipy import stats
from seqeval.metrics import v1
from seqeval.metrics.sequence_labeling import get_entities, precision_recall_fscore_support
from seqeval.scheme import IOB2, Entities
from sklearn.metrics import accuracy_score, classification_report

warnings.filterwarnings("ignore")
ROOT = Path(__file__).resolve().parents[2]


def legal(rng, labels, length):
    tags = []
    while len(tags) < length:
        if rng.random() < 0.5:
            tags.append("O")
            continue
        label = rng.choice(labels)
        tags.append("B-" + label)
        while len(tags) < length and rng.random() < 0.5:
            tags.append("I-" + label)
    return tags[:length]


def illegal(rng, labels, length):
    names = ["O"] + [p + label for label in labels for p in ("B-", "I-")]
    return [rng.choice(names) for _ in range(length)]


def disturb(rng, labels, tags):
    names = ["O"] + [p + label for label in labels for p in ("B-", "I-")]
    return [rng.choice(names) if rng.random() < 0.2 else t for t in tags]


def numbers(gold, said, strict):
    """Per label for all that occur, micro and macro."""
    prfs = v1.precision_recall_fscore_support if strict else precision_recall_fscore_support
    mode = {"scheme": IOB2} if strict else {}
    result = {}
    for average in ("micro", "macro"):
        p, r, f, _ = prfs(gold, said, average=average, zero_division=0, **mode)
        # the mean over no label at all is NaN there and 0 here
        result[average] = [float(numpy.nan_to_num(v)) for v in (p, r, f)]
    if strict:
        names = sorted(Entities(gold, IOB2).unique_tags | Entities(said, IOB2).unique_tags)
    else:
        names = sorted({e[0] for s in gold + said for e in get_entities(s)})
    p, r, f, s = prfs(gold, said, average=None, zero_division=0, **mode)
    result["labels"] = {n: [float(p[i]), float(r[i]), float(f[i]), int(s[i])]
                        for i, n in enumerate(names)}
    return result


def strict_entities(tags):
    return [[e.tag, e.start, e.end - 1] for e in Entities([tags], IOB2).entities[0]]


def case(rng, kind):
    labels = [["X"], ["PER", "LOC"], ["A", "B-b", "creative-work", "I"]][rng.randrange(3)]
    count = rng.randrange(1, 9)
    gold, said = [], []
    for _ in range(count):
        length = rng.randrange(1, 13)
        g = legal(rng, labels, length) if kind != "illegal" else illegal(rng, labels, length)
        gold.append(g)
        if kind == "equal":
            said.append(list(g))
        elif kind == "nothing":
            said.append(["O"] * length)
        elif kind == "near":
            said.append(disturb(rng, labels, g))
        else:
            said.append(illegal(rng, labels, length))
    flat_gold, flat_said = sum(gold, []), sum(said, [])
    report = classification_report(flat_gold, flat_said, output_dict=True, zero_division=0)
    rows = {t: [v["precision"], v["recall"], v["f1-score"], int(v["support"])]
            for t, v in report.items() if isinstance(v, dict) and not t.endswith(" avg")}
    return {
        "kind": kind, "labels": sorted(labels), "gold": gold, "said": said,
        "entities": [[list(e) for e in get_entities(s)] for s in said],
        "strict_entities": [strict_entities(s) for s in said],
        "default": numbers(gold, said, False), "strict": numbers(gold, said, True),
        "tokens": rows, "accuracy": float(accuracy_score(flat_gold, flat_said)),
    }


def seqeval_fixtures():
    rng = random.Random(7)
    kinds = ["near"] * 20 + ["illegal"] * 20 + ["other"] * 6 + ["equal"] * 3 + ["nothing"] * 3
    return {"versions": {n: version(n) for n in ("seqeval", "scikit-learn")},
            "cases": [case(rng, k) for k in kinds]}


def bounds_fixtures():
    proportions = []
    for n in (1, 2, 10, 37, 200, 1000, 100000):
        for k in sorted({0, 1, n // 3, n // 2, n - 1, n}):
            for c in (0.5, 0.9, 0.95, 0.99):
                low = float(stats.beta.ppf(1 - c, k, n - k + 1)) if k else 0.0
                high = float(stats.beta.ppf(c, k + 1, n - k)) if k < n else 1.0
                proportions.append([k, n, c, low, high])
    cdf = [[k, n, p, round(float(stats.binom.cdf(k, n, p)), 15)]
           for n in (1, 5, 40, 1000, 50000) for p in (0.01, 0.3, 0.5, 0.99)
           for k in sorted({0, n // 4, n // 2, int(n * p), n - 1})]
    ranks = []
    for n in (1, 10, 59, 298, 299, 300, 1000, 5000):
        for p in (0.5, 0.9, 0.99):
            for c in (0.9, 0.95):
                j = next((j for j in range(1, n + 1) if stats.binom.cdf(j - 1, n, p) >= c), None)
                i = next((i for i in range(n, 0, -1) if stats.binom.sf(i - 1, n, p) >= c), None)
                ranks.append([n, p, c, j, i])
    rng = numpy.random.default_rng(7)
    values = [float(v) for v in rng.lognormal(0, 1, 25)]
    quantiles = [[q, float(numpy.quantile(values, q))] for q in (0, 0.025, 0.05, 0.5, 0.95, 1)]
    return {"versions": {n: version(n) for n in ("scipy", "numpy")}, "proportions": proportions,
            "cdf": cdf, "ranks": ranks, "values": values, "quantiles": quantiles}


def main():
    ok = True
    for name, made in (("seqeval", seqeval_fixtures()), ("bounds", bounds_fixtures())):
        path = ROOT / "tests/oracle" / name / "fixtures.json"
        text = json.dumps(made, separators=(",", ":"), sort_keys=True) + "\n"
        if "--check" in sys.argv:
            same = path.read_text() == text
            print(path.relative_to(ROOT), "same" if same else "DIFFERENT")
            ok = ok and same
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(path.relative_to(ROOT), len(text), "bytes")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
