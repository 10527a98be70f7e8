#!/bin/bash
# The command line from an empty folder to a report: every verb, its exit code, its words, its JSON.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1

# ---- before there is a use case
cairn 0 "help" help
shows "help lists verbs" '^ *feedback review '
verbs=$("$CAIRN" help --json | jq -r '.verbs[].name')
check "help --json lists verbs" test "$(echo "$verbs" | wc -l)" -ge 25
while read -r verb; do
    # shellcheck disable=SC2086
    run $verb --help && grep -q '^example:' "$out" && grep -q '^  cairn ' "$out" || fail "$verb --help"
done <<<"$verbs"
pass "every verb has --help with an example"
cairn 0 "help exit-codes" help exit-codes
shows "it names STOP" '10 +STOP'
cairn 0 "help metrics" help metrics
cairn 0 "version" --version
cairn 2 "no use case here" status
tells "and what makes one" 'hint: .*cairn init'
cairn 2 "an unknown verb" trian
tells "with a suggestion" 'did you mean cairn train'
cairn 2 "the same under --json" trian --json
json "is a JSON error" '.schema == "cairn.error/v1" and .code == "BAD_INPUT" and (.hint | length > 0)'
cairn 0 "doctor without a use case" doctor
cairn 0 "templates" init --list
shows "there is one" '^clinical-ner$'
cairn 2 "an unknown template" init other --template clinical-nerr
check "leaves no use case behind" test ! -e other/cairn.yaml
cairn 0 "init from a template" init clinic --template clinical-ner --json
json "says what it wrote" '.schema == "cairn.init/v1" and (.files | index("data/train.jsonl"))'
check "with today + 90 days as deadline" grep -q "deadline: $(date -u -d '+90 days' +%F)" clinic/cairn.yaml
check "under its own name" grep -q '^name: clinic$' clinic/cairn.yaml
cairn 3 "init never writes twice" init clinic --template clinical-ner
cairn 0 "init without a template" init empty
cd empty || exit 1
cairn 2 "whose data is not there yet" data check
tells "the file is named" 'data/examples.jsonl'
cd ../clinic || exit 1
cairn 0 "the template's data is sound" data check
cd "$work" || exit 1

# ---- data
make_case tiny
cd tiny || exit 1
cp data/train.jsonl train.good
printf '%s\n' '{"text": "start bademol now", "spans": [{"start": 6, "end": 99, "label": "DRUG"}]}' '{oops' >>data/train.jsonl
cairn 1 "data check finds errors" data check
shows "at file:line:column" 'train.jsonl:401:[0-9]+: error: '
shows "each of them" 'train.jsonl:402:[0-9]+: error: '
shows "and closes with a count" '^not ok: [1-9][0-9]* errors'
cairn 1 "the same as JSON" data check --json
json "with findings" '.schema == "cairn.data-check/v1" and .ok == false and (.findings | map(select(.line == 401)) | length == 1)'
cairn 2 "bad data is not split" data split
tells "the first error is named" 'train.jsonl:401'
cp train.good data/train.jsonl
cairn 0 "good data passes" data check
cairn 2 "nothing trains before a split" train
tells "and how to get there" 'cairn data split'
cairn 0 "data split" data split
shows "freezes" 'is frozen'
cairn 0 "the same data again" data split --json
json "changes nothing" '.changed == false and .split == "source"'
sed 1d train.good >data/train.jsonl
cairn 3 "changed data is refused" data split
tells "with the way out" 'hint: .*--renew'
cairn 0 "or renewed on purpose" data split --renew --json
json "as a split of its own" '.changed and .split == "source-2"'
cp train.good data/train.jsonl
cairn 0 "back to the first data" data split --renew
cairn 0 "from a subfolder" data split --json
(cd data && run status) && pass "verbs work from a subfolder" || fail "verbs work from a subfolder"

