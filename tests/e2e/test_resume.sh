#!/bin/bash
# The same bits whatever happens: threads, kernels, Ctrl-C, and kill -9 at random moments of train,
# promote and feedback (CAIRN_KILLS rounds each, 3 unless said). Nothing acknowledged is lost.
. "$(dirname "$0")/support.sh"
rounds=${CAIRN_KILLS:-3}
cd "$work" || exit 1
make_case tiny
cd tiny || exit 1
# Slow enough to be killed in the middle, and so that the best epoch is a late one.
sed -i 's/epochs: 4/epochs: 10/; s/learning_rate: 1.0e-2/learning_rate: 5.0e-4/' cairn.yaml
must data split
long="train --checkpoint-seconds 0"

now_ms() { date +%s%3N; }
random_ms() { echo $(((RANDOM * 32768 + RANDOM) % ($1 + 1))); }
nap() { sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"; }

# ---- threads and kernels
begin=$(now_ms)
must $long --threads 2 --json
train_ms=$(($(now_ms) - begin))
whole=$(value .model)
check "the best epoch is a late one" test "$(value .result.best_epoch)" -gt 2
must train --threads 1 --json
same "1 thread gives the digest of 2" "$(value .model)" "$whole"
for isa in ref avx2 avx512 amx; do
    CAIRN_ISA=$isa "$CAIRN" train --json >"$out" 2>"$err" </dev/null
    status=$?
    if grep -q "$isa" "$err" && [ $status -ne 0 ]; then
        skip "CAIRN_ISA=$isa gives the same digest" "this CPU lacks it"
    else
        same "CAIRN_ISA=$isa gives the same digest" "$(value .model)" "$whole"
    fi
done
CAIRN_ISA=fast "$CAIRN" doctor >"$out" 2>"$err"; status=$?
same "a level of kernels that is none is refused" "$status" 2

# ---- Ctrl-C
$CAIRN $long >"$out" 2>"$err" </dev/null &
pid=$!
for _ in $(seq 400); do grep -q ' 2/10 ' "$err" && break; sleep 0.01; done
kill -INT $pid
wait $pid
status=$?
same "Ctrl-C ends with 130" "$status" 130
tells "and says how to go on" 'cairn train --resume'
cairn 3 "another recipe cannot go on from there" train --resume --seed 99
cairn 0 "train --resume" $long --resume --json
same "gives the digest of the uninterrupted run" "$(value .model)" "$whole"
check "the run's folder is gone" bash -c 'test -z "$(ls .cairn/runs 2>/dev/null)"'

# ---- in bf16: one digest, and a run goes on in what it began in
sed -i 's/max_tokens: 32,/max_tokens: 32, precision: bf16,/' cairn.yaml
must $long --threads 2 --json
low=$(value .model)
check "bf16 makes another model" test "$low" != "$whole"
CAIRN_ISA=avx2 must train --threads 1 --json
same "bf16 with 1 thread and avx2 gives the same digest" "$(value .model)" "$low"
$CAIRN $long >"$out" 2>"$err" </dev/null &
pid=$!
for _ in $(seq 400); do grep -q ' 2/10 ' "$err" && break; sleep 0.01; done
kill -INT $pid
wait $pid
sed -i 's/ precision: bf16,/ precision: auto,/' cairn.yaml
cairn 0 "resumed where precision is auto" $long --resume --json
same "it ends in the digest of bf16" "$(value .model)" "$low"
sed -i 's/ precision: auto,/ precision: bf16,/' cairn.yaml
for round in $(seq "$rounds"); do
    ms=$(random_ms "$train_ms")
    "$CAIRN" $long >/dev/null 2>&1 </dev/null &
    pid=$!
    nap "$ms"
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    run $long --resume --json || { grep -q 'no interrupted run' "$err" && run $long --json; }
    same "kill -9 of bf16 training at $ms ms, round $round" "$(value .model)" "$low"
done
sed -i 's/ precision: bf16,/ precision: fp32,/' cairn.yaml

# ---- kill -9 while training
resumed=0
for round in $(seq "$rounds"); do
    ms=$(random_ms "$train_ms")
    "$CAIRN" $long >/dev/null 2>&1 </dev/null &
    pid=$!
    nap "$ms"
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    run status || fail "status after kill -9 of train at $ms ms"
    if run $long --resume --json; then
        resumed=$((resumed + 1))
    else # nothing had begun yet, or all had ended
        [ "$status" = 2 ] && grep -q 'no interrupted run' "$err" && run $long --json
    fi
    same "kill -9 of train at $ms ms, round $round" "$(value .model)" "$whole"
done
echo "# $resumed of $rounds killed runs went on from a checkpoint"
cairn 0 "verify after these" verify

# ---- kill -9 while promoting
must gate poc
must train --seed 2 --json
other=$(value .model)
begin=$(now_ms)
must promote "$whole" --override --why "first"
promote_ms=$(($(now_ms) - begin))
for round in $(seq "$rounds"); do
    ms=$(random_ms "$promote_ms")
    before=$(ask .champion status)
    target=$whole; [ "$before" = "$whole" ] && target=$other
    "$CAIRN" promote "$target" --override --why "round $round" >"$work/ack" 2>/dev/null </dev/null &
    pid=$!
    nap "$ms"
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    after=$(ask .champion status)
    if [ -s "$work/ack" ]; then
        same "promote acknowledged before kill -9 at $ms ms, round $round" "$after" "$target"
    else
        check "kill -9 of promote at $ms ms: the old champion or the new, round $round" test "$after" = "$before" -o "$after" = "$target"
    fi
    run predict "start now" --json && [ "$(value .model)" = "$after" ] || fail "the champion answers after kill -9"
done
cairn 0 "verify after these" verify

# ---- kill -9 while feedback is added
jq -c '{text}' data/stream.jsonl >texts.jsonl
for round in $(seq "$rounds"); do
    must predict --file texts.jsonl --record --jsonl
    python3 "$here/corrections.py" data/stream.jsonl "$out" >corrections.jsonl
    before=$(ask '.items | length' feedback list)
    ms=$(random_ms 150)
    "$CAIRN" feedback add corrections.jsonl --json >"$work/ack" 2>/dev/null </dev/null &
    pid=$!
    nap "$ms"
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    after=$(ask '.items | length' feedback list)
    acknowledged=$(jq '.ids | length' "$work/ack" 2>/dev/null)
    check "kill -9 of feedback at $ms ms: ${acknowledged:-0} acknowledged, $((after - before)) there, round $round" \
        test $((after - before)) -ge "${acknowledged:-0}" -a $((after - before)) -le 240
    run feedback add corrections.jsonl --json
    same "the same file again completes it, round $round" "$(value '.added + .repeated')" 240
done

# ---- kill -9 of the service while it takes feedback
for round in $(seq "$rounds"); do
    serve
    jq -c 'select(.text)' corrections.jsonl | head -200 >some.jsonl
    python3 "$here/post_feedback.py" "$url" some.jsonl >"$work/acks" 2>/dev/null &
    client=$!
    for _ in $(seq 500); do [ -s "$work/acks" ] && break; sleep 0.02; done
    nap "$(random_ms 300)"
    kill -KILL "$server_pid"
    wait "$server_pid" 2>/dev/null
    server_pid=
    wait $client
    run feedback list --json
    value '.items[].id' | sort >"$work/listed"
    lost=$(sort -u "$work/acks" | comm -23 - "$work/listed" | wc -l)
    same "kill -9 of the service: none of $(wc -l <"$work/acks") acknowledged items is lost, round $round" "$lost" 0
done
cairn 0 "verify after these" verify
cairn 0 "and doctor" doctor
done_testing
