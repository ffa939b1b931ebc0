# Sourced by the scripts: installs the Debian packages that building Quern needs, where they are missing.

quern_packages="clang-22 cmake libmlir-22-dev liblld-22-dev lld-22 llvm-22-dev llvm-22-tools mlir-22-tools ninja-build python3 zlib1g-dev"

# What the tests need besides: abidiff, rsvg-convert, the sanitizers' libraries, NumPy for Debian's own python3, and what
# packages and programs outside the tree are made with.
quern_test_packages="abigail-tools dpkg-dev file g++ libclang-rt-22-dev librsvg2-bin make pkg-config python3-numpy"

# Prints those of the packages $1 that are not installed. A tool that is on the path counts, whoever put it there.
quern_missing_packages() {
  for package in $1; do
    case $package in
    cmake) command -v cmake >/dev/null && continue ;;
    ninja-build) command -v ninja >/dev/null && continue ;;
    python3) command -v python3 >/dev/null && continue ;;
    esac
    case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
    *" installed") ;;
    *) printf '%s ' "$package" ;;
    esac
  done
}

# Installs what is missing of the packages, and of those in $1, as root or through sudo; asks apt for nothing where nothing is.
quern_install_packages() {
  missing=$(quern_missing_packages "$quern_packages ${1-}")
  [ -n "$missing" ] || return 0
  echo "installing $missing"
  as_root=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
      echo "error: packages are missing and there is no sudo: apt-get install $missing" >&2
      return 1
    }
    as_root=sudo
  fi
  $as_root apt-get update -q || return 1
  # shellcheck disable=SC2086 # a list of words
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing
}

# Configures and builds the release preset in the folder $1; shows what the tools say only where they fail.
quern_build() {
  mkdir -p "$1/build" || return 1
  log=$1/build/build.log
  [ -x "$1/build/bin/quern" ] || echo "building; the first time takes minutes, which tail -f $log shows"
  if (cd "$1" && cmake --preset release && cmake --build --preset release) >"$log" 2>&1; then
    return 0
  fi
  tail -n 40 "$log" >&2
  echo "error: the build failed; all of it is in $log" >&2
  return 1
}
