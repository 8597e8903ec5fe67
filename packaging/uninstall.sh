#!/bin/sh
# Takes away what install.sh installed. With --purge also /etc/postseal, with its keys, the logs, and the user.
# Where the Debian package is there by now, the service goes on with that.
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
package=
if dpkg-query -W -f '${db:Status-Status}\n' postseal 2>/dev/null | grep -qx installed; then package=yes; fi
if [ -n "$package" ] && [ -n "$purge" ]; then
  echo "postseal: what --purge takes away belongs to the Debian package too: leave it out, or apt purge postseal" >&2
  exit 64
fi
if [ -z "$package" ] && [ -d /run/systemd/system ] && [ -e /etc/systemd/system/postseal.service ]; then
  # An older installation has not all of them.
  systemctl stop postseal.socket postseal.service 'postseal@*' || true
  systemctl disable postseal.socket postseal.service postseal@.service || true
fi
for unit in systemd/*; do rm -f "/etc/systemd/system/${unit#systemd/}"; done
# dpkg would not bring its own back.
dpkg-query -S /etc/logrotate.d/postseal >/dev/null 2>&1 || rm -f /etc/logrotate.d/postseal
rm -f "$prefix/bin/postseal"
rm -f "$prefix/share/man/man8/postseal.8" "$prefix/share/man/man5/postseal.ini.5" \
  "$prefix/share/bash-completion/completions/postseal"
rm -rf "$prefix/lib/postseal"
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  if [ -n "$package" ]; then
    # What is enabled leads to the units that went.
    for link in /etc/systemd/system/*.wants/postseal*; do
      if [ -L "$link" ]; then systemctl reenable "${link##*/}"; fi
    done
    systemctl try-restart postseal.service 'postseal@*.service'
  fi
fi
if [ -n "$purge" ]; then
  rm -rf /etc/postseal /var/log/postseal /var/log/postseal-* /var/lib/postseal /var/lib/postseal-*
  if getent passwd postseal >/dev/null; then userdel postseal; fi
  if getent group postseal >/dev/null; then groupdel postseal; fi
fi
