#!/bin/sh
# Installs what is missing, builds, and runs the suites named, or all: lit, unit, numerics, e2e, fuzz.
# usage: run.sh [SUITE...]
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/cmake/packages.sh"
quern_packages="$quern_packages g++ libeigen3-dev" # for the program of the lesson
suites="lit unit numerics e2e fuzz"
for suite in "$@"; do
  case " $suites " in
  *" $suite "*) ;;
  *) echo "error: there is no suite '$suite'; there are $suites" >&2; exit 2 ;;
  esac
done
[ $# != 0 ] || set -- $suites

quern_install_packages "$quern_test_packages" || exit 1
quern_build "$root" || exit 1
export QUERN_BUILD="$root/build"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0
failed=0

# Adds what the log's suite found; a suite that ends badly or empty without naming a case counts as one failure.
count() {
  good=$1 bad=$2 status=$3
  if [ "$bad" = 0 ] && { [ "$status" != 0 ] || [ "$good" = 0 ]; }; then
    echo "$suite: ended with status $status after $good cases"
    bad=1
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
  echo "$suite: $good passed, $bad failed"
}
# Sums the numbers behind words such as "Passed:" in lit's summary.
lit_sum() { awk -F : -v words="$1" '$1 ~ "^ +(" words ") *$" { n += $2 } END { print n + 0 }' "$log"; }
matching() { grep -cE "$1" "$log"; }

run_ctest() {
  ctest --test-dir "$QUERN_BUILD" -j2 --timeout 600 --output-on-failure "$@" >"$log" 2>&1
  status=$?
  [ "$status" = 0 ] || grep -vE '^ *(Start |[0-9]+/[0-9]+ .* Passed )' "$log"
  count "$(matching '^ *[0-9]+/[0-9]+ Test .* Passed ')" "$(matching '^ *[0-9]+/[0-9]+ Test .*(\*\*\*|Not Run)')" "$status"
}

for suite in "$@"; do
  printf '\n== %s\n' "$suite"
  case $suite in
  lit)
    /usr/lib/llvm-22/bin/lit -j2 -v "$root/tests/lit" >"$log" 2>&1
    status=$?
    [ "$status" = 0 ] || grep -vE '^PASS: ' "$log"
    count "$(lit_sum 'Passed|Passed With Retry|Expectedly Failed')" \
      "$(lit_sum 'Failed|Unresolved|Timed Out|Unexpectedly Passed')" "$status"
    ;;
  unit) run_ctest -E '^numerics' ;;
  numerics) run_ctest -R '^numerics' ;;
  e2e)
    python3 -B "$root/tests/e2e/run.py" >"$log" 2>&1
    status=$?
    cat "$log"
    count "$(matching '^ok ')" "$(matching '^FAIL ')" "$status"
    ;;
  fuzz)
    python3 -B "$root/tests/fuzz/frontend.py" "$QUERN_BUILD/bin/quern" 300 >"$log" 2>&1
    frontend=$?
    "$QUERN_BUILD/bin/runtime_reader_fuzz" 1000 >>"$log" 2>&1
    readers=$?
    cat "$log"
    bad=$(((frontend != 0) + (readers != 0)))
    count $((2 - bad)) "$bad" $((frontend + readers))
    ;;
  esac
done

echo
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
