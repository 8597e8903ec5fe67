#!/bin/sh
# Takes away what install.sh installed. With --purge also /etc/postseal, with its keys, the logs, and the user.
#   packaging/uninstall.sh [--prefix DIR] [--purge]
set -eu

prefix=/usr/local
purge=
while [ $# -gt 0 ]; do
  case "$1" in
    --prefix) prefix=${2:?--prefix needs a directory}; shift 2 ;;
    --purge) purge=yes; shift ;;
    *) echo "usage: packaging/uninstall.sh [--prefix DIR] [--purge]" >&2; exit 64 ;;
  esac
done
[ "$(id -u)" = 0 ] || { echo "postseal: run this as root" >&2; exit 77; }

cd "$(dirname "$0")/.."
if [ -d /run/systemd/system ] && [ -e /etc/systemd/system/postseal.service ]; then
  # An older installation has not all of them.
  systemctl stop postseal.socket postseal.service 'postseal@*' || true
  systemctl disable postseal.socket postseal.service postseal@.service || true
fi
for unit in systemd/*; do rm -f "/etc/systemd/system/${unit#systemd/}"; done
rm -f /etc/logrotate.d/postseal "$prefix/bin/postseal"
rm -f "$prefix/share/man/man8/postseal.8" "$prefix/share/man/man5/postseal.ini.5" \
  "$prefix/share/bash-completion/completions/postseal"
rm -rf "$prefix/lib/postseal"
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
if [ -n "$purge" ]; then
  rm -rf /etc/postseal /var/log/postseal /var/log/postseal-* /var/lib/postseal /var/lib/postseal-*
  if getent passwd postseal >/dev/null; then userdel postseal; fi
  if getent group postseal >/dev/null; then groupdel postseal; fi
fi
