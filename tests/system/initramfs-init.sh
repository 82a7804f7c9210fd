#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# First process of the machine: load what reaches the disk, and go there, to its own /sbin/init.  The
# disk may be written to: QEMU keeps what was written until it ends.
busybox=/bin/busybox

die()
{
	echo "initramfs: $*"
	$busybox poweroff -f
}

$busybox mount -t devtmpfs dev /dev || die "no /dev"
while read -r name; do
	$busybox insmod "/lib/$name" || die "cannot load $name"
done </lib/order

n=0
while [ ! -b /dev/vda ]; do
	n=$((n + 1))
	[ $n -lt 200 ] || die "the disk does not appear"
	$busybox sleep 0.1
done

$busybox mkdir /mnt/root
$busybox mount -t ext4 -o rw /dev/vda /mnt/root || die "cannot mount the root"
$busybox mount --move /dev /mnt/root/dev
exec $busybox switch_root /mnt/root /sbin/init
