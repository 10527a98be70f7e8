#!/bin/bash
# What the code understands and prints is described: keys of cairn.yaml, schemas of --json, metrics, verbs.
set -u
cd "$CAIRN_SOURCE" || exit 1
count=0 failed=0

report() { # ok|"not ok" name
    count=$((count + 1))
    [ "$1" = ok ] || failed=1
    echo "$1 $count - $2"
}
# Each word of stdin stands in the file, between backticks or behind a dot inside them.
described() { # name file...
    local name=$1 word missing='' seen=0
    shift
    while read -r word; do
        seen=$((seen + 1))
        grep -qE "\`([a-z_]+\.|\.)?$word(\[\])?\`" "$@" || missing+=" $word"
    done
    if [ "$seen" -gt 0 ] && [ -z "$missing" ]; then
        report ok "$name ($seen)"
    else
        report "not ok" "$name"
        echo "# not in $*:${missing:- (nothing was found to look for)}"
    fi
}

keys() { grep -hoE '^ *\{"[a-z_]+", CONFIG_' src/*/*/config.c src/front/project/project.c | grep -oE '[a-z_]{2,}' | sort -u; }
metrics() { grep -oE '^ *\{"[a-z0-9_]+", (OFFLINE|LIVE)' src/proof/evidence/metric_table.c | grep -oE '[a-z][a-z0-9_]+'; }
schemas() { grep -rhoE '"cairn\.[a-z-]+/v1' src/front --include=*.c | tr -d '"' | grep -v recipe | sort -u; }
verbs() { "$CAIRN" help --json | python3 -c 'import json, sys
for verb in json.load(sys.stdin)["verbs"]: print(verb["name"])'; }

described "keys of cairn.yaml" docs/formats/cairn-yaml.md < <(keys)
described "metrics" docs/formats/cairn-yaml.md < <(metrics)
described "schemas" docs/formats/cli-json.md docs/formats/http.md < <(schemas)
described "verbs" docs/formats/cli-json.md < <(verbs)

echo "1..$count"
exit $failed
