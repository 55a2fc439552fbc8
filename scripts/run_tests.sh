#!/usr/bin/env bash
# Runs the tests of a build folder and closes with one plain line: "N passed, N failed, N skipped".
set -uo pipefail
cd "$(dirname "$0")/.."
build=$1
ctest=.venv/bin/ctest
[ -x $ctest ] || ctest=ctest
log=$build/tests.log
export LSAN_OPTIONS=suppressions=$PWD/tests/support/lsan_suppressions.txt:print_suppressions=0
$ctest --test-dir "$build" -j "$(nproc)" --output-on-failure --no-tests=error > "$log" 2>&1
status=$?
# What each failed test printed, as far as it fits a screen or two; the names stand at the end.
is_failure='/\*\*\*Failed|\*\*\*Timeout|\*\*\*Exception|Not Run|Subprocess/ && /Test +#/'
if [ $status -ne 0 ]; then awk "/ Start +[0-9]+: /{next} / Test +#[0-9]+: /{show = 0} $is_failure {show = 60} show-- > 0" "$log" | head -300; fi
skipped=$(grep -c '\*\*\*Skipped' "$log")
if [ "$skipped" -gt 0 ]; then
  echo "skipped, and why:"
  grep -E '\*\*\*Skipped' "$log" | sed -E 's/^.*Test +#[0-9]+: /  /; s/ \.+.*//' | sort
  # ctest keeps a skipped test's own words in its log.
  grep -hE 'Skipped$|needs ' "$build/Testing/Temporary/LastTest.log" 2>/dev/null | grep -E 'needs ' | sort | uniq -c | sed 's/^/  /'
fi
if [ $status -ne 0 ]; then
  echo "failed:"
  awk "$is_failure" "$log" | sed -E 's/^.*Test +#[0-9]+: /  /; s/ \.{3,}/ /'
fi
failed=$(grep -cE 'Test +#[0-9]+: .*(\*\*\*(Failed|Timeout|Exception|Not Run)|Subprocess)' "$log")
passed=$(grep -cE 'Test +#[0-9]+: .* Passed ' "$log")
[ $status -eq 0 ] || [ "$failed" -gt 0 ] || { failed=1; tail -20 "$log"; }
echo "$passed passed, $failed failed, $skipped skipped"
exit $status
