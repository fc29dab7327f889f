# SPDX-License-Identifier: Apache-2.0
# Sourced by examples/run.sh and tests/run.sh. need PACKAGE... installs the Debian packages that are missing, when it may;
# otherwise it names them and ends. Nothing runs when all is there. A tool that is on the path counts as installed.

has() {
  case $1 in
    g++ | cmake) command -v "$1" ;;
    ninja-build) command -v ninja ;;
    clang-19) command -v clang++-19 ;;
    gnuplot-nox) command -v gnuplot ;;
    *) dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>&1 | grep -qx installed ;;
  esac >/dev/null 2>&1
}

need() {
  if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "set-up: not a Debian system. CMake finds or fetches the libraries; the tools among these must be there: $*"
    return 0
  fi
  missing=""
  for package in "$@"; do has "$package" || missing="$missing $package"; done
  [ -z "$missing" ] && return 0

  if [ "$(id -u)" -eq 0 ]; then
    as_root=""
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
  else
    echo "set-up: packages are missing. Please run:" >&2
    echo "  sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
  fi
  echo "set-up: installing$missing"
  # shellcheck disable=SC2086
  quiet $as_root apt-get -qq update
  # shellcheck disable=SC2086
  quiet $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 install $missing
}

# quiet COMMAND...: run it silently; when it fails, show all it said and end.
quiet() {
  said=$(mktemp)
  if "$@" >"$said" 2>&1; then
    rm -f "$said"
  else
    cat "$said" >&2
    rm -f "$said"
    echo "failed: $*" >&2
    exit 1
  fi
}

# The packages that every build of ours needs; for the scripts that source this file.
# shellcheck disable=SC2034
packages="g++ cmake ninja-build libxsimd-dev libxtensor-dev libboost-dev nlohmann-json3-dev libcli11-dev zlib1g-dev"
