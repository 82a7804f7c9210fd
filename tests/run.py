# SPDX-License-Identifier: GPL-2.0
"""Run the tests: unit (cmocka binaries), integration (Python unittest modules), fuzzers.

BUILD in the environment names the build folder (default: build).  A few jobs run at the same
time, each in a session and a temporary folder of its own: a job that hangs is ended, and one that
leaves a process behind has failed.  The last line is "N passed, N failed, N skipped" alone.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import unittest

import total

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
SLOW = ("test_sources", "test_silence", "test_derived", "test_doctor", "test_mqtt", "test_health", "test_probe",
        "test_homeassistant", "test_dbus_bus", "test_plausible")
JOBS = int(os.environ.get("JOBS", "0"))
WAITING_JOBS, COMPUTING_JOBS = 6, 4     # integration tests wait more than they compute
TEST_SECONDS = 120      # one Python test
BINARY_SECONDS = 180    # all tests of a binary
SLOWER = 10             # that many times slower under valgrind
VALGRIND = ["valgrind", "-q", "--error-exitcode=99", "--leak-check=full",
            "--errors-for-leak-kinds=definite,possible", "--child-silent-after-fork=yes"]

# What a service manager or a desktop put there must not reach the programs under test.
FOREIGN = ("DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
           "STATE_DIRECTORY", "RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR", "CREDENTIALS_DIRECTORY", "JOURNAL_STREAM",
           "XDG_CONFIG_HOME", "MAKEFLAGS", "MFLAGS", "MAKELEVEL")

Result = collections.namedtuple("Result", "name outcome text")      # outcome: passed, failed, skipped


def environment(folder):
    env = {k: v for k, v in os.environ.items() if k not in FOREIGN}
    env.update(LC_ALL="C.UTF-8", TZ="UTC", TMPDIR=folder, PYTHONDONTWRITEBYTECODE="1", BUILD=BUILD,
               CMOCKA_MESSAGE_OUTPUT="stdout", ASAN_OPTIONS="abort_on_error=1:detect_leaks=1",
               UBSAN_OPTIONS="print_stacktrace=1", G_DEBUG="fatal-criticals")
    return env


def session_left(sid):
    """Processes of a session that still run: "PID NAME"."""
    left = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError):
            with open(path) as f:
                pid, rest = f.read().split(" (", 1)
            name, fields = rest.rsplit(") ", 1)
            fields = fields.split()
            if int(fields[3]) == sid and fields[0] != "Z":
                left.append("%s %s" % (pid, name))
    return left


class Job:
    """A process in a session of its own; what it writes is handed to line() as it comes."""

    def __init__(self, name, argv, seconds):
        self.name, self.argv, self.seconds = name, argv, seconds
        self.results, self.output = [], []
        self.deadline = None

    def line(self, text):
        pass

    def finish(self, status):
        """Called at the end; status as of subprocess, or None if it was ended."""

    def add(self, name, outcome, text=""):
        self.results.append(Result("%s: %s" % (self.name, name) if name else self.name, outcome, text))

    def alive(self):
        self.deadline = time.monotonic() + self.seconds

    def run(self):
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="t-", ignore_cleanup_errors=True) as folder:
            os.chmod(folder, 0o755)     # some tests become somebody else
            try:
                self.run_in(folder)
            except OSError as e:
                self.add("", "failed", str(e))
        self.took = time.monotonic() - begin
        return self

    def run_in(self, folder):
        self.alive()
        # The shell leads the session: a leader that opens a terminal would be hung up with it.
        proc = subprocess.Popen(["/bin/sh", "-c", '"$@"; exit $?', "sh", *self.argv], cwd=TOP,
                                env=environment(folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, start_new_session=True)
        reader = threading.Thread(target=self.read, args=(proc.stdout,), daemon=True)
        reader.start()
        status = None
        while status is None and time.monotonic() < self.deadline:
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = proc.wait(0.05)
        left = []
        if status is not None:      # what it started may need a moment to end, too
            end = time.monotonic() + 2
            while (left := session_left(proc.pid)) and time.monotonic() < end:
                time.sleep(0.02)
        for entry in session_left(proc.pid):
            with contextlib.suppress(OSError):
                os.kill(int(entry.split()[0]), signal.SIGKILL)
        proc.wait()
        reader.join(5)
        self.finish(status)
        if left:
            self.add("", "failed", "left behind: " + ", ".join(left))

    def read(self, pipe):
        for raw in pipe:
            text = raw.decode(errors="replace").rstrip("\n")
            self.output.append(text)
            self.line(text)

    def log(self):
        lines = self.output if len(self.output) <= 2000 else self.output[:1000] + ["..."] + self.output[-1000:]
        return "\n".join(lines)


def status_text(status):
    if status is None:
        return "did not end in time"
    if status > 128:    # as the shell tells it
        return "was ended by %s" % signal.Signals(status - 128).name
    return "exit status %d" % status


class Unit(Job):
    """A binary of cmocka tests: "[ RUN      ] name", then its outcome."""

    def __init__(self, path, only, valgrind):
        super().__init__("unit/" + os.path.basename(path), (VALGRIND if valgrind else []) + [path],
                         BINARY_SECONDS * (SLOWER if valgrind else 1))
        self.only = only
        self.announced, self.current, self.over = 0, None, False

    def line(self, text):
        if match := re.search(r"\[==========\] Running (\d+) test", text):
            self.announced += int(match[1])
            self.over = False
        elif re.search(r"\[==========\] \d+ test\(s\) run", text):
            self.over = True        # a summary that repeats the names
        elif self.over:
            return
        elif match := re.search(r"\[ RUN      \] (\S+)", text):
            self.current = match[1]
        elif match := re.search(r"\[ +(OK|FAILED|SKIPPED) +\] (\S+)", text):
            if match[2] == self.current:
                outcome = {"OK": "passed", "FAILED": "failed", "SKIPPED": "skipped"}[match[1]]
                # cmocka has no reasons for a skip; what was printed before may be one.
                said = self.output[-2] if len(self.output) > 1 and not self.output[-2].startswith("[") else ""
                self.add(match[2], outcome, said)
                self.current = None

    def finish(self, status):
        failed = any(r.outcome == "failed" for r in self.results)
        if self.current:
            self.add(self.current, "failed", status_text(status))
        elif status and not failed or status is None:
            self.add("", "failed", status_text(status))
        elif len(self.results) < self.announced:
            self.add("", "failed", "%d of %d tests said nothing" % (self.announced - len(self.results), self.announced))
        elif not self.announced:
            self.add("", "failed", "has no tests")


class Integration(Job):
    """A unittest module, run by this program in a process of its own; see run_module()."""

    def __init__(self, path, only):
        name = os.path.basename(path)[:-3]
        super().__init__("integration/" + name, [sys.executable, os.path.abspath(__file__), "--module", name,
                                                 *(["--only", only] if only else [])], TEST_SECONDS)
        self.current, self.done = "could not begin", False

    def line(self, text):
        if not text.startswith("@@"):
            return
        self.output.pop()
        event = json.loads(text[2:])
        if event["event"] == "begin":
            self.current = event["test"]
            self.alive()
        elif event["event"] == "end":
            self.done = True
        else:
            self.add(event["test"], event["event"], event["text"])
            self.current = None

    def finish(self, status):
        if not self.done:
            self.add(self.current or "", "failed", status_text(status))


class Fuzz(Job):
    def __init__(self, path, seconds):
        name = os.path.basename(path)
        self.corpus = tempfile.mkdtemp(prefix="t-corpus-")
        seeds = os.path.join(BUILD, "corpus", name)
        found = os.path.join(BUILD, "found-")
        super().__init__("fuzz/" + name, [path, "-max_total_time=%d" % seconds, "-timeout=10", "-rss_limit_mb=1024",
                                          "-print_final_stats=1", "-artifact_prefix=" + found + name + "-", self.corpus,
                                          *([seeds] if os.path.isdir(seeds) else [])], seconds + 60)

    def finish(self, status):
        shutil.rmtree(self.corpus, ignore_errors=True)
        runs = next((l.split()[-1] for l in self.output if "number_of_executed_units" in l), "0")
        if status == 0 and runs != "0":
            self.add(runs + " inputs", "passed")
        else:
            self.add("", "failed", status_text(status))


class Reporter(unittest.TestResult):
    """Tells the parent of each test by a line "@@" and JSON."""

    def tell(self, event, test=None, text=""):
        test = str(test.id()) if test is not None else ""
        print("@@" + json.dumps({"event": event, "test": test, "text": text}), flush=True)

    def startTest(self, test):
        super().startTest(test)
        self.tell("begin", test)

    def addSuccess(self, test):
        self.tell("passed", test)

    def addSkip(self, test, reason):
        self.tell("skipped", test, reason)

    def addError(self, test, err):
        self.tell("failed", test, "".join(traceback.format_exception(*err)))

    addFailure = addError

    def addExpectedFailure(self, test, err):
        self.tell("passed", test)

    def addUnexpectedSuccess(self, test):
        self.tell("failed", test, "was expected to fail")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.tell("failed", subtest, "".join(traceback.format_exception(*err)))


def tests_of(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from tests_of(test)
        else:
            yield test


def run_module(name, only):
    sys.path.insert(0, os.path.join(TOP, "tests", "integration"))
    tests = [t for t in tests_of(unittest.defaultTestLoader.loadTestsFromName(name)) if not only or only in t.id()]
    reporter = Reporter()
    # Not by themselves: a suite also runs setUpClass() and setUpModule().
    unittest.TestSuite(tests).run(reporter)
    reporter.tell("end")


def jobs_of(args):
    every = not (args.unit or args.integration or args.fuzz)
    jobs = []
    if args.integration or every:
        jobs += [Integration(p, args.only)
                 for p in sorted(glob.glob(os.path.join(TOP, "tests", "integration", "test_*.py")))]
    if args.unit or every:
        names = sorted(os.path.basename(p)[:-2] for p in glob.glob(os.path.join(TOP, "tests", "unit", "test_*.c")))
        jobs += [Unit(os.path.join(BUILD, "tests", n), args.only, args.valgrind) for n in names
                 if not args.only or args.only in n]
    # Those that take longest first, so that none of them is left alone at the end.
    jobs.sort(key=lambda j: SLOW.index(n) if (n := os.path.basename(j.name)) in SLOW else len(SLOW))
    if args.fuzz:
        names = sorted(os.path.basename(p)[:-2] for p in glob.glob(os.path.join(TOP, "tests", "fuzz", "fuzz_*.c")))
        jobs += [Fuzz(os.path.join(BUILD, "tests", n), args.fuzz) for n in names if not args.only or args.only in n]
    return jobs


def main():
    parser = argparse.ArgumentParser(description="Run the tests of amshan.")
    parser.add_argument("--unit", action="store_true", help="unit tests (with --integration: both; alone: only these)")
    parser.add_argument("--integration", action="store_true", help="integration tests")
    parser.add_argument("--fuzz", type=int, metavar="SECONDS", help="fuzzers, each so long")
    parser.add_argument("--valgrind", action="store_true", help="unit tests under valgrind")
    parser.add_argument("--only", metavar="TEXT", help="what has this in its name")
    parser.add_argument("--results", metavar="FILE", help="write the counts as JSON")
    parser.add_argument("--module", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.module:
        return run_module(args.module, args.only)

    if args.valgrind:
        os.environ["AMSHAN_BRIEF"] = "1"        # for tests whose many days say nothing more of memory
    results = []
    jobs = JOBS or (COMPUTING_JOBS if args.valgrind or args.fuzz else WAITING_JOBS)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for future in concurrent.futures.as_completed([pool.submit(j.run) for j in jobs_of(args)]):
            job = future.result()
            counts = collections.Counter(r.outcome for r in job.results)
            if not counts:
                continue
            results += job.results
            print("%-4s %-36s %s  (%.1f s)" % ("FAIL" if counts["failed"] else "ok", job.name,
                                               ", ".join("%d %s" % (counts[f], f) for f in total.FIELDS if counts[f]),
                                               job.took), flush=True)
            for r in job.results:
                if r.outcome == "failed":
                    print("---- %s\n%s" % (r.name, r.text.rstrip()))
            if counts["failed"] and job.output:
                print("---- output of %s\n%s\n----" % (job.name, job.log()), flush=True)

    for outcome in ("skipped", "failed"):
        for r in results:
            if r.outcome == outcome:
                print("%s: %s%s" % (outcome, r.name, ": " + r.text if outcome == "skipped" else ""))
    if not results:
        print("nothing was run")
    counts = {f: sum(r.outcome == f for r in results) for f in total.FIELDS}
    if args.results:
        total.write(args.results, counts)
    print(total.line(counts), flush=True)
    return 1 if counts["failed"] or not results else 0


if __name__ == "__main__":
    sys.exit(main())
