#!/usr/bin/env bash
# Installs what the build needs, and only what is missing: Debian packages by apt, LibTorch, cmake and ninja from PyPI
# into .venv. `bootstrap.sh cuda` makes .venv-cuda with the CUDA LibTorch instead.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-cpu}

missing=()
while read -r package; do
  [ -n "$package" ] || continue
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done < scripts/apt-packages.txt
if [ ${#missing[@]} -gt 0 ]; then
  root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "bootstrap: apt packages are missing (${missing[*]}) and there is neither root nor sudo" >&2; exit 1; }
    root=(sudo)
  fi
  "${root[@]}" apt-get update -q
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
fi

venv=.venv
[ "$kind" = cuda ] && venv=.venv-cuda
[ -x $venv/bin/pip ] || /usr/bin/python3 -m venv $venv
$venv/bin/pip install -q --disable-pip-version-check -r scripts/requirements.txt
have=$($venv/bin/pip list --disable-pip-version-check 2>/dev/null | awk '$1 == "torch" {print $2}')
if [ "$kind" = cuda ]; then
  command -v nvcc >/dev/null || { echo "bootstrap: nvcc is not on PATH: the CUDA half needs the CUDA toolkit 13" >&2; exit 1; }
  case "$have" in 2.11.0*) ;; *) $venv/bin/pip install -q --disable-pip-version-check torch==2.11.0 ;; esac
elif [ -z "${LIBTORCH:-}" ]; then
  # libtorch_cpu needs only these two of the wheel's CUDA libraries: 1.3 GB instead of 4.6.
  case "$have" in 2.11.0*) ;; *) $venv/bin/pip install -q --disable-pip-version-check --no-deps torch==2.11.0 nvidia-cuda-runtime nvidia-cuda-cupti ;; esac
fi
