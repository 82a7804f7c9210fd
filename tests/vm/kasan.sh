#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kasan.sh FOLDER: make the debugging kernel of kasan.config there, from Debian's linux-source, unless it
# is there already.  It needs some 2 GiB while it works, and leaves a tree as Debian's packages do:
#
#   boot/vmlinuz-VERSION, boot/config-VERSION
#   lib/modules/VERSION/    its modules, modules.dep; "build" leads to
#   headers/                what modules of others are built against
#   made-of                 what all this was made of; anything else makes it anew
#
# JOBS: compilers at a time (default: one for each processor).
set -eu

[ $# -eq 1 ] || { echo "usage: kasan.sh FOLDER" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
jobs=${JOBS:-$(nproc)}
# Not the settings of the make that calls this.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES BUILD CC CFLAGS V Q ARCH CROSS_COMPILE
export LC_ALL=C

say()
{
	printf '  %-7s %s\n' "$1" "$2"
}

die()
{
	echo "kasan.sh: $*" >&2
	exit 1
}

[ "$(uname -m)" = x86_64 ] || die "kasan.config is for x86_64, this is $(uname -m)"
tarball=$(find /usr/src -maxdepth 1 -name 'linux-source-[0-9]*.tar.xz' | sort -V | tail -n 1)
[ -n "$tarball" ] || die "no kernel source in /usr/src (Debian: linux-source)"
source_name=$(basename "$tarball" .tar.xz)

exec 9>"$folder/lock"
flock 9
made_of=$(
	sha256sum <"$here/kasan.config"
	sha256sum <"$0"
	stat -c '%n %s %Y' "$tarball"
	gcc --version | head -n 1
)
if [ -e "$folder/made-of" ] && [ "$made_of" = "$(cat "$folder/made-of")" ]; then
	exit 0
fi

work=$folder/work
rm -f "$folder/made-of"
rm -rf --one-file-system "$work" "${folder:?}/boot" "${folder:?}/lib" "$folder/headers"
mkdir "$work" "$work/out" "$folder/boot" "$folder/headers"
say TAR "$tarball"
tar -xJf "$tarball" -C "$work"
src=$work/$source_name
out=$work/out

# Quiet unless it fails.
quietly()
{
	say MAKE "$* (debugging kernel, $jobs at a time)"
	if ! make -C "$src" O="$out" -j"$jobs" "$@" >"$folder/log" 2>&1 </dev/null; then
		grep -E -B 5 -A 5 'error|Error' "$folder/log" | tail -n 60 >&2 || true
		die "make $* failed; all it said is in $folder/log"
	fi
}

quietly KCONFIG_ALLCONFIG="$here/kasan.config" allnoconfig
lost=
while read -r line; do
	case $line in
	CONFIG_*=*)
		grep -qxF -e "$line" "$out/.config" || lost="$lost ${line%%=*}"
		;;
	esac
done <"$here/kasan.config"
[ -z "$lost" ] || die "this source does not let kasan.config have its way with$lost"

quietly bzImage modules
version=$(cat "$out/include/config/kernel.release")
quietly INSTALL_MOD_PATH="$folder" modules_install
cp "$out/arch/x86/boot/bzImage" "$folder/boot/vmlinuz-$version"
cp "$out/.config" "$folder/boot/config-$version"

# Source and objects become one tree that knows no paths.
say CP "$folder/headers"
rm -f "$folder/lib/modules/$version/build" "$folder/lib/modules/$version/source"
ln -s ../../../headers "$folder/lib/modules/$version/build"
(
	cd "$src"
	find . arch/x86 -maxdepth 1 -name 'Makefile*'
	find include scripts arch/x86/include -type f -o -type l
	find arch/x86 -name Kbuild.platforms -o -name 'Kconfig*' -o -name 'Makefile*'
) | sort -u | tar -C "$src" -cf - -T - | tar -C "$folder/headers" -xf -
(
	cd "$out"
	find include scripts arch/x86/include Module.symvers .config tools/objtool/objtool \
		-type f ! -name '*.o' ! -name '.*.cmd'
) | tar -C "$out" -cf - -T - | tar -C "$folder/headers" -xf -
rm -rf --one-file-system "$work"
printf '%s\n' "$made_of" >"$folder/made-of"
