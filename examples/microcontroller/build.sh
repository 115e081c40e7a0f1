#!/bin/sh
# build.sh [FOLDER]: the program for a Cortex-M4F, and the same C for this machine, in FOLDER.
# It takes gradc, gcc-arm-none-eabi and clang.
set -eu
cd "$(dirname "$0")"
here=$PWD
mkdir -p "${1:-.}" && cd "${1:-.}"
gradc=${GRADC:-gradc}

for model in xor iris; do
    "$gradc" emit "$here/../$model/$model.nn" -o $model.c --freestanding --target cortex-m4
done
sed 's/\(.*\),\(.\)$/    {{\1}, \2},/' "$here/../iris/iris.csv" >flowers.h

# Off: each operation is rounded by itself, so that every machine has the same numbers.
flags='-std=c11 -Os -ffp-contract=off -ffreestanding -Wall -Wextra -Wpedantic -Werror -I.'
# shellcheck disable=SC2086
arm-none-eabi-gcc $flags -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 \
    -ffunction-sections -fno-tree-loop-distribute-patterns -nostdlib -Wl,--gc-sections \
    "$here/main.c" "$here/board.c" xor.c iris.c -lgcc -o learn.elf
echo '#include <stdio.h>
void say(const char *text) { fputs(text, stdout); }' >host.c
# shellcheck disable=SC2086
clang $flags "$here/main.c" xor.c iris.c host.c -o learn
