#!/bin/sh
# The letters of examples/clinical-ner are what their generator writes, byte for byte.
here=$(cd "$(dirname "$0")" && pwd)
example="$here/../../examples/clinical-ner"
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

if ! command -v python3 >/dev/null; then
    for i in 1 2 3 4; do echo "ok $i - letters # SKIP python3 is not installed"; done
    echo 1..4
    exit 0
fi
PYTHONDONTWRITEBYTECODE=1 python3 "$example/generate.py" "$folder" >/dev/null || echo "# generate.py failed"
n=0
for part in train dev test stream; do
    n=$((n + 1))
    if cmp -s "$folder/$part.jsonl" "$example/data/$part.jsonl"; then
        echo "ok $n - $part.jsonl is as generated"
    else
        echo "not ok $n - $part.jsonl differs from what generate.py writes"
    fi
done
echo 1..4
