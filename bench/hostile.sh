#!/usr/bin/env bash
# The hostile path: requests over the source limit, Countersign and nginx's limit_req in turns, on the same cores.
# Needs wrk and nginx. Usage: bench/hostile.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${1:-10}"
work=$(mktemp -d)
binary="${CARGO_TARGET_DIR:-target}/release/countersign"
[ -x "$binary" ] || cargo build --release -p countersign
pids=()
finish() { for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; rm -rf "$work"; }
trap finish EXIT

export COUNTERSIGN_SERVER__LISTEN=127.0.0.1:18080 COUNTERSIGN_SERVER__ORIGIN=http://127.0.0.1:18080
BENCH_KEY=$("$binary" --data "$work/data" --json admin api-key create --name bench --scope recovery:request |
  sed -E 's/.*"key":"([^"]+)".*/\1/')
export BENCH_KEY
"$binary" --data "$work/data" serve 2>"$work/server.log" &
pids+=($!)
mkdir -p "$work/nginx"
nginx -p "$work/nginx" -c "$PWD/bench/nginx.conf" -e /dev/null &
pids+=($!)
for port in 18080 18081; do
  until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.1; done
done

run() { wrk -t2 -c64 -d"${seconds}s" -s bench/hostile.lua "http://127.0.0.1:$1/v1/recovery/requests" |
  awk -v who="$2" '/requests in/ {n=$1} /Non-2xx/ {bad=$NF} /Requests\/sec/ {rate=$2}
    END {printf "%-12s %9.0f requests/s   %d of %d rejected\n", who, rate, bad, n}'; }
for round in 1 2 3; do
  run 18080 countersign
  run 18081 nginx
done
