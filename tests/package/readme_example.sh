#!/bin/sh
# Follows README.md's example, from the file to the trained program, in the present folder, and compares what it
# prints with what the README says.
# usage: readme_example.sh README.md QUERN EXAMPLES
set -eu
readme=$1 quern=$2 examples=$3

# block N: the N-th block of code of the section that the example is in.
block() {
  awk -v wanted="$1" '
    /^## / { inside = ($0 == "## From a file to a trained program") }
    inside && /^```/ { open = !open; if (open) ++count; next }
    inside && open && count == wanted' "$readme"
}
block 1 >line.qn
block 2 | sed "s#^build/bin/quern #$quern #; s# examples/# $examples/#g" >commands
block 3 >expected
[ -s line.qn ] && [ -s commands ] && [ -s expected ] || {
  echo "error: $readme has no example of three blocks" >&2
  exit 1
}
sh -eu commands >printed
diff expected printed
