#!/usr/bin/env python3
"""post_feedback.py URL FILE - posts texts and feedback of FILE's lines one by one until the server
is gone; prints the id of each item that was acknowledged. Each item gets a prediction of its own."""
import http.client
import json
import sys
from urllib.parse import urlsplit

host = urlsplit(sys.argv[1]).netloc
connection = http.client.HTTPConnection(host, timeout=10)


def post(path, body):
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    reply = connection.getresponse()
    data = reply.read()
    if reply.status != 200:
        raise SystemExit(f"{path}: {reply.status} {data!r}")
    return json.loads(data)


try:
    for line in open(sys.argv[2], encoding="utf-8"):
        item = json.loads(line)
        answer = post("/v1/predict", {"inputs": item["text"]})
        item["prediction_id"] = answer["predictions"][0]["prediction_id"]
        for added in post("/v1/feedback", item)["items"]:
            print(added["id"], flush=True)
except (OSError, http.client.HTTPException):
    pass  # the server was killed: that is the test
