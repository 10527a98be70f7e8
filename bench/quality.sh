#!/bin/bash
# bench/quality.sh conll|ncbi [fp32|bf16] [SEED...] - entity F1 on public data with the recipe that is usual
# there: MiniLM-L6, 3 epochs, batches of 16, learning rate 1e-4, warm-up 0.1, fp32 unless given. Seeds 1 2 3
# unless given. The score of a training is of the model in the precision that it was trained in; then the
# same weights are scored in every precision that they can be served in.
#
# Needs the data (CAIRN_TEST_DATA, default ../shared/data) and the weights (tools/setup weights). The
# development part is the test part here, as the peers' figures have it: nothing is tuned on it.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cairn=${CAIRN:-$root/build/src/cairn}
data=$(realpath "${CAIRN_TEST_DATA:-$root/../shared/data}")
what=${1:?conll or ncbi}
shift
precision=fp32
case ${1:-} in fp32|bf16) precision=$1; shift ;; esac
[ $# -gt 0 ] || set -- 1 2 3
case $what in
conll) train=$data/conll2003-en/eng.train dev=$data/conll2003-en/eng.testa ;;
ncbi) train=$data/ncbi-disease/train.tsv dev=$data/ncbi-disease/devel.tsv ;;
*) echo "conll or ncbi, not $what" >&2; exit 2 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/$what"
cd "$work/$what"
cat >cairn.yaml <<YAML
name: $what
task: token-classification
model: minilm-l6
data: {train: $train, dev: $dev, test: $dev, format: conll, leakage: allow}
train: {epochs: 3, batch_size: 16, learning_rate: 1.0e-4, weight_decay: 0.01, warmup: 0.1, max_tokens: 128, precision: $precision, seed: 1}
YAML
"$cairn" data split >/dev/null
# The entity F1 of a model on the development part.
score() {
    "$cairn" evaluate "$1" --part dev --json |
        python3 -c 'import json, sys; print("%.4f" % json.load(sys.stdin)["evaluations"]["model"]["overall"]["f1"])'
}

# The same weights, served: fp32 is the measure when they were trained in it.
served() { # model seed
    local line="$what seed $2, the same weights served:" form other
    line+=" $precision $(score "$1")"
    for form in bf16 fp16 int8; do
        [ "$form" != "$precision" ] || continue
        other=$("$cairn" quantize "$1" --precision $form --json |
            python3 -c 'import json, sys; print(json.load(sys.stdin)["model"])')
        line+=", $form $(score "$other")"
    done
    echo "$line"
}

scores=() # both sets repeat short sentences between their published parts, hence leakage: allow
for seed in "$@"; do
    "$cairn" train --seed "$seed" --json >train.json
    read -r f1 speed model < <(python3 - train.json <<'PY'
import json, sys
doc = json.load(open(sys.argv[1]))
r = doc["result"]
print(max(e["f1"] for e in r["history"]), round(r["tokens_per_s"]), doc["model"])
PY
)
    echo "$what $precision seed $seed: best dev entity F1 $f1, $speed tokens/s"
    scores+=("$f1")
    served "$model" "$seed"
done
printf '%s\n' "${scores[@]}" | awk -v what="$what $precision" '{s += $1} END {printf "%s mean of %d seeds: %.4f\n", what, NR, s / NR}'
