#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The tests from where they are, and then what they say is next: another boot, or the end.
export LC_ALL=C.UTF-8 TZ=UTC HOME=/root PYTHONDONTWRITEBYTECODE=1
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

cd /opt/system-test/tests/system/guest || exit 1
# The words are what the host asked for on the kernel's command line.
words=$(sed -n 's/.*tests\.words="\([^"]*\)".*/\1/p' /proc/cmdline)
# shellcheck disable=SC2086 # words are wanted
python3 runner.py $words
status=$?
echo "begin: the tests ended with status $status"
if [ $status -eq 77 ]; then
	exec systemctl --no-block reboot
fi
exec systemctl --no-block poweroff
