#!/bin/sh
# A C compiler for gradc check --cc: what it makes is a program for aarch64 that runs here,
# under qemu. Of the runtime it links what such a program uses, built for that machine. The
# file after -o is in a folder that gradc removes, and so is the program that it starts.
set -eu
runtime=$(dirname "$0")/../../runtime
before=
for word; do
    shift
    case $before$word in
    -o?*) program=$word.aarch64 output=$word && set -- "$@" "$program" ;;
    */libgr.a) for part in probe pool run array error; do set -- "$@" "$runtime/$part.c"; done ;;
    -lz) ;;
    *) set -- "$@" "$word" ;;
    esac
    before=
    [ "$word" != -o ] || before=-o
done
clang --target=aarch64-linux-gnu -static -D_GNU_SOURCE -ffunction-sections -Wl,--gc-sections "$@"
printf '#!/bin/sh\nexec qemu-aarch64-static %s\n' "$program" >"$output"
chmod +x "$output"
