#!/usr/bin/env bash
# What an image of Reprise holds, gathered in one folder: the programs, the libraries of LibTorch they load, and the
# files they read. `gather_image.sh cpu|cuda FOLDER`, after `make programs` or `make cuda`.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=$1 into=$2
case $kind in
  cpu) venv=.venv ;;
  cuda) venv=.venv-cuda ;;
  *) echo "gather_image: '$kind' is neither cpu nor cuda" >&2; exit 1 ;;
esac

mkdir -p "$into/build/$kind/bin" "$into/runs"
cp "build/$kind/bin/reprise" "build/$kind/bin/reprise-engine" "build/$kind/bin/reprise-sandbox" "$into/build/$kind/bin/"
ln -s "build/$kind/bin" "$into/bin"
cp --parents -r configs recipes evaluation/published evaluation/benchmarks evaluation/presets evaluation/tasks.yaml evaluation/prices.yaml datasets/manifests "$into/"

# The programs' rpath names the venv they were built with, so the libraries keep their places.
libraries=$(ls -d $venv/lib/python3*/site-packages/torch/lib $venv/lib/python3*/site-packages/nvidia/*/lib)
for folder in $libraries; do
  mkdir -p "$into/$folder"
  for library in "$folder"/*.so*; do
    case "$kind:$(basename "$library")" in
      *:libtorch_python*|*:libshm*) ;;
      cpu:libtorch_cuda*|cpu:libc10_cuda*|cpu:libtorch_nvshmem*|cpu:libcaffe2_nvrtc*) ;;
      cpu:libnvperf*|cpu:libpcsampling*|cpu:libcheckpoint*) ;;
      *) cp -a "$library" "$into/$folder/" ;;
    esac
  done
done
du -sh "$into"
