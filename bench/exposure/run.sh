#!/bin/sh
# Both sides of the exposure benchmark, one after the other: bench/exposure/run.sh [DIR [ACCOUNTS...]]
# DUCK is a Python with the package duckdb. Takes about 8 GB of disk for 20 and 50 million accounts.
set -eu
dir=${1:-/tmp/exposure}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- 20000000 50000000
bench() { cargo bench -q -p countersign --bench exposure -- "$@"; }
uptime
for accounts in "$@"; do
    [ -e "$dir/dir$accounts.csv" ] || (umask 022 && bench generate "$dir" "$accounts" 17500000)
    bench index "$dir" "$accounts"
    bench match "$dir" "$accounts" 2
    "${DUCK:-python3}" bench/exposure/duck.py "$dir" "$accounts"
done
bench csv "$dir"
uptime
