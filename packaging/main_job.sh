#!/usr/bin/env bash
# The main job of Quantscope from the command line, as a person would do it in the studio:
#   main_job.sh QUANTSCOPE-CLI MODEL RESULTS-FOLDER
# looks inside the model, sets the MLP layers to piecewise and the attention layers to uniform, quantizes, compares text
# and perplexity with the original and with plain uniform quantization, and exports the model and an HDF5 report.
set -euo pipefail
cli=$1 model=$2 results=$3
mkdir -p "$results"
say() { printf '\n== %s\n' "$*"; }

say "What is in $model"
"$cli" inspect "$model" | head -n 12

say "Which layers have outliers (statistics of every weight)"
"$cli" stats "$model" --out "$results/statistics.h5" | head -n 16

say "Attention uniform, MLP piecewise, 4 bits"
"$cli" recipe new "$model" --preset study-mlp-piecewise-w4 >"$results/study.json"
"$cli" recipe new "$model" --preset uniform-w4-g64 >"$results/uniform.json"
"$cli" quantize "$model" --recipe "$results/study.json" --out "$results/study"
"$cli" quantize "$model" --recipe "$results/study.json" --format hf --out "$results/study-hf"

say "Side by side with the original"
"$cli" compare "$model" "$results/uniform.json" "$results/study" --max-tokens 4096 | tee "$results/comparison.txt"

prompt="The best way to learn a language is"
say "The same prompt: $prompt"
printf 'original:  '; "$cli" generate "$model" --prompt "$prompt" --max-tokens 32
printf 'quantized: '; "$cli" generate "$results/study" --prompt "$prompt" --max-tokens 32

say "Results are in $results: statistics.h5, study/ (packed model and report.h5), study-hf/ (Hugging Face folder), comparison.txt"
