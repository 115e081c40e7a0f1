#!/bin/sh
# A C compiler for programs that a test runs once: --cc tests/quick-cc.sh
exec clang "$@" -O0
