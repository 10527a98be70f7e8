#!/usr/bin/env python3
"""load.py URL ANSWERS [--requests N] [--clients M] - load on a running service.

ANSWERS is what `cairn predict --file TEXTS --jsonl` wrote: texts with their entities. M clients, each
on a connection of its own, send N requests of one to four texts and compare every answer with
ANSWERS: entities exactly, scores to the last digit. With --until-file FILE they go on until FILE
exists, and answers may be those of several ANSWERS files (champions that take turns), each by the
model that the reply names. Prints one line; exit status 1 when anything was wrong.
"""
import argparse
import http.client
import json
import os
import sys
import threading
import time
from urllib.parse import urlsplit

FAILURES_SHOWN = 5


def read_answers(paths):
    """{(model, text): entities} and the texts."""
    known, texts = {}, {}
    for path in paths:
        for line in open(path, encoding="utf-8"):
            answer = json.loads(line)
            known[answer["model"], answer["text"]] = answer["entities"]
            texts[answer["text"]] = True
    return known, list(texts)


class Client(threading.Thread):
    def __init__(self, number, args, known, texts):
        super().__init__(daemon=True)
        self.args, self.known, self.texts, self.number = args, known, texts, number
        self.asked, self.latencies, self.failures, self.models = 0, [], [], {}
        self.share = args.requests // args.clients + (number < args.requests % args.clients)

    def run(self):
        host = urlsplit(self.args.url).netloc
        connection = http.client.HTTPConnection(host, timeout=60)
        while self.wants_more():
            first = (self.number * 7919 + self.asked * 31) % len(self.texts)
            texts = [self.texts[(first + i) % len(self.texts)] for i in range(1 + self.asked % 4)]
            self.asked += 1
            try:
                self.ask(connection, texts)
            except (OSError, http.client.HTTPException, ValueError, KeyError) as e:
                self.failures.append(f"{type(e).__name__}: {e}")
                connection.close()
                connection = http.client.HTTPConnection(host, timeout=60)
            if len(self.failures) > FAILURES_SHOWN:
                return
        connection.close()

    def wants_more(self):
        if self.args.until_file:
            return not os.path.exists(self.args.until_file)
        return self.asked < self.share

    def ask(self, connection, texts):
        body = json.dumps({"inputs": texts if len(texts) > 1 else texts[0],
                           "parameters": {"aggregation_strategy": "first"}})
        begin = time.perf_counter()
        connection.request("POST", "/v1/predict", body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        data = reply.read()
        self.latencies.append(time.perf_counter() - begin)
        if reply.status != 200:
            raise ValueError(f"status {reply.status}: {data[:200]!r}")
        document = json.loads(data)
        model = document["model"]
        self.models[model] = self.models.get(model, 0) + 1
        for text, answer in zip(texts, document["predictions"], strict=True):
            if answer["entities"] != self.known[model, text]:
                self.failures.append(f"{text!r}: {answer['entities']} is not {self.known[model, text]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("answers", nargs="+")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--until-file")
    args = parser.parse_args()
    known, texts = read_answers(args.answers)
    clients = [Client(i, args, known, texts) for i in range(args.clients)]
    begin = time.perf_counter()
    for client in clients:
        client.start()
    for client in clients:
        client.join(600)
    seconds = time.perf_counter() - begin
    asked = sum(c.asked for c in clients)
    failures = [f for c in clients for f in c.failures]
    failures += [f"client {c.number} did not end" for c in clients if c.is_alive()]
    latencies = sorted(t for c in clients for t in c.latencies) or [0.0]
    models = {}
    for client in clients:
        for model, count in client.models.items():
            models[model] = models.get(model, 0) + count
    print(f"{asked} requests from {args.clients} clients in {seconds:.2f} s, {len(failures)} wrong; "
          f"p50 {latencies[len(latencies) // 2] * 1e3:.1f} ms, p99 {latencies[len(latencies) * 99 // 100] * 1e3:.1f} ms; "
          f"models {' '.join(f'{m[:12]} {n}' for m, n in models.items())}")
    for failure in failures[:FAILURES_SHOWN]:
        print("wrong:", failure)
    if failures or not args.until_file and asked != args.requests:
        sys.exit(1)


main()
