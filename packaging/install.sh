#!/bin/sh
# Installs Postseal from this clone as a systemd service. Run as root; run again to upgrade.
#   packaging/install.sh [--prefix DIR]
# Nothing in /etc/postseal that is there already is touched.
set -eu

prefix=/usr/local
case "${1-}" in
  '') ;;
  --prefix) prefix=${2:?--prefix needs a directory} ;;
  *) echo "usage: packaging/install.sh [--prefix DIR]" >&2; exit 64 ;;
esac

say() { echo "postseal: $*"; }
die() { echo "postseal: $*" >&2; exit "${2-69}"; }

cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || die "run this as root" 77
command -v node >/dev/null || die "Node.js 20.19 or later is needed: install Debian's package nodejs, or from nodejs.org"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  die "Node.js $(node --version) is too old: 20.19 or later is needed"

say "building"
npm ci --no-audit --no-fund --loglevel=error
npm run --silent build

say "installing into $prefix/lib/postseal"
# Beside the old version first, then in its place: only between the two moves a service that starts finds neither, and is
# started again.
new=$prefix/lib/postseal.new
old=$prefix/lib/postseal.old
rm -rf "$new" "$old"
mkdir -p "$new" "$prefix/bin"
cp -R dist package.json package-lock.json LICENSE README.md CHANGELOG.md etc "$new/"
(cd "$new" && npm ci --omit=dev --no-audit --no-fund --loglevel=error)
chmod -R u=rwX,go=rX "$new"
if [ -e "$prefix/lib/postseal" ]; then mv "$prefix/lib/postseal" "$old"; fi
mv "$new" "$prefix/lib/postseal"
rm -rf "$old"
ln -sf ../lib/postseal/dist/main.js "$prefix/bin/postseal"
chmod 755 "$prefix/lib/postseal/dist/main.js"
install -D -m 0644 man/postseal.8 "$prefix/share/man/man8/postseal.8"
install -D -m 0644 man/postseal.ini.5 "$prefix/share/man/man5/postseal.ini.5"
install -D -m 0644 completion/postseal.bash "$prefix/share/bash-completion/completions/postseal"

getent group postseal >/dev/null || groupadd --system postseal
getent passwd postseal >/dev/null ||
  useradd --system --gid postseal --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin postseal

if [ ! -e /etc/postseal/postseal.ini ]; then
  say "writing /etc/postseal/postseal.ini, where everything is commented out"
  install -d -o root -g postseal -m 0750 /etc/postseal
  install -o root -g postseal -m 0640 etc/postseal.ini /etc/postseal/postseal.ini
fi

# systemd would make it, but only when the service starts: "postseal check" comes before that.
if [ ! -d /var/log/postseal ]; then install -d -o postseal -g postseal -m 0755 /var/log/postseal; fi

if [ -d /etc/systemd/system ]; then
  for unit in systemd/*; do
    sed "s|/usr/local/bin/postseal|$prefix/bin/postseal|" "$unit" >"/etc/systemd/system/${unit#systemd/}"
  done
  if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
fi

if [ -d /etc/logrotate.d ] && [ ! -e /etc/logrotate.d/postseal ]; then
  install -o root -g root -m 0644 etc/logrotate.d/postseal /etc/logrotate.d/postseal
fi

say "done. Next: postseal cert add FILE, and a rule in /etc/postseal/postseal.ini, then"
say "  postseal check && systemctl enable --now postseal.socket postseal.service"
say "  postseal wire, which shows what Postfix lacks, and postseal wire --apply, which sets it"
