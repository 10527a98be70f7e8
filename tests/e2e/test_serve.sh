#!/bin/bash
# The service: every route, answers equal to `cairn predict`, bad requests, champions that change under
# load, the way out. With CAIRN_LOAD=10000:32 the load is that many requests from that many clients.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1
make_case tiny
cd tiny || exit 1
must data split
must train
must gate poc
cairn 2 "nothing to serve before a promotion" serve --port 0
tells "and says what is missing" 'no champion'
must promote
jq -c '{text}' data/stream.jsonl >texts.jsonl
must predict --file texts.jsonl --jsonl
cp "$out" one.jsonl
model=$(head -1 one.jsonl | jq -r .model)
cairn 2 "an address that is not loopback" serve --port 0 --address 0.0.0.0
serve --threads 2
pass "cairn serve says where it is: port ${url##*:}"
taken=${url##*:}
cairn 3 "a port that is taken" serve --port "$taken"
tells "is named" "$taken"

# ask METHOD PATH WANT-STATUS NAME [curl arguments]: the reply is in $out
ask_http() {
    local method=$1 path=$2 want=$3 name=$4; shift 4
    status=$(curl -sS -m 20 -X "$method" -D "$work/head" -o "$out" -w '%{http_code}' "$url$path" "$@" 2>"$err")
    same "$name: $want" "$status" "$want"
}
post() { ask_http POST "$1" "$2" "$3" -H 'Content-Type: application/json' "${@:4}"; }

# ---- routes
ask_http GET / 200 "the page"
shows "is a page" '<html'
check "that loads nothing from elsewhere" bash -c "! grep -Eq '(src|href)=\"?(https?:)?//' '$out'"
ask_http GET /livez 200 "livez"
ask_http GET /readyz 200 "readyz"
ask_http GET /metrics 200 "metrics"
shows "in Prometheus' form" '^# TYPE cairn_'
ask_http GET /v1/status 200 "status"
json "names the model" ".schema == \"cairn.service-status/v1\" and .model == \"$model\" and (.labels | sort == [\"DRUG\", \"ORGAN\"])"
text=$(head -1 texts.jsonl | jq -r .text)
post / 200 "one text" -d "$(jq -nc --arg t "$text" '{inputs: $t}')"
check "its model and prediction stand in headers" grep -qi "$model" "$work/head"
for strategy in none simple first average max; do
    post / 200 "strategy $strategy" -d "$(jq -nc --arg t "$text" --arg s $strategy '{inputs: $t, parameters: {aggregation_strategy: $s}}')"
    jq -c . "$out" >got.json
    "$CAIRN" predict "$text" --json --strategy $strategy | jq -c '.predictions[0].entities' >want.json
    check "$strategy: the answer of cairn predict" cmp got.json want.json
done
post "/models/$model" 200 "the model by name" -d '{"inputs": ["start now", "the end"]}'
json "two texts, two lists" 'length == 2 and (.[0] | type == "array")'
post /models/tiny 200 "the use case by name" -d '{"inputs": "start now"}'
post /models/other 404 "another model" -d '{"inputs": "start now"}'
post /v1/predict 200 "predict" -d "$(jq -nc --arg t "$text" '{inputs: $t}')"
json "names model and prediction" ".model == \"$model\" and (.predictions[0].prediction_id | length == 32)"
id=$(value '.predictions[0].prediction_id')
post /v1/feedback 200 "feedback at once on what was just predicted" -d "{\"prediction_id\": \"$id\", \"verdict\": \"accept\", \"by\": \"jane\"}"
added=$(value '.items[0].id')
post /v1/feedback 200 "the same again" -d "{\"prediction_id\": \"$id\", \"verdict\": \"accept\", \"by\": \"jane\"}"
json "is nothing new" '.items[0].added == false'
same "it is in the registry" "$(ask '.items[0].id' feedback list)" "$added"
post / 200 "a text longer than the window" -d "$(jq -nc --arg t "$(jq -r .text texts.jsonl | head -40 | tr '\n' ' ')" '{inputs: $t}')"
jq -c . "$out" >got.json
jq -c --slurp '{text: (map(.text)[:40] | join(" ") + " ")}' texts.jsonl >long.jsonl
"$CAIRN" predict --file long.jsonl --json --strategy simple | jq -c '.predictions[0].entities' >want.json
check "is answered whole, as cairn predict does" cmp got.json want.json

# ---- bad requests: the right 4xx, three parts, and the server stays up
bad() {
    local want=$1 name=$2; shift 2
    status=$(curl -sS -m 20 -o "$out" -w '%{http_code}' "$@" 2>"$err")
    if [ "$status" != "$want" ]; then fail "$name: $want" "status $status"
    elif ! jq -e '(.error | length > 0) and has("detail") and has("hint")' "$out" >/dev/null 2>&1; then
        fail "$name: $want" "not {error, detail, hint}"
    else pass "$name: $want"; fi
}
json_type='Content-Type: application/json'
bad 400 "no body" -X POST "$url/"
bad 400 "broken JSON" -d '{"inputs": "a' "$url/"
bad 400 "two documents" -d '{"inputs": "a"} {}' "$url/"
bad 400 "a list as body" -d '["a"]' "$url/"
bad 400 "no inputs" -d '{"text": "a"}' "$url/"
bad 400 "inputs of a wrong type" -d '{"inputs": 7}' "$url/"
bad 400 "a list with a wrong type" -d '{"inputs": ["a", null]}' "$url/"
bad 400 "no text in the list" -d '{"inputs": []}' "$url/"
bad 400 "parameters of a wrong type" -d '{"inputs": "a", "parameters": 1}' "$url/"
bad 400 "a parameter that is none" -d '{"inputs": "a", "parameters": {"agregation_strategy": "max"}}' "$url/"
bad 400 "a strategy that is none" -d '{"inputs": "a", "parameters": {"aggregation_strategy": "most"}}' "$url/"
bad 400 "stride of a wrong type" -d '{"inputs": "a", "parameters": {"stride": "x"}}' "$url/"
printf '{"inputs": "a \xff b"}' >bad.bin
bad 400 "bad UTF-8" -H "$json_type" --data-binary @bad.bin "$url/"
printf '{"inputs": "a \\ud800 b"}' >half.bin
bad 400 "half a surrogate" -H "$json_type" --data-binary @half.bin "$url/"
python3 -c 'print("[" * 5000 + "]" * 5000)' >deep.json
bad 413 "JSON too deep" -H "$json_type" --data-binary @deep.json "$url/"
python3 -c 'print("{\"inputs\": \"" + "a " * 700000 + "\"}")' >large.json
bad 413 "a body over the limit" -H "$json_type" --data-binary @large.json "$url/"
bad 413 "the same in chunks" -H "$json_type" -H 'Transfer-Encoding: chunked' --data-binary @large.json "$url/"
python3 -c 'import json; print(json.dumps({"inputs": ["a"] * 300}))' >many.json
bad 413 "too many texts" -H "$json_type" --data-binary @many.json "$url/"
bad 415 "another type of content" -H 'Content-Type: text/plain' -d '{"inputs": "a"}' "$url/"
bad 405 "a wrong method" -X DELETE "$url/"
bad 405 "GET where POST belongs" "$url/v1/feedback"
bad 405 "POST where GET belongs" -d '{}' "$url/metrics"
bad 404 "a route that is none" "$url/v2/models"
bad 404 "a path that climbs" --path-as-is "$url/../../etc/passwd"
bad 403 "another Host" -H 'Host: evil.example' -d '{"inputs": "a"}' "$url/"
bad 403 "another Origin" -H 'Origin: http://evil.example' -d '{"inputs": "a"}' "$url/"
bad 400 "feedback without a prediction" -d '{"verdict": "accept"}' "$url/v1/feedback"
bad 404 "feedback on none" -d "{\"prediction_id\": \"$(printf '0%.0s' {1..32})\", \"verdict\": \"accept\"}" "$url/v1/feedback"
bad 400 "feedback with a wrong verdict" -d "{\"prediction_id\": \"$id\", \"verdict\": \"fine\"}" "$url/v1/feedback"
bad 400 "feedback that cuts a word" -d "$(jq -nc --arg i "$id" --arg t "$text" '{prediction_id: $i, verdict: "correct", by: "joe", text: $t, spans: [{start: 0, end: 1, label: "DRUG"}]}')" "$url/v1/feedback"
bad 400 "feedback with an unknown label" -d "$(jq -nc --arg i "$id" --arg t "$text" '{prediction_id: $i, verdict: "correct", by: "joe", text: $t, spans: [{start: 0, end: 2, label: "DRUGS"}]}')" "$url/v1/feedback"
bad 409 "feedback with another text" -d "{\"prediction_id\": \"$id\", \"verdict\": \"correct\", \"by\": \"joe\", \"text\": \"other\", \"spans\": []}" "$url/v1/feedback"
check "the server is up after all that" alive

# ---- load, and every answer that of cairn predict
load=${CAIRN_LOAD:-200:8}
python3 "$here/load.py" "$url" one.jsonl --requests "${load%:*}" --clients "${load#*:}" >"$out" 2>"$err"
status=$?
same "${load%:*} requests from ${load#*:} clients: all answered as cairn predict does" "$status" 0
echo "# $(head -1 "$out")"

# ---- champions that change under load
must train --seed 2
two=$(ask .model.model model show @candidate)
must predict --file texts.jsonl --jsonl --model "$two"
cp "$out" two.jsonl
python3 "$here/load.py" "$url" one.jsonl two.jsonl --clients 4 --until-file stop >"$work/load.out" 2>&1 &
load_pid=$!
wait_for_model() {
    for _ in $(seq 200); do
        [ "$(curl -fsS -m 10 "$url/v1/status" | jq -r .model)" = "$1" ] && return 0
        sleep 0.05
    done
    return 1
}
sleep 0.3
cairn 0 "promote under load" promote "$two" --override --why "swap"
check "the service takes it over" wait_for_model "$two"
sleep 0.3
cairn 0 "rollback under load" rollback --why "back"
check "the service goes back" wait_for_model "$model"
sleep 0.2
touch stop
wait $load_pid
status=$?
cp "$work/load.out" "$out"
same "not one request failed or got a wrong answer" "$status" 0
shows "both models answered" "models .*${model:0:12} .*${two:0:12} |models .*${two:0:12} .*${model:0:12} "
echo "# $(head -1 "$out")"

# ---- the way out
rm stop
python3 "$here/load.py" "$url" one.jsonl --clients 4 --until-file stop >"$work/load.out" 2>&1 &
load_pid=$!
python3 - "$url" >"$work/last" 2>&1 <<'PY' &
import http.client, json, sys, time
from urllib.parse import urlsplit
c = http.client.HTTPConnection(urlsplit(sys.argv[1]).netloc, timeout=20)
body = json.dumps({"inputs": ["start now"] * 100})
c.putrequest("POST", "/")
c.putheader("Content-Type", "application/json")
c.putheader("Content-Length", str(len(body)))
c.endheaders()
c.send(body[:10].encode())
print("begun", flush=True)
time.sleep(0.7)          # SIGTERM comes here
c.send(body[10:].encode())
print(c.getresponse().status)
PY
last_pid=$!
for _ in $(seq 200); do grep -q begun "$work/last" && break; sleep 0.02; done
sleep 0.1
kill -TERM "$server_pid"
wait "$server_pid"
status=$? server_pid=
cp "$work/serve.err" "$err"
same "SIGTERM: exit 0" "$status" 0
tells "nothing was cut off" '0 requests were cut off'
wait $last_pid
same "what was in flight was answered" "$(tail -1 "$work/last")" 200
touch stop
wait $load_pid
check "load met no wrong answer, only a closed door" bash -c "! grep 'wrong:' '$work/load.out' | grep -qv 'Connection\\|RemoteDisconnected'"
cairn 0 "predictions of the service are in the registry" monitor --json
check "more than 200" test "$(jq '[.. | .predictions? | numbers] | max' "$out")" -gt 200

# ---- pinned, JSON, drain
: >"$work/serve.out"
"$CAIRN" serve --port 0 --json --model "$two" --drain-ms 600 >"$work/serve.out" 2>"$work/serve.err" </dev/null &
server_pid=$!
for _ in $(seq 200); do jq -e .url "$work/serve.out" >/dev/null 2>&1 && break; sleep 0.05; done
url=$(jq -r .url "$work/serve.out")
same "serve --json" "$(jq -r .schema "$work/serve.out")" cairn.serve/v1
ask_http GET /v1/status 200 "status of a pinned service"
json "serves that model" ".pinned and .model == \"$two\""
kill -TERM "$server_pid"
sleep 0.2
ask_http GET /readyz 503 "readyz while draining"
ask_http GET /livez 200 "livez while draining"
post / 200 "and an answer" -d '{"inputs": "start now"}'
wait "$server_pid"
same "then it ends well" "$?" 0
server_pid=
cairn 0 "verify after all" verify
done_testing
