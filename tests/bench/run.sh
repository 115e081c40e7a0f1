#!/bin/sh
# How fast a training step is: as a fraction of P, what the machine's multiply-adds alone would
# allow, and against peers.
#
#   sh tests/bench/run.sh [-t THREADS] [-r ROUNDS] [-n STEPS] [-b BUILD-FOLDER] [-o FILE.json] [WORKLOAD...]
#
# In each round every workload runs between P and its peers, so that what else the machine does
# weighs on all of them; the figures are medians over the rounds. Peers are OpenBLAS, if it can be
# linked, and what GRADC_PEER names: it is called as
#
#   $GRADC_PEER THREADS MODE WORKLOAD      MODE: each of GRADC_PEER_MODES (eager), such as
#                                          "eager compile" for torch.compile beside it
#
# and prints a line `WORKLOAD ... med MILLISECONDS ...`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build threads=$(nproc) rounds=3 steps='' json=''
while getopts t:r:n:b:o: option; do
    case $option in
    t) threads=$OPTARG ;;
    r) rounds=$OPTARG ;;
    n) steps="--steps $OPTARG" ;;
    b) build=$OPTARG ;;
    o) json=$OPTARG ;;
    *) sed -n '/^#   sh /s/^# *//p' "$0" >&2 && exit 2 ;;
    esac
done
shift $((OPTIND - 1))
gradc=$build/bin/gradc cc=${CC:-clang}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

now() { date +%s.%N; }
say() { printf '%s\n' "$*" >&2; }

# Columns 3 to the end of a row of the table, by the name in column 1.
row() { sed -n "s/^$1  *[^ ]*  *//p" "$here/workloads"; }
peer_of() { awk -v name="$1" '$1 == name { print $2 }' "$here/workloads"; }

# shellcheck disable=SC2046,SC2086
compile() {
    began=$(now)
    (cd "$here" && "$gradc" emit $(row "$1") -o "$tmp/$1.c")
    emitted=$(now)
    (cd "$here" && "$gradc" build --cc "$cc" $(row "$1") -o "$tmp/$1")
    built=$(now)
    flops=$("$tmp/$1" info | sed -n 's/.* \([^ ]*\) million operations per step/\1/p')
    memory=$("$tmp/$1" info | sed -n 's/^\([0-9]*\) bytes of memory.*/\1/p')
    echo "built $1 $flops $memory $(wc -c <"$tmp/$1") $began $emitted $built" >>"$tmp/log"
}

# "median fastest processors'", in ms
time_step() {
    # shellcheck disable=SC2086
    "$tmp/$1" bench --threads "$threads" $steps |
        sed 's/.*: median \([^ ]*\) ms (fastest \([^,]*\), of processors \([^)]*\)).*/\1 \2 \3/'
}

# What the products are as matrices: rows, inputs, outputs, which.
shape_of() {
    case $1 in
    sgemm_512) echo 512 512 512 forward ;;
    dense_*) echo 768 384 1536 "${1#dense_}" ;;
    esac
}

# shellcheck disable=SC2046,SC2086
run_peers() {
    case $(peer_of "$1") in
    blas)
        [ ! -x "$tmp/blas" ] || echo "peer $1 $2 openblas" \
            $(OPENBLAS_NUM_THREADS=$threads "$tmp/blas" $(shape_of "$1")) >>"$tmp/log"
        ;;
    torch)
        [ -n "${GRADC_PEER:-}" ] || return 0
        for mode in ${GRADC_PEER_MODES:-eager}; do
            ms=$($GRADC_PEER "$threads" "$mode" "$1" 2>/dev/null |
                sed -n "s/^$1 .* med *\([0-9.]*\).*/\1/p") || ms=
            echo "peer $1 $2 $mode ${ms:-none}" >>"$tmp/log"
        done
        ;;
    esac
}

# shellcheck disable=SC2046
flags=$("$gradc" flags --cc "$cc")
# shellcheck disable=SC2086
"$cc" $flags "$here/peak.c" -o "$tmp/peak" -lpthread
"$cc" -O2 "$here/blas.c" -o "$tmp/blas" -lopenblas 2>/dev/null ||
    say "absent: OpenBLAS (libopenblas-dev)"
[ -n "${GRADC_PEER:-}" ] || say "absent: PyTorch (GRADC_PEER names no program)"

[ $# -gt 0 ] || set -- $(awk '!/^#/ { print $1 }' "$here/workloads")
for workload in "$@"; do
    [ -n "$(row "$workload")" ] || { say "no workload '$workload'"; exit 2; }
    compile "$workload"
done
for round in $(seq "$rounds"); do
    for workload in "$@"; do
        say "round $round: $workload"
        echo "time $workload $round $("$tmp/peak" "$threads") $(time_step "$workload")" >>"$tmp/log"
        run_peers "$workload" "$round"
    done
done
machine=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
awk -v threads="$threads" -v rounds="$rounds" -v json="$json" -v machine="$machine" \
    -v busy="$(cut -d' ' -f1 /proc/loadavg)" -f "$here/report.awk" "$tmp/log"