# ---- train, evaluate
cairn 2 "nothing to evaluate yet" evaluate
cairn 0 "train" train
tells "draws a table of epochs" '4/4 +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+'
shows "names the model" '^model [0-9a-f]{12}: best epoch'
first=$(ask .model.model model show)
cairn 0 "train as JSON with another seed" train --seed 2 --json
json "has a history" '.schema == "cairn.train/v1" and (.result.history | length == 4)'
second=$(value .model)
differ "another seed is another model" "$first" "$second"
cairn 2 "a seed is a number" train --seed x
cairn 2 "an option that is none" train --sed 1
tells "with a suggestion" 'did you mean --seed'
cairn 2 "nothing to resume" train --resume
cairn 0 "evaluate" evaluate
shows "entities with intervals" 'overall +[01]\.[0-9]+ \([01]\.[0-9]+-[01]\.[0-9]+\)'
shows "trivial rivals" 'dictionary +'
shows "all O" 'all O +0\.000'
shows "the token table" 'B-DRUG'
shows "a plain sentence on it" 'token table'
cairn 0 "evaluate on dev" evaluate "$first" --part dev --json
json "names part and model" ".schema == \"cairn.evaluate/v1\" and .data == \"dev\" and .model == \"$first\""
cairn 0 "evaluate on a file" evaluate --file data/stream.jsonl
cairn 2 "no such part" evaluate --part tset
cairn 2 "no such model" evaluate ffffff
cairn 0 "all models" model list --json
json "are two" '.schema == "cairn.model-list/v1" and (.models | length == 2)'

# ---- gates
cairn 3 "no promotion without a gate" promote
tells "it says which gate" 'cairn gate poc'
cairn 0 "gate poc passes" gate poc
shows "criterion by criterion" 'entity_f1 >= 0.8 .*PASS'
cairn 2 "no such stage" gate pok
cp cairn.yaml good.yaml
sed 's/at_least: 0.80/at_least: 0.80, label: NOSUCH/' good.yaml >cairn.yaml
cairn 1 "a criterion without data fails" gate poc
shows "and the change of criteria shows" 'criteria are not those that were frozen first'
sed 's/deadline: 2099-01-01/deadline: 2020-01-01/; s/at_least: 0.80/at_least: 0.80, label: NOSUCH/' good.yaml >cairn.yaml
cairn 10 "a deadline that passed without a PASS" gate poc
shows "stops" 'the deadline has passed without a PASS'
sed 's/below: 0.30/above: 0.30/' good.yaml >cairn.yaml
cairn 10 "a stop criterion that is met" gate poc --json
json "stops" '.schema == "cairn.gate/v1" and .verdict == "STOP"'
cairn 3 "such a model is not promoted" promote
cairn 1 "stages without criteria fail" gate mvp
cp good.yaml cairn.yaml
sed 's/entity_f1, at_least: 0.80/entity_f2, at_least: 0.80/' good.yaml >cairn.yaml
cairn 2 "a metric that is none" gate poc
tells "file:line:column and a suggestion" 'cairn.yaml:1[0-9]:[0-9]+'
tells "the suggestion" 'did you mean "entity_f1"'
cp good.yaml cairn.yaml
cairn 0 "the first criteria again" gate poc
cairn 0 "promote" promote
shows "names gate and evidence" 'champion is now [0-9a-f]{12} \(gate poc'
cairn 3 "another model needs its own pass" promote "$first"
tells "and says so" 'no gate compares it with the champion'
cairn 2 "an override needs a reason" promote "$first" --override
cairn 0 "an override with one" promote "$first" --override --why "the board wants it" --json
json "is recorded as one" '.override and .why == "the board wants it"'
cairn 2 "a rollback needs a reason" rollback
cairn 0 "rollback" rollback --why "accuracy alarm"
same "restores the champion" "$(ask .champion status)" "$second"
cairn 3 "there is nothing before the first" rollback --why "again"

