#!/bin/sh
# From a fresh clone to a trained network: installs what is missing on Debian 12, builds gradc,
# compiles examples/digits to a program, trains it, and prints its accuracy on images it has
# not seen.
set -eu
cd "$(dirname "$0")/.."
sh tests/install.sh clang libc6-dev cmake make lemon zlib1g-dev

cmake -S . -B build -DCMAKE_C_COMPILER=clang >/dev/null
cmake --build build --target gradc -j "$(nproc)" | grep -v '^\[' || true

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
data=$PWD/examples/digits
set -x
build/bin/gradc build examples/digits/digits.nn -o "$work/digits"
cd "$work"
./digits train pixels="$data/train.csv:0-63" digit="$data/train.csv:64"
./digits eval pixels="$data/test.csv:0-63" digit="$data/test.csv:64"
