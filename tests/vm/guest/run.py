# SPDX-License-Identifier: GPL-2.0
"""Runs the tests of this folder inside a virtual machine, as root, against the real module.

One line per test, with its seconds.  A test also fails if the kernel complained while it ran, or if
it does not end.  At last the results go to the host: {"passed", "failed", "skipped", "cases": [{"name",
"outcome", "text"}]}.  Exit status 0: nothing failed, and something ran.

Environment: BUILD (/amshan/build), AMSHAN_CORPUS (a folder), AMSHAN_SLOW (all time limits times that).
"""
import argparse
import glob
import os
import sys
import threading
import time
import traceback
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import module  # noqa: E402

TEST_SECONDS = 180


class Report:
    """What became of the tests so far; may be sent by the watchdog."""

    def __init__(self):
        self.cases = []
        self.lock = threading.Lock()
        self.sent = False

    def add(self, name, outcome, text=""):
        self.cases.append({"name": name, "outcome": outcome, "text": text})

    def count(self, outcome):
        return sum(case["outcome"] == outcome for case in self.cases)

    def result(self):
        return {"cases": self.cases, **{o: self.count(o) for o in ("passed", "failed", "skipped")}}

    def send(self):
        with self.lock:
            if self.sent:
                return
            self.sent = True
        result = self.result()
        print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % result, flush=True)
        tell_host(result)


def tell_host(result):
    import host
    if os.path.exists(host.PORT):
        host.Host().result(result)
    else:
        print("there is no host to tell", flush=True)


def stacks():
    """Where every thread of this process is, and the kernel side of every task that sleeps in the module."""
    lines = []
    for ident, frame in sys._current_frames().items():
        lines.append("thread %d" % ident)
        lines += traceback.format_stack(frame)
    for path in glob.glob("/proc/[0-9]*/task/*/stack"):
        try:
            with open(path) as f:
                stack = f.read()
        except OSError:
            continue
        if "amshan" in stack or "tty" in stack or path.startswith("/proc/%d/" % os.getpid()):
            lines += [path + "\n", stack]
    return "".join(lines)


class Watchdog:
    """Ends everything, with a report, when a test does not end."""

    def __init__(self, report):
        self.report = report
        self.name = None
        self.deadline = 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            time.sleep(1)
            name = self.name
            if name and time.monotonic() > self.deadline:
                text = "does not end within %d s\n%s" % (TEST_SECONDS * module.SLOW, stacks())
                print("FAIL  %s\n%s" % (name, text), flush=True)
                self.report.add(name, "failed", text)
                self.report.send()
                os._exit(1)     # this thread goes even if the other one is stuck in the kernel

    def watch(self, name):
        self.deadline = time.monotonic() + TEST_SECONDS * module.SLOW
        self.name = name


class Result(unittest.TestResult):
    def __init__(self, report):
        super().__init__()
        self.report = report
        self.watchdog = Watchdog(report)
        self.log = module.KernelLog()

    def startTest(self, test):
        super().startTest(test)
        self.bad, self.reason = [], None
        self.watchdog.watch(name_of(test))
        self.begin = time.monotonic()

    def addError(self, test, err):
        self.bad.append(self._exc_info_to_string(err, test))
        if not hasattr(test, "_testMethodName") or not self.watchdog.name:      # a fixture of a class
            self.finish(test, "failed", self.bad[-1], 0)

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.bad.append("%s\n%s" % (subtest, self._exc_info_to_string(err, test)))

    def addSkip(self, test, reason):
        self.reason = reason
        if not self.watchdog.name:
            self.finish(test, "skipped", reason, 0)

    def stopTest(self, test):
        super().stopTest(test)
        self.watchdog.name = None
        faults = module.faults_in(self.log.lines())
        if faults:
            self.bad.append("the kernel complained:\n" + "\n".join(faults))
        outcome = "failed" if self.bad else "skipped" if self.reason else "passed"
        self.finish(test, outcome, "\n".join(self.bad) or self.reason or "", time.monotonic() - self.begin)

    def finish(self, test, outcome, text, seconds):
        self.report.add(name_of(test), outcome, text)
        mark = {"passed": "ok", "failed": "FAIL", "skipped": "skip"}[outcome]
        print("%-4s %6.1f  %s%s" % (mark, seconds, name_of(test), ": " + text if outcome == "skipped" else ""),
              flush=True)
        if outcome == "failed":
            print(text, flush=True)


def name_of(test):
    return getattr(test, "id", lambda: str(test))()


def cases(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from cases(test)
        else:
            yield test


def main():
    parser = argparse.ArgumentParser(description="Run the tests of the module inside a virtual machine.")
    parser.add_argument("--only", metavar="TEXT", help="tests that have this in their name")
    parser.add_argument("--bench", action="store_true", help="measure instead, and report the figures")
    parser.add_argument("--list", action="store_true", help="show the names")
    args = parser.parse_args()

    if args.bench:
        import bench
        tell_host({"passed": 0, "failed": 0, "skipped": 0, "cases": [], "bench": bench.main()})
        return 0

    found = [test for test in cases(unittest.defaultTestLoader.discover(HERE, "test_*.py"))
             if not args.only or args.only in name_of(test)]
    if args.list:
        print("\n".join(name_of(test) for test in found))
        return 0

    report = Report()
    begin = time.monotonic()
    result = Result(report)
    unittest.TestSuite(found).run(result)
    print("%.1f s" % (time.monotonic() - begin))
    report.send()
    return 1 if report.count("failed") or not report.cases else 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)    # a thread of a failed test may be stuck
