#!/bin/sh
# A C compiler for gradc check --cc: what it makes is a program for aarch64 that runs here,
# under qemu. Of the runtime it links what such a program uses, built for that machine.
set -eu
runtime=$(dirname "$0")/../../runtime
program=$(mktemp "${TMPDIR:-/tmp}/aarch64.XXXXXX")
for word; do
    shift
    case $word in
    */libgr.a) for part in probe pool run array error; do set -- "$@" "$runtime/$part.c"; done ;;
    -lz | -fsanitize=* | -fno-sanitize-recover=*) ;;
    -o) output= ;;
    *) [ -n "${output-set}" ] && set -- "$@" "$word" || output=$word ;;
    esac
done
clang --target=aarch64-linux-gnu -static "$@" -D_GNU_SOURCE -ffunction-sections -Wl,--gc-sections -o "$program"
printf '#!/bin/sh\nexec qemu-aarch64-static %s\n' "$program" >"$output"
chmod +x "$output"
