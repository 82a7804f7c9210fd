#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""make check-ha: a real Home Assistant, a real broker, amshand and simulated meters, in a network of their own.

The time of day begins some minutes before a full hour for all of them, so that one passes soon.
"""
import argparse
import os
import signal
import subprocess
import sys
import time
import traceback
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(TOP, "tests", "integration"), os.path.join(TOP, "tests")]

BEFORE = 7 * 60         # begin so many seconds before a full hour: the first registers come a minute later


class Result(unittest.TestResult):
    """Says how each test went, and keeps it."""

    def __init__(self):
        super().__init__()
        self.cases = []
        self.begun = 0

    def startTest(self, test):
        super().startTest(test)
        self.begun = time.monotonic()
        self.bad = None

    def note(self, test, outcome, text=""):
        name = test.id().rsplit(".", 1)[-1] if hasattr(test, "_testMethodName") else str(test)
        print("%-7s %s  (%.0f s)" % (outcome, name, time.monotonic() - self.begun), flush=True)
        self.cases.append({"name": name, "outcome": outcome, "text": text})

    def addSuccess(self, test):
        self.note(test, "passed")

    def addFailure(self, test, err):
        self.note(test, "failed", "".join(traceback.format_exception(*err)))

    addError = addFailure

    def addSkip(self, test, reason):
        self.note(test, "skipped", reason)

    def addSubTest(self, test, subtest, err):
        if err:
            self.note(subtest, "failed", "".join(traceback.format_exception(*err)))


def inside(args):
    """In namespaces of its own, with the time of day shifted."""
    import total
    from home import Home
    from place import Place

    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    Home.place = Place(args.folder, args.packages.split(), lambda text: print(text, flush=True))
    result = Result()
    words = args.words.split()
    suite = unittest.TestLoader().loadTestsFromName("test_home")
    if words:   # those whose names have one of these in them
        suite = unittest.TestSuite(t for group in suite for t in group if any(w in t.id() for w in words))
    suite.run(result)
    return total.close("check-ha", result.cases, args.results)


def main():
    parser = argparse.ArgumentParser(description="Tests with a real Home Assistant.")
    parser.add_argument("--folder", required=True)
    parser.add_argument("--packages", required=True)
    parser.add_argument("--results")
    parser.add_argument("--words", default="")
    parser.add_argument("--inside", action="store_true")
    args = parser.parse_args()
    args.folder = os.path.abspath(args.folder)
    if args.inside:
        return inside(args)

    import meters
    from place import Place, roots
    place = Place(args.folder, args.packages.split(), lambda text: print(text, flush=True))
    now = int(time.time())
    env = dict(os.environ, SHIFT=str((-now - BEFORE) % 3600), LD_PRELOAD=meters.build_shift(place.share))
    # Whatever is left there, as after a house that could not be set up, ends with it; unshare itself heeds no SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    proc = subprocess.Popen([*roots.ISOLATED, "--net", sys.executable, os.path.abspath(__file__), *sys.argv[1:],
                             "--inside"], env=env, stdin=subprocess.DEVNULL)
    try:
        return proc.wait()
    finally:
        proc.kill()


if __name__ == "__main__":
    sys.exit(main())
