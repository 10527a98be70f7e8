#!/bin/bash
# cairn bench: every part gives its figures as a document, bad requests are named; how fast it is, is never asserted.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1
make_case tiny
base=$work/tiny/base data=$work/tiny/data/train.jsonl
export HOME=$work XDG_CACHE_HOME=$work/cache # nobody's weights
positive='(type == "number" and . > 0)'

cairn 0 "kernels" bench kernels --precision fp32 --shape minilm --seconds 0.001 --threads 2 --json
json "a document" '.schema == "cairn.bench/v1" and (.machine | .cpu and .isa and .threads == 2)'
json "a roof for each level and count of threads" ".kernels.peaks | length >= 2 and all(.gflops == null or (.gflops | $positive))"
json "every product, 32 to 2,048 rows" ".kernels.products | ([.[].rows] | unique) == [32, 352, 2048] and all(.gflops | $positive)"
json "of MiniLM alone, as asked" '[.kernels.products[].model] | unique == ["minilm"]'
json "the optimiser among the rows" ".kernels.rows | any(.kernel | test(\"AdamW\")) and all(.gb_per_s | $positive)"

cairn 0 "tokenizer" bench tokenizer --model "$base" --data "$data" --seconds 0.01 --json
json "with bytes, tokens and speed" ".tokenizer | (.bytes | $positive) and (.tokens | $positive) and (.mb_per_s | $positive)"
printf 'one line\n\nand another one\n' >lines.txt
cairn 0 "plain lines" bench tokenizer --model "$base" --data lines.txt --seconds 0.01 --json
json "blank ones left out" '.tokenizer.texts == 2'

cairn 0 "train" bench train --model "$base" --data "$data" --seconds 0.05 --threads 2 --json
json "with steps, losses and memory" ".train | (.s_per_step | $positive) and (.tokens_per_s | $positive) and (.losses | length >= 3) and (.peak_rss_bytes | $positive) and .precision == \"fp32\""
json "the sizes of the model" ".train.model | .layers > 0 and (.parameters | $positive)"

cairn 0 "infer" bench infer --model "$base" --data "$data" --sentences 50 --seconds 0.01 --answers answers.jsonl --json
json "in both orders, with latency" ".infer | (.tokens_per_s | (.random | $positive) and (.sorted | $positive)) and (.ms | (.[\"1x32\"] | $positive) and (.[\"1x128\"] | $positive))"
json "on the sentences that were asked for" '.infer.sequences == 50'
check "a label for every token, a sentence a line" jq -es "length == 50 and (map(length) | add) == $(value .infer.tokens)" answers.jsonl
cp answers.jsonl first.jsonl
cairn 0 "with one thread" bench infer --model "$base" --data "$data" --sentences 50 --seconds 0.01 --answers answers.jsonl --threads 1 --json
check "the same labels" cmp answers.jsonl first.jsonl
cairn 0 "in int8" bench infer --model "$base" --data "$data" --sentences 50 --seconds 0.01 --precision int8 --json
json "which it says" '.infer.precision == "int8"'
cairn 0 "a shape needs no weights, only a vocabulary" bench infer --model "$base" --shape minilm --data "$data" --sentences 2 --seconds 0.01 --json
json "and has its sizes" '.infer.model | .layers == 6 and .hidden == 384 and .shape == "minilm"'

cairn 0 "start" bench start --model "$base" --json
json "eleven starts" ".start | .starts == 11 and (.times_ms | length == 11) and .ms.fastest <= .ms.median and (.ms.fastest | $positive) and (.peak_rss_bytes | $positive)"
check "no folder stays" test -z "$(find /tmp -maxdepth 1 -name 'cairn-bench-*' -newer "$data" -print -quit)"

cairn 0 "two parts, as tables" bench tokenizer infer --model "$base" --data "$data" --sentences 20 --seconds 0.01
shows "the first" 'MB/s'
shows "the second" 'tokens/s in random order'
cairn 0 "two parts as one document" bench tokenizer infer --model "$base" --data "$data" --sentences 20 --seconds 0.01 --json
json "with both" '(.tokenizer.mb_per_s | . > 0) and (.infer.tokens > 0)'

cairn 2 "an unknown part" bench kernel
tells "with a suggestion" 'did you mean cairn bench kernels'
cairn 2 "an unknown precision" bench infer --model "$base" --precision fp64
cairn 2 "an unknown shape" bench infer --model "$base" --shape large
tells "which are named" 'base or minilm'
cairn 2 "for products too" bench kernels --shape large
cairn 2 "no time" bench kernels --seconds 0
cairn 2 "no number" bench kernels --seconds soon
cairn 2 "no sentence" bench infer --model "$base" --sentences 0
cairn 2 "nothing is trained in int8" bench train --model "$base" --precision int8
cairn 2 "answers of a part without answers" bench train --answers x
cairn 2 "without weights" bench infer
tells "it says how to get them" 'hint: .*tools/setup weights'
cairn 2 "a folder that is no model" bench infer --model "$work"
cairn 2 "data that is not there" bench infer --model "$base" --data nothing.jsonl
printf '{"text": 1}\n' >bad.jsonl
cairn 2 "data that is wrong" bench infer --model "$base" --data bad.jsonl
tells "with its place" 'bad.jsonl:1'
cairn 2 "a part that fails among others" bench tokenizer infer --model "$base" --data nothing.jsonl --json
json "is the error of the whole" '.schema == "cairn.error/v1" and (.error | test("bench tokenizer: "))'

"$CAIRN" bench train --model "$base" --data "$data" --seconds 60 --json >"$out" 2>"$err" &
pid=$!
sleep 1
kill -INT "$pid"
wait "$pid"
same "an interrupted measurement" $? 130

# ---- the table that bench/run makes
root=$here/../..
check "results.py makes the table" python3 -m doctest "$root/bench/results.py"
check "RESULTS.md is made from results.json" bash -c "python3 '$root/bench/results.py' '$root/bench/results.json' | cmp - '$root/bench/RESULTS.md'"
check "every row of the plan is in it" python3 - "$root" <<'PY'
import json, sys
sys.path.insert(0, sys.argv[1] + "/bench")
from rows import ROWS
have = {row["name"] for row in json.load(open(sys.argv[1] + "/bench/results.json"))["rows"]}
missing = [row.name for row in ROWS if row.name not in have]
sys.exit(f"not in results.json: {missing}" if missing else 0)
PY
done_testing
