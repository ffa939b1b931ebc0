#!/bin/sh
# Runs the commands of the lesson's pages: of every chapter, or of those named. Installs and builds what is missing.
# usage: run.sh [--keep FOLDER] [CHAPTER...]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/cmake/packages.sh"
chapters="tensors simple multiple nonlinear mlp activations classification"
kept=
if [ "${1-}" = --keep ]; then
  mkdir -p "${2:?--keep needs a folder}"
  kept=$(cd "$2" && pwd)
  shift 2
fi
for chapter in "$@"; do
  case " $chapters " in
  *" $chapter "*) ;;
  *) echo "error: there is no chapter '$chapter'; there are $chapters" >&2; exit 2 ;;
  esac
done
[ $# != 0 ] || set -- $chapters

quern_packages="$quern_packages g++ libeigen3-dev" # for the program of the chapters on least squares
quern_install_packages
quern_build "$root"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
QUERN=$work/quern # as if it were installed there
mkdir "$QUERN"
ln -s "$root/build/bin" "$root/build/lib" "$root/runtime/include" "$QUERN"
PATH=$QUERN/bin:$PATH
export QUERN PATH

# The commands of a page, one a line: what stands behind $ in its console blocks.
commands() { awk '/^```/ { inside = $0 == "```console" } inside && sub(/^\$ /, "")' "$1"; }

for chapter in "$@"; do
  printf '\n== %s\n' "$chapter"
  folder=${kept:-$work}/$chapter
  mkdir -p "$folder"
  ln -sf "$here"/*.qn "$here"/*.cpp "$here/data" "$folder"
  commands "$here/$chapter.md" >"$work/commands"
  while IFS= read -r line <&3; do
    printf '\n$ %s\n' "$line"
    (cd "$folder" && sh -c "$line") || { echo "error: this command failed" >&2; exit 1; }
  done 3<"$work/commands"
done
[ -z "$kept" ] || printf '\nwhat they wrote is in %s\n' "$kept"
