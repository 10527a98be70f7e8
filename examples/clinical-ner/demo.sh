#!/bin/bash
# examples/clinical-ner/demo.sh - from raw letters to an improved champion, in a folder of its own.
#
# Shows each command that a user would type, and what came out. The reviewer is simulated from the
# gold spans, and every page that rests on it says so. Usage: demo.sh [FOLDER]; CAIRN names the program.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cairn=$(realpath "${CAIRN:-$here/../../build/src/cairn}")
work=${1:-${TMPDIR:-/tmp}/cairn-demo-$(id -u)}
server_pid=

bold= dim= plain=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\033[1m' dim=$'\033[2m' plain=$'\033[0m'; fi
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%s  %s%s\n' "$dim" "$*" "$plain"; }
# Runs a command of cairn as typed; a gate that fails (1) is part of the story, anything else is not.
run() {
    printf '$ cairn'
    for word; do
        case $word in *[!a-zA-Z0-9_./@=-]*) printf ' "%s"' "$word" ;; *) printf ' %s' "$word" ;; esac
    done
    printf '\n'
    local code=0
    "$cairn" "$@" || code=$?
    [ "$code" -le 1 ] || exit "$code"
    return 0
}
stop_server() {
    [ -n "$server_pid" ] || return 0
    kill -TERM "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
    server_pid=
}
trap stop_server EXIT

# Starts the service on a free port and waits until it says where it is.
start_server() {
    : >"$work/serve.out"
    "$cairn" serve --port 0 >"$work/serve.out" 2>"$work/serve.err" &
    server_pid=$!
    for _ in $(seq 200); do
        url=$(sed -n 's/^serving \([^ ]*\).*/\1/p' "$work/serve.out")
        [ -n "$url" ] && return 0
        kill -0 "$server_pid" 2>/dev/null || { cat "$work/serve.err" >&2; exit 3; }
        sleep 0.05
    done
    echo "the service did not start" >&2
    exit 3
}

began=$(date +%s)
rm -rf "$work"
mkdir -p "$work"
cd "$work"

title '1. A use case: goal, criteria, data'
run init clinic --template clinical-ner
cd clinic
note "goal: $(sed -n 's/^goal: //p' cairn.yaml)"
run data check
run data split

title '2. A proof of concept: train, evaluate beside trivial rivals, pass a gate or not'
run train
run evaluate @candidate | sed '/^the worst errors/,/^$/d'
run gate poc
run promote

title '3. A minimum product: serve it, and let the real letters come'
printf '$ cairn serve &\n'
start_server
note "$url answers"
text='Seen with ptsd and started on clozapine; CT of the chest was clear.'
run predict "$text"
note 'letters of other clinics arrive: new drugs, dictation errors; a reviewer (simulated) checks each'
python3 "$here/reviewer.py" "$url" data/stream.jsonl 0 400
run monitor
run gate mvp
note 'the pilot fails its gate: people accept too few answers on these letters'

title '4. Improve it: reviewed feedback and replay, judged on old and new test data'
run feedback review --accept-all --simulated
run improve
run promote
sleep 1
note 'the service took the new champion over without a restart; the next letters:'
python3 "$here/reviewer.py" "$url" data/stream.jsonl 400
run gate mvp

title '5. When something is wrong: one command back, one forward'
improved=$("$cairn" model list --json | python3 -c 'import json, sys
print(next(m["model"][:12] for m in json.load(sys.stdin)["models"] if m["role"] == "champion"))')
run rollback --why 'demo: accuracy alarm'
run promote "$improved"
stop_server

title '6. What the customer reads'
run evidence add --kind user-study --by 'Jane, coder' --note 'demo: reading time halved in a trial of ten letters'
run report --html "$work/report.html"
run report --html "$work/report.zh.html" --zh
run verify
run status

printf '\n%sDone in %d s.%s The report: %s\n' "$bold" $(($(date +%s) - began)) "$plain" "$work/report.html"
printf 'Try next, in %s:\n' "$work/clinic"
printf '  %s log\n  %s serve      (then open the page that it names)\n  %s help\n' "$cairn" "$cairn" "$cairn"
