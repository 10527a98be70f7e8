#!/usr/bin/env python3
"""bench/start.py CAIRN FOLDER [ROUNDS] - milliseconds from starting `cairn serve` in a use case folder to its
first answer over HTTP: the median and the fastest of the rounds. Only python3's standard library.
"""
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def first_answer_ms(cairn, folder):
    port = free_port()
    body = json.dumps({"inputs": "No sign of pneumonia in the left lung."})
    began = time.perf_counter()
    server = subprocess.Popen([cairn, "serve", "--port", str(port)], cwd=folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        while time.perf_counter() - began < 20:
            try:
                c = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                c.request("POST", "/", body, {"Content-Type": "application/json"})
                reply = c.getresponse()
                reply.read()
                if reply.status == 200:
                    return 1e3 * (time.perf_counter() - began)
            except OSError:
                time.sleep(0.001)
        sys.exit("no answer within 20 s")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def main():
    cairn, folder = os.path.abspath(sys.argv[1]), sys.argv[2]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 11
    times = sorted(first_answer_ms(cairn, folder) for _ in range(rounds))
    print(f"start to first answer: median {times[len(times) // 2]:.0f} ms, fastest {times[0]:.0f} ms, {rounds} starts")


if __name__ == "__main__":
    main()
