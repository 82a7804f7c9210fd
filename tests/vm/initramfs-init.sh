#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# First process of the machine: load what reaches the disks, lay the layer of this run (second disk)
# and an empty memory over the release's root (first disk), and go there.  Nothing is ever written
# to a disk.
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
while [ ! -b /dev/vda ] || [ ! -b /dev/vdb ]; do
	n=$((n + 1))
	[ $n -lt 200 ] || die "the disks do not appear"
	$busybox sleep 0.1
done

$busybox mkdir /mnt/root /mnt/layer /mnt/memory /mnt/all
$busybox mount -t ext4 -o ro /dev/vda /mnt/root || die "cannot mount the root"
$busybox mount -t ext4 -o ro /dev/vdb /mnt/layer || die "cannot mount the layer"
$busybox mount -t tmpfs -o mode=755 memory /mnt/memory || die "no memory"
$busybox mkdir /mnt/memory/upper /mnt/memory/work
$busybox mount -t overlay -o \
	lowerdir=/mnt/layer:/mnt/root,upperdir=/mnt/memory/upper,workdir=/mnt/memory/work \
	all /mnt/all || die "cannot lay the layers over each other"
$busybox mount --move /dev /mnt/all/dev
$busybox mount -t tmpfs -o mode=755 run /mnt/all/run || die "no /run"
$busybox cp $busybox /mnt/all/run/busybox
exec $busybox switch_root /mnt/all /amshan/tests/vm/guest-init.sh
