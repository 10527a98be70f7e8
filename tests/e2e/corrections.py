#!/usr/bin/env python3
"""corrections.py GOLD ANSWERS - a simulated reviewer: JSON Lines of feedback on answers of
`cairn predict --jsonl`, by the gold spans of the same texts. Right answers are accepted."""
import json
import sys

gold = {e["text"]: e for e in map(json.loads, open(sys.argv[1], encoding="utf-8"))}
for answer in map(json.loads, open(sys.argv[2], encoding="utf-8")):
    e = gold[answer["text"]]
    found = {(s["start"], s["end"], s["entity_group"]) for s in answer["entities"]}
    right = found == {(s["start"], s["end"], s["label"]) for s in e["spans"]}
    item = {"prediction_id": answer["prediction_id"], "verdict": "accept" if right else "correct",
            "text": e["text"], "complete": True, "group": e["patient"], "simulated": True}
    if not right:
        item["spans"] = e["spans"]
    print(json.dumps(item))
