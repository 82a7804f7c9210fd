#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# root.sh KIND RELEASE MIRROR FOLDER PACKAGE...: make FOLDER/root, a tree of that Debian release with a
# kernel.  KIND: with "image" also FOLDER/root.img, what a machine needs of it; "tree": packages are
# installed there later, by its own apt.
#
# To be run as root in a mount namespace of its own: nothing here reaches the devices or mounts of
# the host.  A tree that is not complete must not be used: the caller sees the exit status.
set -eu

kind=$1 release=$2 mirror=$3 folder=$4
shift 4
packages=$(echo "$*" | tr ' ' ',')

# What no test reads: a third of the time goes into unpacking.
set -f
left_out="/usr/share/man/* /usr/share/locale/* /usr/share/doc/* /usr/share/info/*"
for kernel in /lib/modules/*/kernel /usr/lib/modules/*/kernel; do
	for part in sound drivers/gpu drivers/media drivers/net drivers/infiniband drivers/scsi drivers/ata \
		drivers/staging drivers/iio drivers/isdn drivers/hwmon drivers/md drivers/input \
		drivers/target drivers/platform fs/xfs fs/btrfs fs/ceph fs/nfs fs/smb fs/ocfs2 \
		net/wireless net/mac80211 net/netfilter net/bluetooth; do
		left_out="$left_out $kernel/$part/*"
	done
done
options=
for path in $left_out; do
	options="$options --dpkgopt=path-exclude=$path"
done

# The machine has an initramfs of its own.  A mirror may be a snapshot: its age is no error, its
# signature is looked at as ever.
export INITRD=No
# shellcheck disable=SC2016,SC2086 # $1 is for mmdebstrap's shell; words are wanted
mmdebstrap --mode=root --format=directory --variant=apt --include="$packages" $options \
	--dpkgopt=force-unsafe-io --dpkgopt=force-confold \
	--aptopt='Acquire::Languages "none"' --aptopt='Acquire::Check-Valid-Until "false"' \
	--essential-hook='mkdir -p "$1/etc/initramfs-tools" &&
		echo update_initramfs=no >"$1/etc/initramfs-tools/update-initramfs.conf"' \
	"$release" "$folder/root" "$mirror"
set +f
if [ "$kind" = tree ]; then
	# What comes later comes with its manual pages; only the kernels go on without what no test needs.
	sed -i '/=.usr.share/d' "$folder/root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
	exit 0
fi

# Compilers and headers stay outside of the image.
for path in usr/src usr/include usr/lib/gcc usr/libexec/gcc var/cache var/lib/apt; do
	[ ! -d "$folder/root/$path" ] || mount -t tmpfs -o ro,mode=755 hidden "$folder/root/$path"
done
rm -f "$folder/root.img"
truncate -s 2G "$folder/root.img"
mke2fs -q -F -t ext4 -O ^has_journal -m 0 -L root -d "$folder/root" "$folder/root.img"
