#!/bin/sh
# Search for inputs that break a reader: fuzz.sh NAME [SECONDS]. Needs clang's libFuzzer. What it
# finds is left in crash-*; put it, as small as it goes, into NAME/.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
name=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/entry.c" <<END
#include <stddef.h>
#include <stdint.h>
int fuzz_$name(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return fuzz_$name(data, size); }
END
clang -std=gnu17 -g -O1 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined \
    -fno-sanitize-recover=undefined -I"$here/../../runtime" "$work/entry.c" "$here/$name.c" \
    "$here"/../../runtime/*.c -lz -lm -lpthread -o "$work/fuzz"
mkdir "$work/corpus"
"$work/fuzz" -max_total_time="${2:-60}" -max_len=4096 -rss_limit_mb=1024 -print_final_stats=1 \
    -verbosity=0 "$work/corpus" "$here/$name"
