#!/usr/bin/env python3
"""bench/results.py RESULTS.json > RESULTS.md - the table that people read, made from the one that programs read.

>>> r = {"runs": {"AVX2": {"machine": {"cpu": "X", "isa": "avx2 (avx2 fma; no avx512)", "cores": 2}, "date": "2026-01-02",
...      "versions": {"cairn": "1", "torch": "2"}, "rounds": 3}},
...      "rows": [{"class": "AVX2", "name": "speed", "ours": 30.0, "peer": 10.0, "peer_name": "torch", "unit": "tokens/s", "ratio": 3.0,
...                "target": 2.0, "less": False, "threads": 2, "precision": "fp32", "isa": "avx2", "quality": "equal", "status": "reached"},
...               {"class": "AVX2", "name": "tiles", "ours": None, "peer": None, "peer_name": None, "unit": "tokens/s", "ratio": None,
...                "target": 6.0, "less": False, "threads": 2, "precision": "bf16", "isa": None, "quality": None, "status": "waits for AMX"}]}
>>> text = markdown(r)
>>> "| speed | fp32 | 2 | 30.0 tokens/s | 10.0, torch | **3.00x** | 2x | reached | equal |" in text
True
>>> "| tiles | bf16 | 2 | 6x | waits for AMX |" in text
True
>>> number(0.42, "ms"), number(1234.5, "tokens/s"), number(2 * 10**9, "bytes")
('0.42 ms', '1,234 tokens/s', '2,000 MB')
"""
import json
import sys


def number(value, unit, with_unit=True):
    if value is None:
        return "-"
    if unit == "bytes":
        return f"{value / 1e6:,.0f} MB"
    text = f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return f"{text} {unit}" if with_unit else text


def target(row):
    if row["target"] is None:
        return "-"
    if row["peer_name"] is None and row["status"] in ("reached", "missed"):
        return f"{row['target']:g} {row['unit']}"
    return f"{row['target']:g}x"


def peer(row):
    if row["peer"] is None:
        return "-"
    return f"{number(row['peer'], row['unit'], with_unit=False)}, {row['peer_name']}"


def measured_line(row):
    ratio = f"**{row['ratio']:.2f}x**" if row["ratio"] is not None and row["peer_name"] else "-"
    return (f"| {row['name']} | {row['precision']} | {row['threads']} | {number(row['ours'], row['unit'])} | {peer(row)} | {ratio} "
            f"| {target(row)} | {row['status']} | {row['quality'] or '-'} |")


def class_section(name, run, rows):
    machine = run["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in sorted(run["versions"].items()))
    yield f"## {name}"
    yield ""
    yield f"{machine['cpu']}, {machine['cores']} cores, {machine['isa']}; {run['date']}; medians of {run['rounds']} rounds. {versions}."
    yield ""
    measured = [r for r in rows if r["ours"] is not None]
    waiting = [r for r in rows if r["ours"] is None]
    yield "| work | precision | threads | cairn | best peer | ratio | to reach | | quality |"
    yield "|---|---|---|---|---|---|---|---|---|"
    yield from map(measured_line, measured)
    if waiting:
        yield ""
        yield "Not measured here:"
        yield ""
        yield "| work | precision | threads | to reach | why |"
        yield "|---|---|---|---|---|"
        for r in waiting:
            yield f"| {r['name']} | {r['precision']} | {r['threads']} | {target(r)} | {r['status']} |"
    yield ""


def markdown(results):
    lines = ["# Results", "",
             "Made by `make bench` (bench/README.md says how, and why it is fair). cairn and its peers take turns in one run, on the same",
             "sentences with the same weights; a ratio is the median over the rounds of cairn's figure over the best peer's. Speeds are in",
             "real tokens: padding does not count.", ""]
    for name, run in results["runs"].items():
        lines += class_section(name, run, [r for r in results["rows"] if r["class"] == name])
    return "\n".join(lines).rstrip("\n") + "\n"


def main():
    with open(sys.argv[1], encoding="utf8") as f:
        sys.stdout.write(markdown(json.load(f)))


if __name__ == "__main__":
    main()
