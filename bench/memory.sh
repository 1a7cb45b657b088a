#!/usr/bin/env bash
# Memory of the server: idle, and after a million requests from a million sources, each of them taken up and durable.
# Needs wrk. Usage: bench/memory.sh [SOURCES]
set -euo pipefail
cd "$(dirname "$0")/.."
wanted="${1:-1000000}"
work=$(mktemp -d)
binary="${CARGO_TARGET_DIR:-target}/release/countersign"
[ -x "$binary" ] || cargo build --release -p countersign
export COUNTERSIGN_SERVER__LISTEN=127.0.0.1:18080 COUNTERSIGN_SERVER__ORIGIN=http://127.0.0.1:18080
BENCH_KEY=$("$binary" --data "$work/data" --json admin api-key create --name bench --scope recovery:request |
  sed -E 's/.*"key":"([^"]+)".*/\1/')
export BENCH_KEY
"$binary" --data "$work/data" serve 2>"$work/server.log" &
pid=$!
trap 'kill $pid 2>/dev/null || true; rm -rf "$work"' EXIT
until (exec 3<>"/dev/tcp/127.0.0.1/18080") 2>/dev/null; do sleep 0.1; done

rss() { awk '/VmRSS/ {printf "%.0f MiB", $2 / 1024}' "/proc/$pid/status"; }
taken() { curl -s http://127.0.0.1:18080/metrics |
  awk '/^countersign_recovery_requests_total\{kind="(accepted|held)"/ {n += $2} END {print n + 0}'; }
echo "idle: $(rss)"
begin=$SECONDS
round=0
while [ "$(taken)" -lt "$wanted" ]; do
  RUN=$((round++)) wrk -t2 -c64 -d20s -s bench/sources.lua http://127.0.0.1:18080/v1/recovery/requests >/dev/null
  echo "$(taken) sources taken up after $((SECONDS - begin)) s: $(rss)" >&2
done
echo "after $(taken) sources: $(rss)"
grep VmHWM "/proc/$pid/status" | awk '{printf "highest: %.0f MiB\n", $2 / 1024}'
