# SPDX-License-Identifier: GPL-2.0
"""The same installation under a newer kernel, for which dkms has built the module by itself."""
import house
from house import A, TestCase, good


class Newer(TestCase):
    def test_the_system_is_up_and_nothing_failed(self):
        done = house.run("systemctl", "is-system-running", "--wait")
        self.assertEqual((done.out.strip(), done.status), ("running", 0), good("systemctl", "list-units", "--failed"))
        house.figure("newer kernel: " + good("uname", "-r").strip())

    def test_it_reads(self):
        subscriber = self.subscriber()
        house.meter(A)
        tty, _ = house.plug(A, "1")
        since = house.now_us()
        # No probe before: under Linux 7.3 this emulated adapter is silent now and then when it is opened
        # for a second time, to cat as well.
        good("amshanctl", "enable", tty)
        self.assert_reads(A, since, subscriber)

    def test_it_reads_when_it_is_plugged_in_again(self):
        house.unplug(A)
        _, since = house.plug(A, "1")
        self.assert_reads(A, since)

    def test_doctor_finds_nothing_wrong(self):
        done = house.run("amshanctl", "doctor")
        self.assertEqual(done.status, 0, done.out + done.err)
