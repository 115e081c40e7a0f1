#!/bin/sh
# Run test binaries and add up what they say: check.sh BINARY...
# FILTER='error/*' in the environment chooses tests, as Criterion's --filter does.
set -u
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=0}"
passed=0 failed=0

# field NAME: the number after `NAME:` in the closing line of Criterion.
field() { sed -n "s/.*Synthesis:.*$1: *\([0-9]*\).*/\1/p" "$log" | tail -n 1; }

for binary in "$@"; do
    echo "== ${binary##*/}"
    "$binary" --jobs 2 --ascii ${FILTER:+--filter "$FILTER"} >"$log" 2>&1
    status=$?
    grep -v '^\[----\] Warning! The test .* is missing' "$log"
    if [ -n "$(field Tested)" ]; then
        passed=$((passed + $(field Passing)))
        failed=$((failed + $(field Failing) + $(field Crashing)))
    elif [ $status -eq 0 ]; then
        passed=$((passed + 1)) # a program with a main of its own
    else
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
