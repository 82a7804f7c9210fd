# SPDX-License-Identifier: GPL-2.0
"""After all others: what the kernel said since it was started, and what it has lost."""
import os
import time

import module
from module import KernelLog, TestCase

KMEMLEAK = "/sys/kernel/debug/kmemleak"


class KernelLogAtLast(TestCase):
    def test_no_warning_since_the_start(self):
        with KernelLog(from_now=False) as log:
            lines = log.lines()
        self.assertGreater(len(lines), 10)
        self.assertEqual(module.faults_in(lines), [])

    def test_the_kernel_is_not_tainted_by_a_fault(self):
        with open("/proc/sys/kernel/tainted") as f:
            tainted = int(f.read())
        # Bits: 4 machine check, 5 bad page, 7 died, 9 warned, 14 soft lockup.
        faults = [bit for bit in (4, 5, 7, 9, 14) if tainted >> bit & 1]
        self.assertEqual(faults, [], "/proc/sys/kernel/tainted is %d" % tainted)

    def test_no_memory_is_leaked(self):
        if not os.path.exists(KMEMLEAK):
            self.skipTest("the kernel has no kmemleak")
        module.client_forget()
        # What is found once may have been on its way; it is reported when it is still there.
        for _ in range(2):
            with open(KMEMLEAK, "w") as f:
                f.write("scan")
            time.sleep(6)       # it keeps quiet about what is younger than 5 s
        with open(KMEMLEAK) as f:
            leaks = f.read().split("unreferenced object")
        self.assertEqual([leak for leak in leaks if "amshan" in leak], [])


class Patterns(TestCase):
    """The search above must be able to find something."""

    def test_faults_are_found(self):
        for line in ("WARNING: CPU: 0 PID: 1 at drivers/tty/x.c:1 f+0x1/0x2", "BUG: KASAN: use-after-free in f",
                     "BUG: kernel NULL pointer dereference, address: 0", "Oops: 0000 [#1] SMP",
                     "WARNING: possible recursive locking detected", "WARNING: possible circular locking dependency",
                     "UBSAN: shift-out-of-bounds in x.c:1:2", "INFO: task sh:1 blocked for more than 120 seconds.",
                     "BUG: sleeping function called from invalid context", "kmemleak: 3 new suspected memory leaks",
                     "watchdog: BUG: soft lockup - CPU#0 stuck", "rcu: INFO: rcu_preempt self-detected stall on CPU",
                     "refcount_t: underflow; use-after-free.", "ODEBUG: free active"):
            self.assertEqual(module.faults_in(["fine", line]), [line])

    def test_a_healthy_start_is_not_one(self):
        healthy = ["kasan: KernelAddressSanitizer initialized", "kmemleak: Kernel memory leak detector initialized",
                   "Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar", "amshan: loading",
                   "kmemleak: Automatic memory scanning thread started", "Spectre V2 : Mitigation: Retpolines"]
        self.assertEqual(module.faults_in(healthy), [])
