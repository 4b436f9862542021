#!/usr/bin/env bash
# Runs the benchmarks, each figure with its limit beside it. Ask for it on a quiet machine: nothing else should run.
#   bench.sh [statistics|piecewise|estimate|weights_view …]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
cmake --preset release >/dev/null
names=("$@")
[ ${#names[@]} -gt 0 ] || names=(statistics estimate weights_view piecewise)
for name in "${names[@]}"; do
    cmake --build --preset release --target "bench_$name"
    printf '\n== %s\n' "$name"
    QT_QPA_PLATFORM=offscreen "build/release/bin/bench_$name"
done
