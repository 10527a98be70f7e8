#!/bin/bash
# tools/check_layers and tools/check_style find each thing that they promise, and nothing in a clean tree.
set -u
tree=$(mktemp -d)
count=0 failed=0

report() { # ok|"not ok" name
    count=$((count + 1))
    [ "$1" = ok ] || failed=1
    echo "$1 $count - $2"
}
write() { # path text
    mkdir -p "$tree/$(dirname "$1")"
    printf '%b' "$2" >"$tree/$1"
}
fresh() {
    rm -rf "${tree:?}"/*
    write src/meson.build "rooms = ['base', 'engine/text', 'engine/model', 'front/app', 'front/cli']\n"
    for room in base engine/text engine/model front/app front/cli; do
        write "src/$room/README.md" "# $room\n"
        write "src/$room/meson.build" "sources += files('a.c')\n"
        write "src/$room/a.c" '#include "base/err.h"\n'
    done
    write src/base/err.h '#ifndef BASE_ERR_H\n#define BASE_ERR_H\n#endif\n'
    cp "$CAIRN_SOURCE/.clang-format" "$tree/"
}
layers() { "$CAIRN_SOURCE/tools/check_layers" "$tree" 2>&1; }
style() { "$CAIRN_SOURCE/tools/check_style" $format "$tree" 2>&1; }
format=--no-format
finds() { # name checker expected-line
    local out
    out=$($2)
    if [ $? -eq 1 ] && grep -qF -- "$3" <<<"$out"; then
        report ok "$1"
    else
        report "not ok" "$1"
        sed 's/^/# /' <<<"$out"
    fi
}
clean() { # name checker
    local out
    if out=$($2) && [ -z "$out" ]; then report ok "$1"; else
        report "not ok" "$1"
        sed 's/^/# /' <<<"$out"
    fi
}

fresh
clean "layers: a clean tree" layers
clean "style: a clean tree" style

fresh
write src/engine/text/a.c '\n#include "engine/model/model.h"\n'
finds "layers: a room below" layers 'src/engine/text/a.c:2: engine/text may not include "engine/model/model.h"'
fresh
write src/engine/model/a.c '#include "engine/text/tokenizer.h"\n#include "base/map.h"\n'
clean "layers: rooms above and base" layers
fresh
write src/engine/model/a.c '#include "engine/text/x_internal.h"\n'
finds "layers: another room's private header" layers 'src/engine/model/a.c:1: "engine/text/x_internal.h" is private'
write src/engine/model/a.c '#include "engine/model/x_internal.h"\n'
clean "layers: a private header at home" layers
fresh
write src/base/a.c '#include "json.h"\n'
finds "layers: an include without its room" layers 'src/base/a.c:1: "json.h" is in no room'
fresh
write src/engine/text/a.c '/* the champion\nis here */\n'
finds "layers: a domain word in the engine" layers 'src/engine/text/a.c:1: "champion" is no word of engine/text'
write src/engine/text/a.c '/* agate, navigate, delegates */\n'
clean "layers: words that only look like one" layers
fresh
write src/front/app/a.c 'void f(void)\n{\n    printf("x");\n}\n'
finds "layers: printing below the front" layers 'src/front/app/a.c:3: front/app must not print'
write src/front/app/a.c 'void f(void)\n{\n    exit(1);\n}\n'
finds "layers: exit below the front" layers 'src/front/app/a.c:3: front/app must not print'
write src/front/app/a.c 'void f(void)\n{\n    g(getenv("X"));\n}\n'
finds "layers: the environment below the front" layers 'src/front/app/a.c:3: front/app must not print'
write src/front/app/a.c 'void f(void)\n{\n    fprintf(stderr, "x");\n}\n'
finds "layers: stderr below the front" layers 'src/front/app/a.c:3: front/app must not print'
write src/front/app/a.c '/* printf() and exit() are not called */\nconst char *s = "getenv(x)"; int snprintf(void);\n'
clean "layers: comments and texts may name them" layers
fresh
write src/front/cli/a.c 'void f(void)\n{\n    printf("x");\n}\n'
clean "layers: the command line prints" layers
fresh
write src/front/app/b.c ' \n'
finds "layers: a file that is not compiled" layers 'src/front/app/b.c:1: no meson.build names'
fresh
write tests/engine/text/test_a.c '#include "engine/model/model.h"\n'
finds "layers: a test that reaches below its room" layers 'tests/engine/text/test_a.c:1: engine/text may not'
write tests/engine/text/test_a.c '#include "support/test_data.h"\n#include "engine/text/t.h"\n'
clean "layers: a test of its room" layers

long=$(printf 'x%.0s' {1..101})
fresh
write src/base/a.c "/* $long */\n"
finds "style: a long line" style 'src/base/a.c:1: 107 columns'
write src/base/a.c 'int x; \n'
finds "style: white space at the end" style 'src/base/a.c:1: white space'
write src/base/a.c "$(printf 'int x;\\n%.0s' {1..801})"
finds "style: a long file" style 'src/base/a.c:800: the file has 801 lines'
write src/base/a.c "int f(void)\n{\n$(printf '    g();\\n%.0s' {1..69})}\n"
finds "style: a long function" style 'src/base/a.c:2: f has 71 lines'
write src/base/a.c 'typedef struct x x;\n'
finds "style: typedef struct" style 'src/base/a.c:1: typedef struct'
for name in strcpy strcat sprintf gets strtok atoi; do
    write src/base/a.c "void f(void)\n{\n    $name(x);\n}\n"
    finds "style: $name" style "src/base/a.c:3: $name is banned"
done
write src/base/a.c 'void f(void)\n{\n    snprintf(x);\n    p->gets(x); /* strcpy(x) */\n}\n'
clean "style: names that only look banned" style
write src/base/a.c "/* TO""DO: later */\n"
finds "style: a to-do mark" style 'src/base/a.c:1: a to-do mark'
fresh
write docs/a.md "see /ho""me/me/cairn\n"
finds "style: a machine's path" style "docs/a.md:1: a path of somebody's machine"
write docs/a.md "from https://py""pi.org/simple\n"
finds "style: a registry's host" style "docs/a.md:1: a registry's host name"
write docs/a.md 'see [b](b.md)\n'
finds "style: a link that leads nowhere" style 'docs/a.md:1: the link b.md leads nowhere'
write docs/a.md 'see [b](../src/engine/text/README.md#x), [c](https://example.org), `[d](d.md)`\n'
clean "style: links that lead somewhere" style
fresh
rm "$tree/src/engine/text/README.md"
finds "style: a room without README" style 'src/engine/text/README.md:1: the room has no README.md'
fresh
write src/base/a.c 'int  x ;\n'
format=
if command -v clang-format >/dev/null; then
    finds "style: another layout" style "src/base/a.c:1: not clang-format's layout"
else
    report ok "style: another layout # SKIP clang-format is not installed"
fi

rm -rf "$tree"
echo "1..$count"
exit $failed
