#!/bin/bash
# With the real MiniLM (CAIRN_TEST_MODEL): train on a slice of the template's letters, the same bits from
# two thread counts and after kill -9, a service that answers as cairn predict does.
. "$(dirname "$0")/support.sh"
if [ -z "${CAIRN_TEST_MODEL:-}" ]; then
    skip "MiniLM" "CAIRN_TEST_MODEL is not set"
    done_testing
fi
if grep -aq __asan_init "$CAIRN"; then
    skip "MiniLM" "under a sanitizer it takes ten minutes and more; the tiny model walks the same path"
    done_testing
fi
cd "$work" || exit 1
must init clinic --template clinical-ner
cd clinic || exit 1
sed -i "s|^model: .*|model: $CAIRN_TEST_MODEL|; s/epochs: [0-9]*/epochs: 2/" cairn.yaml
for part in train dev test; do
    head -100 data/$part.jsonl >part.jsonl && mv part.jsonl data/$part.jsonl
done
must data split
cairn 0 "train" train --threads 2 --json
whole=$(value .model)
json "learns" '.result.history[-1].f1 > 0'

"$CAIRN" train --threads 1 --checkpoint-seconds 0 >/dev/null 2>"$work/k.err" </dev/null &
pid=$!
for _ in $(seq 600); do grep -q ' 1/2 ' "$work/k.err" && break; sleep 0.05; done
sleep 0.2
kill -KILL $pid
wait $pid 2>/dev/null
cairn 0 "resume after kill -9" train --resume --json
same "gives the digest of the uninterrupted run on other threads" "$(value .model)" "$whole"

cairn 0 "evaluate" evaluate
must promote --override --why "a test"
jq -c '{text}' data/stream.jsonl | head -60 >texts.jsonl
must predict --file texts.jsonl --jsonl
cp "$out" answers.jsonl
serve
python3 "$here/load.py" "$url" answers.jsonl --requests 60 --clients 8 >"$out" 2>"$err"
status=$?
same "every answer of the service is that of cairn predict" "$status" 0
stop_serving
same "the service ends well" "$status" 0
cairn 0 "the report" report --html report.html
cairn 0 "verify" verify
done_testing