# ---- answers and feedback
text="start $(jq -r '.text[.spans[0].start:.spans[0].end]' <(grep DRUG data/train.jsonl | head -1)) now"
cairn 0 "predict" predict "$text"
shows "finds what it learned" '^  (DRUG|ORGAN) '
cairn 0 "predict as JSON, all tokens" predict "$text" --strategy none --json
json "as transformers gives it" ".schema == \"cairn.predict/v1\" and .model == \"$second\" and (.predictions[0].entities[0].entity | startswith(\"B-\"))"
cairn 2 "a strategy that is none" predict "$text" --strategy fist
cairn 2 "no text" predict
printf '\xff\xfe\n' >bad.txt
cairn 2 "text that is not UTF-8" predict --file bad.txt
jq -c '{text}' data/stream.jsonl >texts.jsonl
cairn 0 "a file of texts" predict --file texts.jsonl --record --jsonl
cp "$out" answers.jsonl
same "one line each" "$(wc -l <answers.jsonl)" 240
cairn 0 "monitor" monitor --json
json "counts them" '.schema == "cairn.monitor/v1"'
python3 "$here/corrections.py" data/stream.jsonl answers.jsonl >corrections.jsonl
cairn 0 "feedback add" feedback add corrections.jsonl
shows "all" '^240 added, 0 were there already'
cairn 0 "the same again" feedback add corrections.jsonl --json
json "changes nothing" '.schema == "cairn.feedback-add/v1" and .added == 0 and .repeated == 240'
{ head -3 corrections.jsonl; echo '{"prediction_id": "00", "verdict": "accept"}'; } >none.jsonl
cairn 2 "feedback on a prediction that is none" feedback add none.jsonl
tells "names the item" 'item 4 of 4'
echo '{"prediction_id": 7, "verdict": "maybe"}' >wrong.jsonl
cairn 2 "feedback of a wrong form" feedback add wrong.jsonl
cairn 2 "a file that is not there" feedback add nosuch.jsonl
cairn 0 "feedback list" feedback list --state pending --json
json "has them all" '.schema == "cairn.feedback-list/v1" and (.items | length == 240)'
id=$(value '.items[0].id')
cairn 2 "a state that is none" feedback list --state waiting
cairn 3 "nothing trains before review" improve
cairn 2 "review needs a terminal or an option" feedback review
cairn 0 "review one" feedback review --refuse "$id" --why "not sure"
cairn 0 "review the rest" feedback review --accept-all --simulated --json
json "239 of them" '.items == 239 and (.by | test("simulated"))'
cairn 2 "nothing waits any more" feedback review --accept-all

cairn 0 "mvp's gate" gate mvp
shows "on what people said of the traffic" 'acceptance_rate >= 0.1 .*PASS'

# ---- improve
cairn 0 "improve" improve --json
json "passes against the champion" ".schema == \"cairn.improve/v1\" and .verdict == \"PASS\" and .champion == \"$second\" and .how == \"simulated\""
third=$(value .model)
same "it proposes only" "$(ask .champion status)" "$second"
cairn 0 "promote the candidate" promote --json
json "by the gate improve" ".model == \"$third\" and .stage == \"improve\""
cairn 0 "production's gate" gate production
cairn 0 "monitor after feedback" monitor

# ---- evidence, report
cairn 2 "evidence needs a kind" evidence add --by Jane
echo "ten readers, half the time" >study.md
cairn 0 "evidence add" evidence add --kind user-study --by Jane --file study.md --note "half the time"
cairn 0 "log" log --limit 3 --json
json "newest first" '.schema == "cairn.log/v1" and (.records | length == 3) and .records[0].how == "attested"'
cairn 0 "log as a table" log
shows "shows the override" 'override .*the board wants it'
cairn 0 "report" report
shows "is Markdown" '^# '
shows "shows the override's reason" 'the board wants it'
shows "and that feedback was simulated" '[Ss]imulated'
shows "and the chain's head" "$(ask .head status | head -c 12)"
run report
cairn 0 "report as JSON" report --json
json "has a schema" '.schema | startswith("cairn.report")'
cairn 0 "report as pages" report --html report.html --markdown report.md
cairn 0 "in Chinese" report --html report.zh.html --zh
check "the page is whole" grep -q '</html>' report.html
check "the page has charts" grep -q '<svg' report.html
check "the page loads nothing" bash -c "! grep -E '(src|href)=\"?(https?:)?//|@import|url\\(' report.html report.zh.html"
check "no http:// but names of XML" bash -c "! grep -o 'https\\?://[^\" <]*' report.html report.zh.html | grep -v www.w3.org"
check "the Chinese page is Chinese" grep -Pq '\p{Han}{4}' report.zh.html
cairn 0 "status" status
shows "has a next step" '^next +cairn '
cairn 0 "status as JSON" status --json
json "has a schema" '.schema == "cairn.status/v1"'
cairn 0 "doctor" doctor --json
json "finds all in place" '.schema == "cairn.doctor/v1" and .ok'

