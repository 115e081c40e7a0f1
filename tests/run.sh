#!/bin/sh
# Every test: installs what is missing on Debian 12, builds, runs them; then again with the
# address and undefined-behaviour sanitizers. Ends with `N passed, N failed`.
#
#   sh tests/run.sh [BUILD-FOLDER]      FILTER='error/*' chooses tests
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
sh tests/install.sh clang gcc g++ libc6-dev cmake make pkgconf lemon zlib1g-dev libcriterion-dev \
    libclang-rt-14-dev libxml2-utils groff-base gdb graphviz texlive-latex-base chromium \
    dataset-fashion-mnist qemu-user-static \
    binutils-aarch64-linux-gnu libc6-dev-arm64-cross libgcc-12-dev-arm64-cross \
    gcc-arm-none-eabi lld nodejs meson ninja-build python3-onnx

log=$(mktemp)
trap 'rm -f "$log"' EXIT
broken=0

# run FOLDER OPTION...: build there, and add what its tests say to the log.
run() {
    folder=$1
    shift
    cmake -S . -B "$folder" -DCMAKE_C_COMPILER=clang "$@" >"$folder.log" 2>&1 &&
        cmake --build "$folder" -j "$(nproc)" >>"$folder.log" 2>&1 || {
        cat "$folder.log"
        broken=1
        return
    }
    rm -f "$folder.log"
    { cmake --build "$folder" --target check 2>&1 || true; } | tee -a "$log"
}

run "$build"
run "$build-sanitize" -DGRADC_SANITIZE=ON

# The totals of check.sh, one line for each build that got there.
sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log" | {
    passed=0 failed=$broken builds=0
    while read -r p f; do
        passed=$((passed + p)) failed=$((failed + f)) builds=$((builds + 1))
    done
    [ $builds -eq 2 ] || failed=$((failed + 2 - builds - broken))
    echo "$passed passed, $failed failed"
    [ $failed -eq 0 ]
}
