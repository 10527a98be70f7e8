#!/usr/bin/env python3
"""A simulated reviewer: sends letters to a running cairn, compares each answer with the gold spans, and
says what a careful person would: accept, or correct with the whole truth. Every item says "simulated".

    reviewer.py URL LETTERS.jsonl [FROM [TO]]

It stands in for people in the demo, and nowhere else; python3's standard library is all it needs.
"""
import json
import sys
import urllib.error
import urllib.request


def post(url, document):
    body = json.dumps(document).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as e:
        sys.exit(f"{url}: {e.code}: {e.read().decode(errors='replace')}")


def spans_of(entities):
    return {(e["start"], e["end"], e["entity_group"]) for e in entities}


def main():
    url, path = sys.argv[1], sys.argv[2]
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    last = int(sys.argv[4]) if len(sys.argv) > 4 else None
    with open(path, encoding="utf8") as f:
        letters = [json.loads(line) for line in f if line.strip()][first:last]
    accepted = 0
    for letter in letters:
        answer = post(url + "/v1/predict", {"inputs": letter["text"]})["predictions"][0]
        gold = {(s["start"], s["end"], s["label"]) for s in letter["spans"]}
        right = spans_of(answer["entities"]) == gold
        item = {"prediction_id": answer["prediction_id"], "verdict": "accept" if right else "correct",
                "text": letter["text"], "complete": True, "by": "reviewer", "simulated": True,
                "group": letter["patient"]}
        if not right:  # an accept says that the spans shown are the truth, and brings none
            item["spans"] = [{"start": s, "end": e, "label": l} for s, e, l in sorted(gold)]
        post(url + "/v1/feedback", item)
        accepted += right
    print(f"{len(letters)} letters answered and reviewed: {accepted} accepted, "
          f"{len(letters) - accepted} corrected")


if __name__ == "__main__":
    main()