# ---- models in and out
cairn 0 "model show" model show @champion --json
json "has shape and evidence" '.schema == "cairn.model-show/v1" and .shape.hidden == 32 and (.evidence | length > 1)'
cairn 0 "model export" model export @champion out
check "with card, evidence and recipe" test -s out/README.md -a -s out/evidence.json -a -s out/cairn.json -a -s out/model.safetensors
cairn 3 "never over a folder" model export @champion out
cairn 0 "model import" model import out --json
json "is the same model" ".schema == \"cairn.model-import/v1\" and .model == \"$third\""
cairn 0 "a folder is a MODEL too" predict "$text" --model ./out --json
json "with the same digest" ".model == \"$third\""
cairn 2 "a folder that is none" model import data
cairn 2 "a pretrained model has no head" model import base
printf 'x' >>out/model.safetensors
run model import out
check "a damaged file is no model" test "$status" = 2 -o "$status" = 4

# ---- what verify finds
cairn 0 "verify" verify --json
json "the chain holds" '.schema == "cairn.verify/v1" and .ok and .records > 10'
cp .cairn/registry.db whole.db
stone=$(sqlite3 .cairn/registry.db "SELECT min(seq) FROM evidence WHERE kind = 'gate'")
sqlite3 .cairn/registry.db "UPDATE evidence SET record = replace(record, 'cairn.evidence', 'cairn.evidencf') WHERE seq = $stone"
cairn 4 "verify finds it" verify
shows "and names the stone" "first broken stone is number $stone, [0-9a-f]{12} \\(gate\\)"
run log
check "the log refuses it" test "$status" = 4
cp whole.db .cairn/registry.db
sqlite3 .cairn/registry.db "UPDATE gates SET verdict = 'PASS' WHERE verdict = 'FAIL'"
cairn 4 "verify finds a verdict that its evidence does not bear" verify --json
json "and names the gate" '.broken_files[0].gate'
cp whole.db .cairn/registry.db
sqlite3 .cairn/registry.db "UPDATE evidence SET how = 'measured' WHERE how = 'attested'"
cairn 4 "verify finds what calls itself measured" verify
cp whole.db .cairn/registry.db
hash=$(sha256sum .cairn/models/*/model.safetensors | head -n 1 | cut -c1-64) # a model's weights
blob=.cairn/store/sha256/${hash:0:2}/${hash:2}
chmod u+w "$blob"
cp "$blob" "$work/blob"
printf '\x55' | dd of="$blob" bs=1 seek=40000 conv=notrunc 2>/dev/null
cairn 4 "verify finds a flipped byte of a stored file" verify
shows "and names the model" 'model [0-9a-f]{12}'
cp "$work/blob" "$blob"
cairn 0 "all is whole again" verify

# ---- files that cannot be
mv .cairn .cairn.kept
echo "not a database" >.cairn
cairn 3 "a state folder that is a file" status
rm .cairn && mkdir .cairn && echo "this is no database, but long enough to be looked at as one" >.cairn/registry.db
run status
check "a registry that is no database" test "$status" = 3 -o "$status" = 4
tells "the error names it" 'registry.db'
rm -r .cairn && mv .cairn.kept .cairn
printf 'name: tiny\ntask: token-classification\nmodle: base\n' >cairn.yaml
cairn 2 "an unknown key" status --json
json "has its place and a suggestion" '(.error + .detail | test("cairn.yaml:3:1")) and (.hint | test("model"))'
done_testing
