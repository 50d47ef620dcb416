#!/bin/sh
# Set up and act: sh resources/dev.sh demo|test|check|words|bench|screenshots|run [ARGS]
# Nothing needs to be there but Python 3.11 or later. Packages go into .venv beside this folder.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
venv=$root/.venv
py=$venv/bin/python
# Where Python may not keep what it compiled, each process compiles everything anew: a third of
# its start, and the test run starts hundreds.
unset PYTHONDONTWRITEBYTECODE

# What Qt's wheels load but do not carry, by Debian's names; a bare machine has no font either.
qt_packages="libegl1 libgl1 libxkbcommon0 libfontconfig1 libdbus-1-3 libglib2.0-0 fonts-dejavu-core
  libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0
  libxcb-render-util0 libxcb-shape0 libxcb-xkb1"

say() { printf 'modstation: %s\n' "$*" >&2; }

# Run a command in silence. When it fails, show what it said without the addresses in it.
quietly() {
  said=$("$@" 2>&1 </dev/null) && return
  printf '%s\n' "$said" | sed -e 's#[a-z+]*://[^ ]*#(address)#g' -e "s#host='[^']*'#host=(address)#g" >&2
  return 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Install Debian packages, or say the one command that does.
debian() {
  # shellcheck disable=SC2086  # a list of names
  set -- $*
  if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
    say "installing $# system packages"
    quietly as_root apt-get update -qq &&
      quietly as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" && return
  fi
  say "system packages are missing (Debian's names; other systems have their own). Please run:"
  printf "  sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends %s'\n" "$*" >&2
  return 1
}

find_python() {
  for name in python3.11 python3.12 python3.13 python3.14 python3; do
    "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    echo "$name"
    return
  done
  say "Python 3.11 or later is needed and was not found."
  return 1
}

make_venv() {
  "$py" -m pip --version >/dev/null 2>&1 && return
  python=$(find_python)
  say "making .venv"
  if "$python" -c 'import ensurepip' 2>/dev/null; then
    quietly "$python" -m venv --clear "$venv"
  elif "$python" -m pip --python "$(command -v "$python")" --version >/dev/null 2>&1; then
    # Debian keeps ensurepip in a package of its own; a pip outside can fill a .venv from there.
    quietly "$python" -m venv --clear --without-pip "$venv"
    quietly "$python" -m pip --python "$py" install -q pip
  else
    debian "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    quietly "$python" -m venv --clear "$venv"
  fi
}

install_packages() {
  wanted="$(cat "$root/pyproject.toml" "$root/resources/constraints.txt" | cksum) $root"
  [ "$wanted" = "$(cat "$venv/stamp" 2>/dev/null || true)" ] && return
  say "installing packages into .venv (minutes the first time)"
  quietly "$py" -m pip install -q --disable-pip-version-check \
    -c "$root/resources/constraints.txt" -e "$root[test,dev,heif,charts]"
  printf '%s\n' "$wanted" >"$venv/stamp"
}

# Cloudinary's SDK for Node, which tests drive where there is node; without it they are skipped.
install_node_packages() {
  command -v node >/dev/null && command -v npm >/dev/null || return 0
  wanted=$(grep -v '^#' "$root/resources/node-packages.txt")
  [ "$wanted" = "$(cat "$venv/node/stamp" 2>/dev/null || true)" ] && return
  say "installing packages for node into .venv/node"
  # No lock file: it would name a registry. Each package stands in the list, with its exact version.
  # shellcheck disable=SC2086  # a list of packages
  if quietly npm install --prefix "$venv/node" --no-save --no-package-lock --no-audit --no-fund \
    --ignore-scripts $wanted; then
    printf '%s\n' "$wanted" >"$venv/node/stamp"
  else
    say "they are not there now; the tests that need them are skipped"
  fi
}

# The servers that tests of the service start for themselves; without them those are skipped.
install_servers() {
  [ "$(uname -s)" = Linux ] || return 0
  set --
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null ||
    set -- "$@" postgresql
  command -v varnishd >/dev/null || [ -x /usr/sbin/varnishd ] || set -- "$@" varnish
  [ $# = 0 ] || debian "$*" || say "the tests that need them are skipped"
}

# Does Qt start, know a font, and (with "window") load its X11 side?
qt_works() {
  QT_QPA_PLATFORM=offscreen "$py" - "$@" >/dev/null 2>&1 <<'PYTHON'
import ctypes, pathlib, sys
import PySide6
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication

app = QApplication([])
assert QFontDatabase.families()
if "window" in sys.argv:
    ctypes.CDLL(str(pathlib.Path(PySide6.__file__).parent / "Qt/plugins/platforms/libqxcb.so"))
PYTHON
}

check_qt() {
  [ "$(uname -s)" = Linux ] || return 0
  qt_works "$@" || { debian "$qt_packages" && qt_works "$@"; }
}

set_up() {
  make_venv
  install_packages
  check_qt ${DISPLAY:+window} || {
    say "Qt does not start here:"
    QT_QPA_PLATFORM=offscreen "$py" -c 'import PySide6.QtWidgets' || true
    exit 1
  }
}

check() {
  failed=0
  "$py" -m ruff check . || failed=1
  "$py" -m ruff format --check . || failed=1
  "$py" -m mypy || failed=1
  "$py" -c 'from importlinter.cli import lint_imports_command as lint; lint()' --no-logo || failed=1
  return $failed
}

# Bring the catalogues up to date with the texts in the code; what is new in them is unfinished.
words() {
  lupdate=$("$py" -c 'import pathlib, PySide6; print(pathlib.Path(PySide6.__file__).parent / "lupdate")')
  files=$(find src/modstation -name '*.py' ! -path '*/service/*' ! -path '*/cli/*' | LC_ALL=C sort)
  # lupdate cannot read TOML, so what the shipped files say is laid before it as calls.
  shipped=$(mktemp -d)
  trap 'rm -rf "$shipped"' EXIT
  "$py" - >"$shipped/texts.py" <<'PYTHON'
import json
from modstation.app.shipped_texts import shipped_texts

for context, text in shipped_texts():
    print(f"translate({json.dumps(context)}, {json.dumps(text, ensure_ascii=False)})")
PYTHON
  for code in de fr es; do
    # No lines of code in the file: they would change with every edit.
    # shellcheck disable=SC2086  # a list of files
    "$lupdate" -silent -locations none -no-obsolete -source-language en -target-language "$code" \
      -tr-function-alias QT_TRANSLATE_NOOP+=later,QT_TRANSLATE_NOOP+=noted \
      $files "$shipped/texts.py" -ts "resources/languages/modstation_$code.ts"
  done
  # lupdate writes hard spaces as numbers; people read and write the file.
  "$py" - resources/languages/*.ts <<'PYTHON'
import sys
from pathlib import Path

for path in map(Path, sys.argv[1:]):
    path.write_text(path.read_text(encoding="utf-8").replace("&#xa0;", "\u00a0"), encoding="utf-8")
PYTHON
}

# Key to pixels means nothing without a screen, so one is made where there is none.
bench() {
  screen=
  if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || [ "$(uname -s)" != Linux ]; then
    say "measuring on this screen"
  elif { command -v xvfb-run >/dev/null || debian xvfb xauth; } && check_qt window; then
    say "measuring on a virtual screen (Xvfb)"
    screen="xvfb-run -a -s '-screen 0 1920x1080x24'"
  else
    say "measuring on Qt's offscreen platform: no pixel leaves the process"
    export QT_QPA_PLATFORM=offscreen
  fi
  eval "$screen" '"$py" -m pytest -m perf tests/perf -s "$@"'
}

verb=${1:-}
[ $# -gt 0 ] && shift
case $verb in
  demo)
    set_up
    exec "$venv/bin/modstation" demo "$@"
    ;;
  run)
    set_up
    exec "$venv/bin/modstation" "$@"
    ;;
  test)
    set_up
    install_servers
    install_node_packages
    cd "$root"
    # Side by side, a file at a time: most tests wait for another process, not for the processor. In
    # the order of the folders, where the long ones stand first.
    QT_QPA_PLATFORM=${QT_QPA_PLATFORM:-offscreen} exec "$py" -m pytest \
      -n 3 --dist loadfile --no-loadscope-reorder "$@"
    ;;
  check)
    make_venv
    install_packages
    cd "$root"
    check
    ;;
  words)
    make_venv
    install_packages
    cd "$root"
    words
    ;;
  bench)
    set_up
    cd "$root"
    bench "$@"
    ;;
  screenshots)
    set_up
    PYTHONPATH=$root/tests exec "$py" -m helpers.screenshots "$@"
    ;;
  *)
    say "usage: sh resources/dev.sh demo|test|check|words|bench|screenshots|run [ARGS]"
    exit 2
    ;;
esac
