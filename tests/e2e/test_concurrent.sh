#!/bin/bash
# Commands at once: nothing is corrupted, nothing waits for ever, and who must wait is told for whom.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1
make_case tiny
cd tiny || exit 1
must data split
must train
first=$(ask .model.model model show)
must gate poc
must promote

# ---- two trainings
"$CAIRN" train --epochs 200 >"$work/a.out" 2>"$work/a.err" </dev/null &
pid=$!
for _ in $(seq 400); do grep -q ' 2/200 ' "$work/a.err" && break; sleep 0.02; done
cairn 6 "a second train does not start" train --seed 3
tells "and names the holder" "train, pid $pid"
cairn 0 "a status goes on meanwhile" status
cairn 0 "and so does a prediction" predict "start now" --record
kill -INT $pid
wait $pid
same "the first was not disturbed" "$?" 130
cairn 0 "the lock ended with its holder" train --seed 3

# ---- many at once
jq -c '{text}' data/stream.jsonl >texts.jsonl
must predict --file texts.jsonl --record --jsonl
python3 "$here/corrections.py" data/stream.jsonl "$out" >all.jsonl
split -n l/10 -d all.jsonl part.
"$CAIRN" promote --override --why "at once" >"$work/p.out" 2>"$work/p.err" </dev/null &
pids=$!
for part in part.0?; do
    "$CAIRN" feedback add "$part" --json >"$work/$part.out" 2>"$work/$part.err" </dev/null &
    pids="$pids $!"
done
for n in 1 2 3; do
    "$CAIRN" status --json >"$work/s$n.out" 2>"$work/s$n.err" </dev/null &
    pids="$pids $!"
    "$CAIRN" predict "start now" --record >/dev/null 2>"$work/r$n.err" </dev/null &
    pids="$pids $!"
done
ends=
for pid in $pids; do wait "$pid"; ends="$ends $?"; done
cat "$work"/[!a]*.err >"$err"
same "a promote, ten feedback adds, three times status and predict: all end well" "$ends" "$(printf ' 0%.0s' $pids)"
cairn 0 "feedback list" feedback list --json
json "holds every item once" '.items | length == 240'
differ "the promote happened" "$(ask .champion status)" "$first"
cairn 0 "the chain holds" verify
cairn 0 "the registry holds" doctor

# ---- promotions at once: they take turns
"$CAIRN" promote "$first" --override --why "one" >/dev/null 2>&1 </dev/null & a=$!
"$CAIRN" rollback --why "two" >/dev/null 2>&1 </dev/null & b=$!
"$CAIRN" promote "$first" --override --why "three" >/dev/null 2>&1 </dev/null & c=$!
bad=0
for pid in $a $b $c; do wait "$pid"; [ $? -le 3 ] || bad=$((bad + 1)); done
same "promote, rollback, promote at once" "$bad" 0
cairn 0 "the chain holds after them" verify

# ---- a folder that may not be written, a disk that is full
# Root may write everywhere, but for the capability that says so.
drop=
[ "$(id -u)" -ne 0 ] || drop="setpriv --bounding-set=-dac_override,-dac_read_search"
chmod -R a-w .cairn .
if $drop sh -c ': >.cairn/probe' 2>/dev/null || ! $drop true 2>/dev/null; then
    skip "a read-only folder" "this user may write everywhere"
else
    readonly_run() { $drop "$CAIRN" "$@" >"$out" 2>"$err" </dev/null; status=$?; }
    readonly_run train
    same "a training in a read-only folder" "$status" 3
    tells "names what may not be written" '\.cairn'
    readonly_run predict "start now" --record
    same "a recorded prediction in a read-only folder" "$status" 3
    readonly_run report --html new.html
    same "a report in a read-only folder" "$status" 3
    tells "names the file" 'new.html'
fi
chmod -R u+w .
# SIGXFSZ is not caught on purpose: a shell that ignores it passes that on, and writes fail with EFBIG.
full() { (trap '' XFSZ; ulimit -f "$1"; shift; "$CAIRN" "$@" >"$out.full" 2>"$err.full" </dev/null); status=$?; head -c 4000 "$out.full" >"$out"; head -c 4000 "$err.full" >"$err"; }
full 40 train --seed 4
same "a full disk ends a training with 3" "$status" 3
tells "and says so" 'error: .+'
full 2 report --html big.html
check "a full disk leaves no half report" test "$status" = 3 -a ! -e big.html
full 8 model export @champion full-out
same "a full disk ends an export with 3" "$status" 3
cairn 0 "then all is as before" verify
cairn 0 "and work goes on" train --seed 4
done_testing
