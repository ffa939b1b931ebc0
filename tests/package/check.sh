#!/bin/sh
# Installs the Debian package on a clean Debian 12 and follows the README's example there; then builds a C program
# with Debian's compiler and pkg-config, and takes the package off again. Needs root, the network and mmdebstrap (or
# debootstrap); takes minutes.
# usage: check.sh [PACKAGE.deb]      without one, the package is made of the build tree
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${QUERN_BUILD:-$root/build}

missing=
[ "$(id -u)" = 0 ] || missing="root's rights"
bootstrap=$(command -v mmdebstrap || command -v debootstrap || true)
[ -n "$bootstrap" ] || missing="${missing:+$missing and }mmdebstrap or debootstrap (apt-get install mmdebstrap)"
if [ -n "$missing" ]; then
  echo "left out: a clean Debian needs $missing"
  exit 0
fi

work=$(mktemp -d)
clean=$work/debian
tidy() {
  umount "$clean/dev/null" "$clean/proc" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap tidy EXIT
log=$work/log
# quietly COMMAND...: shows what a command says where it fails.
quietly() { "$@" >"$log" 2>&1 || { tail -n 30 "$log" >&2; echo "error: failed: $*" >&2; exit 1; }; }

deb=${1-}
if [ -z "$deb" ]; then
  quietly cpack --config "$build/CPackConfig.cmake" -B "$work/package"
  deb=$(echo "$work"/package/*.deb)
fi
echo "package: $(basename "$deb"), $(wc -c <"$deb") bytes"
echo "depends: $(dpkg-deb -f "$deb" Depends)"

mirror=http://deb.debian.org
case $bootstrap in
*mmdebstrap) quietly mmdebstrap --variant=minbase bookworm "$clean" "deb $mirror/debian bookworm main" ;;
*) quietly debootstrap --variant=minbase bookworm "$clean" "$mirror/debian" ;;
esac
# LLVM 22 comes as one of Debian's security updates.
printf 'deb %s/debian bookworm main\ndeb %s/debian-security bookworm-security main\n' $mirror $mirror \
  >"$clean/etc/apt/sources.list"
cp /etc/resolv.conf "$clean/etc/resolv.conf" 2>/dev/null || true
mount -t proc proc "$clean/proc"
[ -c "$clean/dev/null" ] || { : >"$clean/dev/null"; mount --bind /dev/null "$clean/dev/null"; }
inside() { chroot "$clean" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"; }
install() { quietly inside apt-get install -qy --no-install-recommends "$@"; }

cp "$deb" "$clean/root/quern.deb"
cp "$root/README.md" "$here/readme_example.sh" "$clean/root/"
quietly inside apt-get update -q
install /root/quern.deb
echo "installed: $(inside quern --version)"
quietly inside sh -euc 'mkdir /root/example; cd /root/example
  sh ../readme_example.sh ../README.md quern /usr/share/quern/examples'
echo "the README's example prints what it should"

install gcc libc6-dev pkg-config
quietly inside sh -euc 'cp -r /usr/share/quern/examples/embed /root/embed; cd /root/embed
  quern build line.qn -o line.a
  gcc $(pkg-config --cflags quern) train.c line.a $(pkg-config --libs quern) -o train
  ./train line.safetensors'
echo "a C program of Debian's compiler trains: $(cat "$log")"

quietly inside apt-get purge -qy quern
left=$(inside find / -xdev -path /root -prune -o -name '*quern*' ! -path '/var/*' ! -path '/proc/*' -print)
[ -z "$left" ] || { echo "error: after its removal, the package left $left" >&2; exit 1; }
echo "removed without a trace"
