#!/bin/sh
# Prints the path of a Chromium that runs, after getting one if need be.
# With "light": of Debian's headless shell where there is one, or apt as root gets it: it draws pages as Chromium does,
# has no window to keep, and opens a page in a third of the time, which hundreds of tests of single pages do.
# Looks for: SPIN_CHROMIUM, one on the system, apt as root, apt through sudo, apt packages unpacked into
# .browser/, playwright's own download; else ends with the commands that would help.
set -u
cd "$(dirname "$0")/.." || exit 1

here=$(pwd)/.browser
log=$here/log
SHELL_NAME=chromium-headless-shell
patience=$(command -v timeout >/dev/null 2>&1 && echo timeout 90)
mkdir -p "$here"
: >"$log"

# Ubuntu's "chromium" may be a stub that only asks for snap: a path counts when it has drawn a page.
found() {
    [ -n "$1" ] && [ -x "$1" ] || return 1
    $patience "$1" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --dump-dom about:blank \
        >>"$log" 2>&1 || return 1
    printf '%s\n' "$1"
    exit 0
}

on_system() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        found "$(command -v "$name" 2>/dev/null)"
    done
    found "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    found "/Applications/Chromium.app/Contents/MacOS/Chromium"
    found "$here/chromium"
}

from_playwright() {
    found "$(.venv/bin/python -c 'from playwright.sync_api import sync_playwright as p
with p() as run: print(run.chromium.executable_path)' 2>>"$log")"
}

# apt_install PACKAGE [sudo -n]
apt_install() {
    package=$1
    shift
    "$@" apt-get update >>"$log" 2>&1
    "$@" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        "$package" fonts-dejavu-core >>"$log" 2>&1
}

# Asked for once, and only where no person's machine is changed for it: any Chromium does, only slower.
light() {
    found "$(command -v "$SHELL_NAME" 2>/dev/null)"
    [ "$(id -u)" = 0 ] && [ ! -e "$here/asked" ] && command -v apt-get >/dev/null 2>&1 || return 1
    : >"$here/asked"
    apt_install "$SHELL_NAME"
    found "$(command -v "$SHELL_NAME" 2>/dev/null)"
}

# Without root: the missing packages are downloaded and unpacked, and Chromium is told where its libraries are.
apt_unpack() {
    state=$here/apt
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/debs" "$here/root"
    set -- -o "Dir::State::lists=$state/lists" -o "Dir::Cache=$state/cache" -o Debug::NoLocking=1
    apt-get "$@" update >>"$log" 2>&1
    missing=$(apt-get "$@" --simulate --no-install-recommends install chromium fonts-dejavu-core 2>>"$log" |
        awk '$1 == "Inst" { print $2 }')
    [ -n "$missing" ] || return 1
    # shellcheck disable=SC2086
    (cd "$state/debs" && apt-get "$@" download $missing) >>"$log" 2>&1 || return 1
    for package in "$state"/debs/*.deb; do dpkg -x "$package" "$here/root" >>"$log" 2>&1 || return 1; done
    rm -rf "$state"
    libraries=$(find "$here/root/usr/lib" "$here/root/lib" -name '*.so*' -exec dirname {} + 2>/dev/null |
        sort -u | paste -sd: -)
    fonts=/etc/fonts
    [ -e "$fonts/fonts.conf" ] || fonts=$here/root/etc/fonts
    cat >"$here/chromium" <<END
#!/bin/sh
LD_LIBRARY_PATH="$libraries" FONTCONFIG_PATH="$fonts" exec "$here/root/usr/lib/chromium/chromium" "\$@"
END
    chmod +x "$here/chromium"
    found "$here/chromium"
}

found "${SPIN_CHROMIUM:-}"
if [ "${1:-}" = light ]; then light; fi
on_system
from_playwright
printf 'browser: no Chromium here; getting one (see .browser/log)\n' >&2
if command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then apt_install chromium && on_system; fi
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then apt_install chromium sudo -n && on_system; fi
    apt_unpack
fi
.venv/bin/python -m playwright install chromium >>"$log" 2>&1
from_playwright
cat >&2 <<'END'
browser: no Chromium could be found or installed; the browser tests need one.
  -> Debian: sudo apt-get install chromium
  -> elsewhere: .venv/bin/python -m playwright install --with-deps chromium
  -> or name one: SPIN_CHROMIUM=/path/to/chromium make test
END
exit 1
