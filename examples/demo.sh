#!/bin/sh
# Installs what is missing, builds Quern, compiles the examples to native programs and trains them.
# usage: demo.sh [--data FOLDER-WITH-MNIST]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/cmake/packages.sh"
mnist=$root/../shared/data/mnist
case ${1-} in
'') ;;
--data) mnist=${2:?--data needs a folder} ;;
*) echo "usage: demo.sh [--data FOLDER-WITH-MNIST]" >&2; exit 2 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
section() { printf '\n== %s\n' "$*"; }
missed() { echo "missed: $*" >&2; failures=$((failures + 1)); }
# within VALUE LOW HIGH: whether a number lies between two others.
within() { awk -v v="$1" -v l="$2" -v h="$3" 'BEGIN { exit !(v != "" && v + 0 >= l && v + 0 <= h) }'; }
# shown COMMAND ARGUMENT...: prints the command without the folders, and runs it.
exec 3>&1
shown() {
  printf '%s ' '$' "$@" | sed 's#[^ =]*/##g; s# $##' >&3
  echo >&3
  "$@"
}
figure() { sed -n "s/.*[ ,]$1: \([0-9.e+-]*\).*/\1/p" | tail -n 1; }

section "Build"
quern_install_packages
quern_build "$root"
quern=$root/build/bin/quern
echo "$quern"

# The exact least-squares solution of a CSV file whose last column is the target: the normal equations,
# by Gaussian elimination.
least_squares() {
  awk -F , 'NR > 1 {
    n = NF; v[0] = 1; for (i = 1; i < n; i++) v[i] = $i
    for (i = 0; i < n; i++) { for (j = 0; j < n; j++) a[i, j] += v[i] * v[j]; a[i, n] += v[i] * $n }
  } END {
    for (k = 0; k < n; k++) for (i = 0; i < n; i++) if (i != k) {
      f = a[i, k] / a[k, k]; for (j = k; j <= n; j++) a[i, j] -= f * a[k, j]
    }
    printf "  least squares: bias %.4f, weight", a[0, n] / a[0, 0]
    for (i = 1; i < n; i++) printf " %.4f", a[i, n] / a[i, i]
    print ""
  }' "$1"
}

# regression MODEL DATA LR EPOCHS HIGHEST-LAST-LOSS
regression() {
  section "$1.qn: $4 epochs at $3"
  shown "$quern" build "$root/examples/lecture/$1.qn" -o "$work/$1"
  shown "$work/$1" train --data "$root/examples/lecture/data/$2.csv" --batch 50 --epochs "$4" --lr "$3" \
    --save "$work/$1.safetensors" >"$work/log"
  cat "$work/log"
  last=$(figure loss <"$work/log")
  within "$last" 0 "$5" || missed "$1 should end with a loss of at most $5, not '$last'"
  shown "$quern" params "$work/$1.safetensors"
}
regression simple simple 0.1 5 94.5
least_squares "$root/examples/lecture/data/simple.csv"
regression multiple multiple 0.1 5 103.1
least_squares "$root/examples/lecture/data/multiple.csv"
regression nonlinear nonlinear 0.3 10 6.5
regression nonlinear_deep nonlinear 0.3 20 8.8

# classification MODEL EPOCHS LEAST-ACCURACY
classification() {
  section "$1.qn: $2 epochs, a fifth of the points held out"
  shown "$quern" build "$root/examples/lecture/$1.qn" -o "$work/$1"
  shown "$work/$1" train --data "$root/examples/lecture/data/$1.csv" --split 0.2 --batch 32 --epochs "$2" >"$work/log"
  cat "$work/log"
  last=$(figure accuracy <"$work/log")
  within "$last" "$3" 1 || missed "$1 should reach an accuracy of $3, not '$last'"
}
classification circles 5 0.98
classification blobs 5 0.96

section "digits.qn: 8x8 digits, 1437 to train and 360 held out"
digits=$root/examples/digits
shown "$quern" build "$digits/digits.qn" -o "$work/digits"
shown "$work/digits" summary
shown "$work/digits" train --data "$digits/train.npz" --val "$digits/test.npz" --epochs 30 --batch 32 >"$work/log"
sed -n '1~5p; $p' "$work/log"
accuracy=$(figure accuracy <"$work/log")
echo "held-out accuracy: $accuracy"
within "$accuracy" 0.96 1 || missed "digits should reach an accuracy of 0.96, not '$accuracy'"

section "mnist.qn: 784-512-256-10"
if [ -e "$mnist/train-images-idx3-ubyte.gz" ]; then
  shown "$quern" build "$root/examples/mnist/mnist.qn" -o "$work/mnist"
  shown "$work/mnist" train --data "x=$mnist/train-images-idx3-ubyte.gz" --data "y=$mnist/train-labels-idx1-ubyte.gz" \
    --val "x=$mnist/t10k-images-idx3-ubyte.gz" --val "y=$mnist/t10k-labels-idx1-ubyte.gz" \
    --epochs 10 --batch 128 --schedule cosine | tee "$work/log"
  accuracy=$(figure accuracy <"$work/log")
  echo "test accuracy: $accuracy"
  within "$accuracy" 0.98 1 || missed "MNIST should reach an accuracy of 0.98, not '$accuracy'"
else
  echo "left out: there are no MNIST files in $mnist (demo.sh --data FOLDER)"
fi

section "Result"
[ "$failures" = 0 ] || { echo "$failures targets were missed"; exit 1; }
echo "every target was reached"
