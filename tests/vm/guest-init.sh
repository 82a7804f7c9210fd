#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# First process of the machine once the root is there: what a service manager would set up, as far
# as the tests need it, then the tests, then the end.  The kernel's log goes to the host as it comes
# and ends with a mark, so that the host knows that it has all of it.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL=C.UTF-8 TZ=UTC HOME=/root PYTHONDONTWRITEBYTECODE=1 BUILD=/amshan/build

end()
{
	echo "amshan: end of log" >/dev/kmsg
	n=0
	while [ ! -e /run/log-is-complete ] && [ $n -lt 200 ]; do
		n=$((n + 1))
		sleep 0.05
	done
	/run/busybox poweroff -f
}

# /run is a tmpfs already and has the initramfs's busybox.
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=1777 tmp /tmp
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
ln -sf /proc/self/fd /dev/fd
hostname machine
/run/busybox ip link set lo up

echo "amshan: the tests begin" >/dev/kmsg
/lib/systemd/systemd-udevd --daemon
udevadm trigger --action=add --subsystem-match=virtio-ports --subsystem-match=mem --subsystem-match=tty
udevadm settle
dmesg --follow | {
	sed -u '/amshan: end of log/q' >/dev/virtio-ports/org.amshan.log
	: >/run/log-is-complete
} &

if ! modprobe amshan; then
	echo "guest-init: modprobe amshan failed"
	end
fi
cd /amshan || end
# The words are what the host asked for on the kernel's command line.
read -r words <<END
$(sed -n 's/.*tests\.words="\([^"]*\)".*/\1/p' /proc/cmdline)
END
[ ! -d /amshan/corpus ] || export AMSHAN_CORPUS=/amshan/corpus
slow=$(sed -n 's/.*tests\.slow=\([0-9]*\).*/\1/p' /proc/cmdline)
[ -z "$slow" ] || export AMSHAN_SLOW="$slow"
# shellcheck disable=SC2086 # words are wanted
python3 tests/vm/guest/run.py $words
echo "guest-init: the tests ended with status $?"
end
