# tests/e2e/support.sh - what the shell tests share; each sources it first.
#
#     . "$(dirname "$0")/support.sh"
#     make_case clinic; cd clinic         # a use case that trains in a second
#     cairn 0 "data split works" data split          # runs it; ok when it exits with that code
#     shows "it names the parts" 'train .* test'     # in stdout of the last command
#     tells "it says why" 'hint:'                    # in stderr of the last command
#     json "it passed" '.verdict == "PASS"'          # of the last stdout, by jq
#     check "the file is there" test -f x            # any command
#     done_testing
#
# Output is TAP. A failed check prints what the last command wrote. Everything happens in a folder of
# its own under TMPDIR; servers that were started are stopped at the end, whatever happens.
set -u
export LC_ALL=C.UTF-8 NO_COLOR=1 CAIRN_USER=tester PYTHONDONTWRITEBYTECODE=1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CAIRN=$(realpath "${CAIRN:-$here/../../build/src/cairn}")
make_model=$(dirname "$CAIRN")/../tests/make-model
work=$(mktemp -d "${TMPDIR:-/tmp}/cairn-e2e-XXXXXX") || exit 1
export XDG_CACHE_HOME=$work/cache
out=$work/out err=$work/err tests=0 failed=0 status=0 server_pid=

at_exit() {
    [ -n "$server_pid" ] && kill -KILL "$server_pid" 2>/dev/null
    chmod -R u+w "$work" 2>/dev/null
    [ "$failed" -gt 0 ] && [ -n "${CAIRN_KEEP:-}" ] && echo "# kept: $work" && return
    rm -rf "$work"
}
trap at_exit EXIT
trap 'exit 1' INT TERM

pass() { tests=$((tests + 1)); echo "ok $tests - $1"; }
fail() {
    tests=$((tests + 1)) failed=$((failed + 1))
    echo "not ok $tests - $1"
    [ -n "${2:-}" ] && echo "# $2"
    { echo "exit status $status"; head -c 1500 "$out"; echo; tail -c 1500 "$err"; } 2>/dev/null | sed 's/^/# /'
}
skip() { tests=$((tests + 1)); echo "ok $tests - $1 # SKIP $2"; }
check() { local name=$1; shift; if "$@" >/dev/null 2>&1; then pass "$name"; else fail "$name" "failed: $*"; fi; }
same() { if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "\"$2\" is not \"$3\""; fi; }
differ() { if [ "$2" != "$3" ]; then pass "$1"; else fail "$1" "both are \"$2\""; fi; }
done_testing() { echo "1..$tests"; [ "$failed" -eq 0 ]; exit; }
give_up() { fail "$1"; done_testing; }

# Runs cairn, keeps stdout, stderr and the exit status.
run() { "$CAIRN" "$@" >"$out" 2>"$err" </dev/null; status=$?; return "$status"; }
cairn() {
    local want=$1 name=$2; shift 2
    run "$@"
    if [ "$status" -eq "$want" ]; then pass "$name"; else fail "$name" "cairn $*: exit status $status, not $want"; fi
}
# The same, and without it nothing that follows makes sense.
must() { run "$@" || give_up "cairn $*"; }
shows() { if grep -Eq -- "$2" "$out"; then pass "$1"; else fail "$1" "stdout lacks: $2"; fi; }
tells() { if grep -Eq -- "$2" "$err"; then pass "$1"; else fail "$1" "stderr lacks: $2"; fi; }
json() { if jq -e "$2" "$out" >/dev/null 2>&1; then pass "$1"; else fail "$1" "not so: $2"; fi; }
value() { jq -r "$1" "$out" 2>/dev/null; }
ask() { run "${@:2}" --json; value "$1"; }

for tool in jq python3 curl sqlite3; do
    command -v "$tool" >/dev/null && continue
    skip "$(basename "$0" .sh)" "$tool is not installed"
    done_testing
done
[ -x "$CAIRN" ] && [ -x "$make_model" ] || { : >"$out"; : >"$err"; give_up "the program and make-model are built"; }

# make_case FOLDER: cairn.yaml, data and the tiny pretrained model, as "base" beside it.
make_case() {
    python3 "$here/make_case.py" "$1" && "$make_model" "$1/vocab.txt" "$1/base" 7 || give_up "make_case $1"
}
# A case with a trained model (2 threads are the default of these tests: the machine may have more).
make_trained() { make_case "$1"; cd "$1" || exit 1; must data split; must train; }
make_champion() { make_trained "$1"; must gate poc; must promote; }

# Starts `cairn serve ARGS` here; $url is where.
serve() {
    : >"$work/serve.out"
    "$CAIRN" serve --port 0 "$@" >"$work/serve.out" 2>"$work/serve.err" </dev/null &
    server_pid=$!
    for _ in $(seq 400); do
        url=$(sed -n 's/^serving \([^ ]*\).*/\1/p' "$work/serve.out")
        [ -n "$url" ] && return 0
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 0.05
    done
    cp "$work/serve.out" "$out"; cp "$work/serve.err" "$err"
    server_pid=
    give_up "the service starts"
}
# Ends it as an operator does; $status is its exit status.
stop_serving() {
    kill -TERM "$server_pid"
    wait "$server_pid"
    status=$? server_pid=
}
alive() { curl -fsS -m 10 "$url/livez"; }
