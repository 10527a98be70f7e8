#!/bin/bash
# From a champion in fp32 to one in int8 and back: the same weights, gates of their own, the same answers by every level.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1
make_champion tiny
first=$(ask .champion status)
run evaluate "$first" --json; f1=$(value .evaluations.model.overall.f1)
json "what was trained answers in fp32" '.precision == "fp32"'

# ---- another model from the same weights
cairn 2 "a precision is a name" quantize --precision int4
tells "those that there are are named" 'hint: .*int8'
cairn 2 "auto is none" quantize --precision auto
cairn 3 "to what it is already" quantize --precision fp32
cairn 2 "of a model that is not there" quantize ffffffff
cairn 0 "quantize" quantize
shows "names both models" "answers in int8 with the weights of ${first:0:12} \\(fp32\\)"
shows "says what it saves" 'its layers take [0-9.]+ MB in memory instead of [0-9.]+ MB'
shows "and what to do next" '^  cairn gate production [0-9a-f]{12}'
second=$(ask .candidate status)
differ "it has a digest of its own" "$first" "$second"
cairn 0 "again" quantize "$first" --json
json "is the same model" ".schema == \"cairn.quantize/v1\" and .model == \"$second\" and .parent == \"$first\""
json "in less memory" '.layer_bytes < .parent_layer_bytes'
cairn 0 "model list" model list --json
json "has its origin and precision" ".models | map(select(.model == \"$second\"))[0] | .origin == \"quantized\" and .precision == \"int8\" and .parent == \"$first\""
json "and the other's" ".models | map(select(.model == \"$first\"))[0] | .precision == \"fp32\""
cairn 0 "model show" model show "$second" --json
json "shows the recipe" '.recipe.precision == "int8" and .recipe.epochs == 4'
cairn 0 "the log" log --json
json "has a record of it" "[.records[] | select(.kind == \"quantization\" and .body.parent == \"$first\")] | length == 2"
cairn 0 "export" model export "$second" out
same "the weights in the folder stay fp32, the same bytes" \
    "$(sha256sum <out/model.safetensors)" "$(run model export "$first" out1; sha256sum <out1/model.safetensors)"
check "the card names the precision" grep -q 'int8' out/README.md
same "the folder alone says it too" "$(ask .precision evaluate ./out --part dev)" int8

# ---- gates, promotion, answers
cairn 3 "the gate of the other does not count for it" promote "$second"
tells "which is missing" 'no gate compares it with the champion'
cairn 0 "evaluate" evaluate "$second" --json
json "in int8" '.precision == "int8"'
check "near fp32" jq -e "(.evaluations.model.overall.f1 - $f1) | fabs < 0.05" "$out"
cairn 0 "gate" gate production "$second" --json
json "decides on this model in this precision" ".verdict == \"PASS\" and .precision == \"int8\" and .model == \"$second\""
cairn 0 "promote" promote "$second" --json
json "by that gate" ".model == \"$second\" and .stage == \"production\""
text=$(jq -r 'select(.spans | length > 1).text' data/test.jsonl | head -1)
answers() { "$CAIRN" predict "$text" --model "$1" --strategy none --json 2>/dev/null | jq -S '[.predictions[].entities[]]'; }
cairn 0 "predict" predict "$text" --json
json "answers in int8" ".precision == \"int8\" and .model == \"$second\""
best=$(answers "$second")
for level in ref avx2 avx512 amx; do
    CAIRN_ISA=$level run predict "$text" || { skip "the same scores by $level" "this CPU lacks it"; continue; }
    same "the same scores by $level" "$(CAIRN_ISA=$level answers "$second")" "$best"
done
differ "other scores than fp32" "$(answers "$first")" "$best"
CAIRN_ISA=ref run predict "$text"
tells "who only emulates it says so" 'no instructions for int8'
serve
same "the service names the precision" "$(curl -fsS "$url/v1/status" | jq -r .precision)" int8
run rollback --why "int8 was a try"
for _ in $(seq 100); do
    [ "$(curl -fsS "$url/v1/status" | jq -r .precision)" = fp32 ] && break
    sleep 0.1
done
same "a rollback brings fp32 back while it serves" "$(curl -fsS "$url/v1/status" | jq -r .precision)" fp32
stop_serving
cairn 0 "verify" verify

# ---- back, and on from it
cairn 0 "back to fp32" quantize "$second" --precision fp32 --json
json "is the first model" ".model == \"$first\""
cairn 0 "train from the quantised model" train --from "$second" --epochs 1 --json
third=$(value .model)
same "gives one in fp32" "$(ask .recipe.precision model show "$third")" null
sed -i 's/max_tokens: 32,/max_tokens: 32, precision: bf16,/' cairn.yaml
cairn 0 "train in bf16" train --epochs 1 --json
json "says so" '.result.precision == "bf16"'
json "and what it made answers in bf16" "$(ask '.recipe.precision == "bf16" and .model.precision == "bf16"' model show @candidate)"
for precision in fp16 bf16; do
    cairn 0 "quantize to $precision" quantize "$first" --precision $precision
    cairn 0 "evaluate in $precision" evaluate @candidate --part dev --json
    json "is what it says" ".precision == \"$precision\""
done
done_testing
