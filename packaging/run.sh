#!/usr/bin/env bash
# Installs what is missing, builds, and opens the studio on the default model (or on the model given).
# Without a display the same main job runs headless: statistics, a recipe, quantization, comparison, export, report.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
bash "$root/packaging/setup.sh"
cd "$root"
cmake --preset release >/dev/null
cmake --build --preset release --target quantscope quantscope-cli
bin="$root/build/release/bin"
model=${1:-$(find "$root/build/models" -name '*.gguf' | sort | head -n 1)}
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    exec "$bin/quantscope" "$model"
fi
exec bash "$root/packaging/main_job.sh" "$bin/quantscope-cli" "$model" "${QUANTSCOPE_RESULTS:-$root/build/results}"
