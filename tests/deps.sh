#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# deps.sh PACKAGE...: install what is missing of these Debian packages.
# Quick if nothing is; says the command if it may not install.
set -eu

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "This is no Debian or Ubuntu: if something is missing, install what these packages hold:"
	echo "  $*"
	exit 0
fi

missing=
for package in "$@"; do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" -eq 0 ]; then
	as_root=
elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
	as_root=sudo
else
	echo "Some packages are missing; as root, please run:"
	echo "  apt-get update && $install"
	exit 1
fi

echo "Installing$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The lists may be old or, in a container, empty: look first whether they will do.
for update in no yes; do
	if [ $update = yes ] && ! $as_root apt-get update >"$log" 2>&1 </dev/null; then
		break
	fi
	# shellcheck disable=SC2086 # words are wanted
	if $as_root env DEBIAN_FRONTEND=noninteractive $install >"$log" 2>&1 </dev/null; then
		exit 0
	fi
done
cat "$log"
echo "Could not install the packages; the command was: $install"
exit 1
