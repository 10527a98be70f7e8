#!/bin/bash
# The cache of packed models: a second start answers from it as the first did; a damaged, foreign or
# missing cache changes no answer; two services share it.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1
make_champion tiny
packed=$XDG_CACHE_HOME/cairn/packed
body='{"inputs": ["start now", "aspirin for the heart, again and again"]}'

answer() { curl -sS -m 20 "$url/" -H 'Content-Type: application/json' -d "$body" >"$1" 2>"$err"; }
wait_until() { for _ in $(seq 200); do "$@" && return 0; sleep 0.05; done; return 1; }
is_cached() { compgen -G "$packed/*.packed" >/dev/null; }
# start_over NAME: the service starts anew and answers as it did first.
start_over() {
    serve --threads 2
    answer again.json
    check "$1: the same answer" cmp first.json again.json
}

serve --threads 2
answer first.json
check "the first start answers" test -s first.json
check "and fills the cache" wait_until is_cached
answer again.json
check "the mapped model answers alike" cmp first.json again.json
stop_serving
same "the service ends well" "$status" 0
file=$(echo "$packed"/*.packed)
same "the file is its user's alone" "$(stat -c %a "$file")" 600

start_over "from the cache"
check "and says nothing" bash -c "! grep -q cached '$work/serve.err'"
first=$url first_pid=$server_pid
start_over "a second service beside it"
stop_serving
url=$first server_pid=$first_pid
answer again.json
check "the first one goes on" cmp first.json again.json
stop_serving

printf 'X' | dd of="$file" bs=1 seek=300 conv=notrunc status=none
start_over "a damaged head"
check "is in the log" grep -q 'is not used' "$work/serve.err"
stop_serving

serve --threads 2
wait_until is_cached
sleep 2
stop_serving
size=$(stat -c %s "$file")
printf 'XXXXXXXX' | dd of="$file" bs=1 seek=$((size / 3)) conv=notrunc status=none
serve --threads 2
check "damaged weights are found" wait_until grep -q 'was damaged' "$work/serve.err"
sleep 0.5
answer again.json
check "and answers are right again" cmp first.json again.json
stop_serving

rm -rf "$packed"
mkdir -p "$XDG_CACHE_HOME/cairn"
echo "in the way" >"$packed"
start_over "no place for a cache"
check "one line says so" wait_until grep -q 'cannot be cached' "$work/serve.err"
stop_serving
same "the service ends well" "$status" 0
rm -f "$packed"
cairn 0 "doctor" doctor --json
json "shows the cache" '[.checks[] | select(.check == "models ready to serve")] | length == 1'
done_testing
