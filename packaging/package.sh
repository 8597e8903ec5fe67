#!/bin/bash
# Builds the packages from this clone into build/: npm run package. README.md beside this file tells of each.
set -euo pipefail
umask 022
cd "$(dirname "$0")/.."

say() { echo "▸ $*" >&2; }
die() { echo "postseal: $*" >&2; exit 69; }

command -v dh >/dev/null || die "debhelper is missing: install it (Debian's package debhelper)"
node --input-type=module -e "import { prepare } from './test/support/prepare.mjs'; prepare();"

version=$(node -p "require('./package.json').version")
# The same files at the same commit make the same packages, byte for byte.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8 TZ=UTC
root=$PWD
rm -rf build
mkdir build
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say "Compiling Postseal $version."
tree=$work/tree
mkdir "$tree"
git ls-files -z -- README.md CHANGELOG.md LICENSE package.json package-lock.json docs etc man completion systemd \
  packaging/grafana packaging/prometheus |
  xargs -0 cp --parents -t "$tree"
node_modules/.bin/tsc -p tsconfig.build.json --outDir "$tree/dist"
chmod 755 "$tree/dist/main.js"

say "Packing for npm."
# Under this name npm ships it: what is installed has the versions of the dependencies that were tested.
mv "$tree/package-lock.json" "$tree/npm-shrinkwrap.json"
(cd "$tree" && npm pack --silent --pack-destination "$root/build" >/dev/null)

say "Getting the dependencies."
(cd "$tree" && npm ci --omit=dev --no-audit --no-fund --loglevel=error >/dev/null)
node packaging/licences.mjs "$tree" >"$work/copyright"
# What Node reads stays; types, source maps and documentation go.
rm -rf "$tree/node_modules/@types" "$tree/node_modules/.bin" "$tree/node_modules/.package-lock.json"
find "$tree/node_modules" -type f -not -name '*.js' -not -name '*.[cm]js' -not -name '*.json' -delete
find "$tree/node_modules" -type d -empty -delete
chmod -R u=rwX,go=rX "$tree/node_modules"
find "$tree/node_modules" -type f -exec chmod a-x {} +

# debian RELEASE DISTRIBUTION ARCHITECTURE NODE DEPENDS: one .deb, from the directory $work/RELEASE.
debian() {
  local stage=$work/$1/postseal maintainer
  say "Packing for Debian: $1."
  mkdir -p "$stage"
  cp -R "$tree/." "$stage"
  cp -R packaging/debian "$stage/debian"
  cp "$work/copyright" "$stage/debian/copyright"
  if [ -e "$work/$1/node" ]; then
    mv "$work/$1/node" "$stage/node"
    { printf '\n\n== Node.js (/usr/lib/postseal/node) ==\n\n'; cat "$work/$1/LICENSE"; } >>"$stage/debian/copyright"
    echo 'node usr/lib/postseal' >>"$stage/debian/install"
    cat packaging/runtime/lintian-overrides >>"$stage/debian/lintian-overrides"
  fi
  sed -i "1s|.*|#!$4|" "$stage/dist/main.js"
  sed -i "s|@ARCHITECTURE@|$3|; s|@NODE@|$5|" "$stage/debian/control"
  maintainer=$(sed -n 's/^Maintainer: //p' "$stage/debian/control")
  printf 'postseal (%s) %s; urgency=medium\n\n  * What is new: changelog.gz.\n\n -- %s  %s\n' \
    "$version-1~$1" "$2" "$maintainer" "$(date -R -d "@$SOURCE_DATE_EPOCH")" >"$stage/debian/changelog"
  (cd "$stage" && dpkg-buildpackage -b -us -uc >"$work/log" 2>&1) || { cat "$work/log" >&2; exit 70; }
  mv "$work/$1"/postseal_*.deb build/
}

debian deb13 trixie all /usr/bin/node 'nodejs (>= 20.19)'

say "Getting Node.js for Debian 12."
mkdir -p "$work/deb12"
cp packaging/runtime/*.json "$work/deb12/"
(cd "$work/deb12" && npm ci --no-audit --no-fund --loglevel=error >/dev/null)
mv "$work"/deb12/node_modules/node-linux-*/{bin/node,LICENSE} "$work/deb12/" 2>/dev/null ||
  die "there is no Node.js for $(dpkg --print-architecture) in packaging/runtime"
debian deb12 bookworm any /usr/lib/postseal/node '${shlibs:Depends}'

ls -l build >&2
