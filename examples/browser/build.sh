#!/bin/sh
# build.sh [FOLDER]: digits.wasm and digits.html, which needs no other file, in FOLDER.
# It takes gradc, clang and lld.
set -eu
cd "$(dirname "$0")"
here=$PWD
mkdir -p "${1:-.}" && cd "${1:-.}"

"${GRADC:-gradc}" emit "$here/../digits/digits.nn" -o digits.c --freestanding --target wasm32
clang --target=wasm32 -msimd128 -std=c11 -O2 -ffreestanding -fno-builtin -nostdlib -I. \
    -Wall -Wextra -Wpedantic -Werror -Wl,--no-entry "$here/module.c" digits.c -o digits.wasm

{
    sed '/<!-- data -->/,$d' "$here/page.html"
    echo '<script>'
    echo "const wasm = \`$(base64 -w 0 digits.wasm)\`;"
    echo "const train = \`$(cat "$here/../digits/train.csv")\`;"
    echo "const test = \`$(cat "$here/../digits/test.csv")\`;"
    cat "$here/learn.js"
    echo '</script>'
    sed '1,/<!-- data -->/d' "$here/page.html"
} >digits.html
