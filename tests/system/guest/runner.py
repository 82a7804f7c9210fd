# SPDX-License-Identifier: GPL-2.0
"""Runs the tests of this folder in a whole system, in their order, over a reboot.

What a part leaves is what the next one begins with: here a machine lives on, as that of a user does.
Exit status 77: boot again, and begin me again.  The results go to the host at last.
"""
import argparse
import os
import sys
import time
import unittest

import house    # noqa: I001 (it says where the following are)
import run

# Tests by their files; between the parts of a machine it boots anew.
MACHINES = {
    "first": (("test_install", "test_plug", "test_trouble"),
              ("test_reboot", "test_adapters", "test_rights", "test_input", "test_end", "test_tree")),
    "newer": (("test_newer",),),
}
AGAIN = 77
run.TEST_SECONDS = 400      # dkms has to compile, on an emulated machine


class Report(run.Report):
    def result(self):
        return {**super().result(), "figures": house.state["figures"]}


def line(test):
    return getattr(test, test._testMethodName).__code__.co_firstlineno


def tests_of(module, words):
    """As they stand in the file."""
    found = sorted(run.cases(unittest.TestLoader().loadTestsFromName(module)), key=line)
    return [test for test in found if not words or any(word in test.id() for word in words)]


def main():
    parser = argparse.ArgumentParser(description="Run the tests of a whole system.")
    parser.add_argument("--machine", choices=MACHINES, default="first")
    parser.add_argument("--only", metavar="FILE", help="this file, without what the others do before it")
    parser.add_argument("word", nargs="*", help="tests that have one of these in their name")
    args = parser.parse_args()

    parts = MACHINES[args.machine]
    if args.only:
        parts = ((args.only,),)
    part = house.state["part"]
    report = Report()
    report.cases = house.state["cases"]
    if part:
        house.host.reboot(False)
    begin = time.monotonic()
    result = run.Result(report)
    for module in parts[part]:
        # One after the other, each as itself: no class or module has to be set up.
        for test in tests_of(module, args.word):
            test.run(result)
            house.state.save(cases=report.cases)
    house.figure("tests of part %d of machine \"%s\": %.0f s" % (part + 1, args.machine, time.monotonic() - begin))
    house.state.save(part=part + 1)
    if part + 1 < len(parts):
        house.host.reboot(True)
        return AGAIN
    report.send()
    return 1 if report.count("failed") or not report.cases else 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)    # a thread of a failed test may be stuck
