#!/bin/sh
# How cost grows: with the batch, with width, depth and length, and from one example to another.
#
#   sh tests/bench/growth.sh [-t THREADS] [-b BUILD-FOLDER] [-o FILE.json] [SERIES...]
#
# SERIES are those of the table `growth`, and `example`: the programs below examples/; `batch:64`
# is one row of a series. For each row: the time of a training step; operations of it; what gradc takes to C and what the C
# compiler takes then; how large the program is; how long it takes to start; what memory its plan
# says, and what it has at most while it trains. Times are those of the processors, in which what
# else the machine does counts for little; gradc's goal is 1 s, the C compiler's 20 s.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build threads=1 json=''
while getopts t:b:o: option; do
    case $option in
    t) threads=$OPTARG ;;
    b) build=$OPTARG ;;
    o) json=$OPTARG ;;
    *) sed -n '/^#   sh /s/^# *//p' "$0" >&2 && exit 2 ;;
    esac
done
shift $((OPTIND - 1))
case $json in '' | /*) ;; *) json=$PWD/$json ;; esac
build=$(cd "$build" && pwd)
gradc=$build/bin/gradc cc=${CC:-clang}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

"$cc" -O2 "$here/use.c" -o "$tmp/use"
use() { "$tmp/use" "$@"; }

rows() {
    sed '/^#/d' "$here/growth"
    for example in "$here"/../../examples/*/*.nn; do
        echo "example $(basename "$example" .nn) $example"
    done
}

# "series value ms mflop gradc-s cc-s bytes start-s plan-bytes peak-bytes"
# shellcheck disable=SC2068,SC2086
measure() {
    series=$1 value=$2
    shift 2
    emitted=$(use 3 "$gradc" emit $@ -o "$tmp/m.c")
    built=$(use 1 "$gradc" build --cc "$cc" $@ -o "$tmp/m")
    started=$(use 10 "$tmp/m" help)
    info=$("$tmp/m" info)
    ms=$("$tmp/m" bench --threads "$threads" |
        sed 's/.*: median .*of processors \([^)]*\)).*/\1/')
    peak=$(use 1 "$tmp/m" bench --threads "$threads" --steps 3)
    echo "$series $value $ms" \
        "$(echo "$info" | sed -n 's/.* \([^ ]*\) million operations per step.*/\1/p')" \
        "${emitted% *} ${built% *} $(wc -c <"$tmp/m") ${started% *}" \
        "$(echo "$info" | sed -n 's/^\([0-9]*\) bytes of memory.*/\1/p')" \
        "${peak#* } ${started#* }"
}

[ $# -gt 0 ] || set -- batch width depth length steps example
cd "$here"
for series in "$@"; do
    pattern="^$(echo "$series" | sed 's/:/  */') "
    rows | grep -q "$pattern" || { echo "no series '$series'" >&2 && exit 2; }
    rows | grep "$pattern" | while read -r row; do
        echo "$row" >&2
        # shellcheck disable=SC2086
        measure $row </dev/null >>"$tmp/log"
    done
done
machine=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
awk -v threads="$threads" -v json="$json" -v machine="$machine" -f "$here/growth.awk" "$tmp/log"
