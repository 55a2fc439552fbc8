#!/usr/bin/env bash
# What a machine with a card and nothing else can tell: the kernel tests, compute-sanitizer over them, benches, a short run. Each part by itself,
# with its own time, so that one call fits into minutes; one JSON and one log come out. Wants `make cuda` done here or its programs carried here
# (build/cuda/bin: reprise, reprise-engine, reprise-sandbox, kernel_ops_test), recipes/ and configs/ beside them, and LibTorch by its path.
#
#   scripts/gpu_check.sh --torch /path/to/site-packages/torch --out gpu-check            # every part
#   scripts/gpu_check.sh --out gpu-check --seconds 300 memcheck racecheck                # two of them
#
# Exit 0 when every part passed, 1 when one failed or ran out of time, 2 when there is no card.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=build/cuda/bin out=gpu-check torch= seconds=450 parts=()
usage() { sed -n '2,10s/^# \{0,1\}//p' "$0"; echo "parts: tests memcheck racecheck bench-rollout bench-sft bench-grpo grpo repeat"; }
while [ $# -gt 0 ]; do
  case $1 in
    --bin|--out|--torch|--seconds)
      [ $# -ge 2 ] || { echo "gpu_check: $1 wants a value; see --help" >&2; exit 1; }
      declare "${1#--}=$2"; shift 2 ;;
    --help|-h) usage; exit 0 ;;
    tests|memcheck|racecheck|bench-rollout|bench-sft|bench-grpo|grpo|repeat) parts+=("$1"); shift ;;
    *) echo "gpu_check: '$1' is no part and no option; see --help" >&2; exit 1 ;;
  esac
done
[ ${#parts[@]} -gt 0 ] || parts=(tests memcheck racecheck bench-rollout bench-sft bench-grpo grpo repeat)
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "gpu_check: --seconds $seconds is no number of seconds" >&2; exit 1; }
for program in reprise reprise-engine kernel_ops_test; do
  [ -x "$bin/$program" ] || { echo "gpu_check: $bin/$program is not there: run make cuda, or give --bin DIR" >&2; exit 1; }
done
if [ -n "$torch" ]; then
  [ -d "$torch/lib" ] || { echo "gpu_check: $torch has no lib/: give the folder of the package torch" >&2; exit 1; }
  for folder in "$torch/lib" "$torch"/../nvidia/*/lib; do LD_LIBRARY_PATH=$folder:${LD_LIBRARY_PATH:-}; done
  export LD_LIBRARY_PATH
fi
device=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null | head -n 1)
[ -n "$device" ] || { echo "gpu_check: no CUDA device is there (nvidia-smi names none)" >&2; exit 2; }
mkdir -p "$out"
log=$out/gpu_check.log
: > "$log"

# The command of a part; what it prints goes into the log.
run_part() {
  case $1 in
    tests) "$bin/kernel_ops_test" --gtest_filter='*card*' ;;
    memcheck) compute-sanitizer --tool memcheck --error-exitcode 9 "$bin/kernel_ops_test" --gtest_filter='*card*' ;;
    racecheck) compute-sanitizer --tool racecheck --error-exitcode 9 "$bin/kernel_ops_test" --gtest_filter='*card*' ;;
    bench-*) "$bin/reprise" bench "${1#bench-}" --device cuda --dtype bfloat16 --json ;;
    grpo) rm -rf "$out/run" && "$bin/reprise" run recipes/mini-r1-short.yaml --out "$out/run" --set hardware.device=cuda ;;
    # The same run again: equal ledgers, or the first step that differs.
    repeat) [ -d "$out/run" ] || run_part grpo && "$bin/reprise" reproduce "$out/run" ;;
  esac
}

rows=() failed=0
for part in "${parts[@]}"; do
  if [[ $part == *check ]] && ! command -v compute-sanitizer >/dev/null; then
    state=skipped why="compute-sanitizer is not on PATH" code=0 spent=0
  else
    printf '== %s\n' "$part" >> "$log"
    start=$SECONDS
    export -f run_part; export bin out
    timeout "$seconds" bash -c 'set -o pipefail; run_part "$0"' "$part" >> "$log" 2>&1
    code=$? spent=$((SECONDS - start)) why=
    case $code in
      0) state=passed ;;
      124) state=timeout why="more than $seconds s" failed=1 ;;
      *) state=failed why=$(tail -n 1 "$log" | tr -d '"\\' | cut -c1-200) failed=1 ;;
    esac
    # A filter that finds no test is no proof.
    if [ "$state" = passed ] && [[ $part == tests || $part == *check ]] && ! grep -qE '\[  PASSED  \] [1-9]' "$log"; then state=failed why="no test ran" failed=1; fi
  fi
  echo "$part: $state${why:+ ($why)}, $spent s"
  rows+=("{\"part\": \"$part\", \"state\": \"$state\", \"exit\": $code, \"seconds\": $spent, \"why\": \"$why\"}")
done
{
  printf '{"device": "%s", "version": "%s", "parts": [\n  ' "$device" "$("$bin/reprise" --version | head -n 1 | tr -d '"')"
  printf '%s' "${rows[0]}"; printf ',\n  %s' "${rows[@]:1}" | { [ ${#rows[@]} -gt 1 ] && cat || true; }
  printf '\n]}\n'
} > "$out/gpu_check.json"
echo "$out/gpu_check.json"
exit $failed
