# SPDX-License-Identifier: GPL-2.0
"""The machine boots with the adapter in."""
import house
from house import A, TestCase, good


class Reboot(TestCase):
    def test_readings_come_by_themselves(self):
        subscriber = self.subscriber()
        (tty,) = house.wait_for(house.ttys, "the adapter is gone")
        house.plugged[A] = tty
        # Whose the short lists are is remembered; its number and maker are what the longer ones say.
        self.assert_reads(A, house.now_us(), subscriber)
        said = house.wait_for(lambda: (told := house.meters()[house.METERS[A]]["Meter"])["MeterId"] and told,
                              "no list with the number of the meter")
        # Not even while udev is still about to give the device its group.
        self.assertEqual(house.journal(None, "may not open"), [])
        self.assertEqual((said["MeterId"], said["Manufacturer"]), (house.METERS[A], "Aidon"))

    def test_the_system_is_up_and_nothing_failed(self):
        done = house.run("systemctl", "is-system-running", "--wait")
        self.assertEqual((done.out.strip(), done.status), ("running", 0), good("systemctl", "list-units", "--failed"))
