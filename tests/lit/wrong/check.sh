#!/bin/sh
# Compares the messages for every wrong program here, byte for byte, with what is expected of it. Places in the
# library are left out, so that it can be edited.
# usage: sh check.sh QUERN
cd "$(dirname "$0")" || exit 2
failed=0 count=0
for program in *.qn; do
  count=$((count + 1))
  "$1" check "$program" 2>&1 | sed -E 's/^(std\/[a-z]+\.qn):[0-9]+:[0-9]+:/\1:/' | diff -u "${program%.qn}.expected" - || failed=$((failed + 1))
done
echo "$count wrong programs, $failed differ"
[ "$count" -ge 130 ] && [ "$failed" -eq 0 ]
