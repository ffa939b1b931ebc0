#!/bin/sh
# Builds the programs of this folder and runs each for a moment.
# usage: run.sh [--prefix FOLDER] [APP...]
# With --prefix, Quern is the one installed there; without, that of this source tree, which is built where it is not.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
prefix=
if [ "${1-}" = --prefix ]; then
  prefix=$(cd "${2:?--prefix needs a folder}" && pwd)
  shift 2
fi
if [ -n "$prefix" ]; then
  quern=$prefix/bin/quern include=$prefix/include lib=$prefix/lib
else
  build=${QUERN_BUILD:-$root/build}
  quern=$build/bin/quern include=$root/runtime/include lib=$build/lib
  [ -x "$quern" ] || { . "$root/cmake/packages.sh" && quern_install_packages && quern_build "$root"; }
fi
cc=${CC:-cc} cxx=${CXX:-c++}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
[ $# != 0 ] || set -- online server audio numpy two_models

# model FILE.qn OUT FLAG...
model() {
  source=$1 out=$2
  shift 2
  "$quern" build "$here/$source" -o "$out" "$@"
}
link="$lib/libquern.a -lm -pthread"

for app in "$@"; do
  printf '\n== %s\n' "$app"
  case $app in
  online)
    model online/stream.qn stream.a --dim B=1
    # shellcheck disable=SC2086 # a list of words
    $cc -O1 -I. -I"$include" "$here/online/online.c" stream.a $link -o online
    ./online --rows 10000 w.safetensors
    printf '0.1,0.2,0.3,0.4,0.3\n0.5 0.5 0.5 0.5 0\n' | ./online w.safetensors
    ;;
  server)
    model server/score.qn score.a
    # shellcheck disable=SC2086
    $cxx -std=c++17 -O2 -I. -I"$include" "$here/server/server.cpp" score.a $link -o server
    ./server
    ;;
  audio)
    model audio/amp.qn amp.a
    # shellcheck disable=SC2086
    $cxx -std=c++17 -O2 -I. -I"$include" "$here/audio/host.cpp" "$here/audio/effect.cpp" amp.a $link -o audio
    ./audio
    ./audio --sealed
    ;;
  numpy)
    for python in python3 /usr/bin/python3 ''; do
      [ -z "$python" ] || "$python" -c 'import numpy' 2>/dev/null || continue
      break
    done
    if [ -z "$python" ]; then
      echo "left out: no python3 has NumPy (Debian's package is python3-numpy)"
      continue
    fi
    model numpy/moons.qn moons.so
    "$python" "$here/numpy/moons.py" "$lib/libquern_shared.so" ./moons.so
    ;;
  two_models)
    if [ -n "$prefix" ]; then set -- "-DCMAKE_PREFIX_PATH=$prefix"; else set -- "-DQuern_DIR=$build"; fi
    cmake -S "$here/two_models" -B two_models "$@" >cmake.log && cmake --build two_models >>cmake.log || {
      cat cmake.log
      exit 1
    }
    two_models/sensor
    ;;
  *) echo "error: there is no app '$app'; there are online, server, audio, numpy and two_models" >&2; exit 2 ;;
  esac
done
