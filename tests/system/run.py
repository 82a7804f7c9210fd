# SPDX-License-Identifier: GPL-2.0
"""Run the tests of a whole system: our packages, installed by apt into a fresh Debian, in a virtual machine.

BUILD in the environment names the build folder (default: build), PACKAGES the Debian packages of the root
in which the packages are built (the one of tests/vm), SYSTEM_PACKAGES those of the fresh system.
Everything lives in BUILD/system/RELEASE; made/ there is the fresh root, which stays, as does archives/,
what apt has fetched.  NAME.console.txt and NAME.journal.txt are of the last run of a machine.  The last
line is "N passed, N failed, N skipped" alone.
"""
import argparse
import json
import os
import platform
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
TOP = os.path.dirname(TESTS)
sys.path.insert(0, TESTS)
sys.path.insert(0, os.path.join(TESTS, "vm"))

import machine      # noqa: E402
import root         # noqa: E402
import total        # noqa: E402

BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
RELEASES = ("bookworm", "trixie")
MEMORY = 1024
# Boot and tests of each machine.  A machine of two idle processors needs a third of that.
SECONDS = {"first": 2400, "newer": 600}
OFF_SECONDS = 120
APPEND = "rw systemd.show_status=no"
TAIL = 60


class Run:
    def __init__(self, release, words):
        self.release, self.words = release, words
        self.folder = os.path.join(BUILD, "system", release)
        self.cases = []
        self.lock = threading.Lock()

    def say(self, text):
        print("system/%s: %s" % (self.release, text), flush=True)

    def took(self, what, begin):
        self.say("%s (%.1f s)" % (what, time.monotonic() - begin))

    def add(self, name, outcome, text=""):
        with self.lock:
            self.cases.append({"name": name, "outcome": outcome, "text": text})

    def file(self, name):
        return os.path.join(self.folder, name)

    def hindrance(self):
        if platform.machine() != "x86_64":
            return "the machine's kernel is for x86_64, this is " + platform.machine()
        if os.geteuid():
            return "only root can make a root: as root, make system-" + self.release
        return None

    def run(self, stages):
        os.makedirs(self.folder, exist_ok=True)
        if reason := self.hindrance():
            return self.add("machine", "skipped", reason)
        try:
            begin = time.monotonic()
            made = root.make(self.release, os.path.join(BUILD, "vm", self.release), os.environ["PACKAGES"].split(),
                             self.say)
            self.took("root to build in", begin)
            begin = time.monotonic()
            self.fresh = os.path.join(root.make(self.release, self.folder, os.environ["SYSTEM_PACKAGES"].split(),
                                                self.say, "tree"), "root")
            self.took("root of a fresh system", begin)
        except root.RootError as e:
            return self.add("root", "failed", str(e))
        if "packages" in stages and not self.isolated("packages", ["unshare", "--net"], [
                "--top", TOP, "--root", os.path.join(made, "root"), "--folder", self.folder,
                "--build", self.file("build")]):
            return None
        if "install" in stages:
            self.install("first" in stages)
        elif "first" in stages:
            self.boot("first")
        if "newer" in stages and os.path.exists(self.file("newer.img")):
            self.boot("newer")
        return None

    def isolated(self, name, before, argv):
        """A program of this folder in a mount namespace of its own; False, and a case, if it fails."""
        begin = time.monotonic()
        proc = subprocess.run([*root.ISOLATED, *before, sys.executable, os.path.join(HERE, name + ".py"), *argv],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if proc.returncode:
            self.add(name, "failed", "exit status %d\n%s" % (proc.returncode, proc.stdout.decode(errors="replace")))
        self.took(name, begin)
        return proc.returncode == 0

    def install(self, boot):
        """The machine boots as soon as its image is there; the newer kernel is installed meanwhile."""
        results = self.file("install.json")
        for name in ("install.json", "first.img", "newer.img"):
            if os.path.exists(self.file(name)):
                os.unlink(self.file(name))
        begin = time.monotonic()
        thread = threading.Thread(target=self.isolated, args=("install", [], [
            "--release", self.release, "--root", self.fresh, "--folder", self.folder, "--build", self.file("build"),
            "--results", results]))
        thread.start()
        while thread.is_alive() and "first" not in self.told(results)["images"]:
            time.sleep(0.2)
        if "first" in self.told(results)["images"]:
            self.took("packages installed, image made", begin)
            if boot:
                self.boot("first")
        thread.join()
        told = self.told(results)
        for case in told["cases"]:
            self.add("install: " + case["name"], case["outcome"], case["text"])
            self.say("%-6s %5.1f s  install: %s" % (case["outcome"], case["seconds"], case["name"]))
        for name, version in told["images"].items():
            self.say("kernel of the machine \"%s\": %s" % (name, version))

    @staticmethod
    def told(results):
        try:
            with open(results) as f:
                return json.load(f)
        except FileNotFoundError:
            return {"cases": [], "images": {}}

    def boot(self, name):
        begin = time.monotonic()
        append = '%s tests.words="%s"' % (APPEND, ("--machine %s %s" % (name, self.words)).strip())
        guest = machine.Machine(self.file(name + ".kernel"), self.file(name + ".initramfs"), [self.file(name + ".img")],
                                self.file(name + ".console.txt"), self.file(name + ".journal.txt"), MEMORY, append,
                                OFF_SECONDS)
        self.judge(name, guest.run(SECONDS[name]))
        self.took("machine \"%s\"" % name, begin)

    def judge(self, name, outcome):
        with open(self.file(name + ".console.txt"), errors="replace") as f:
            console = f.read().replace("\r", "").splitlines()
        with open(self.file(name + ".journal.txt"), errors="replace") as f:
            journal = f.read().splitlines()
        tail = "\n".join(["---- the end of its console:", *console[-TAIL:],
                          "---- the end of its journal:", *journal[-TAIL:]])
        if outcome.reason:
            self.add(name, "failed", "%s\n%s" % (outcome.reason, tail))
        if outcome.result:
            for case in outcome.result["cases"]:
                self.add(case["name"], case["outcome"], case["text"])
            if not outcome.result["cases"]:
                self.add(name, "failed", "no test was run\n" + tail)
            for line in outcome.result.get("figures", []):
                self.say(line)
        for place, lines in (("console", console), ("journal", [line for line in journal if " kernel: " in line])):
            if found := [n for n, line in enumerate(lines) if machine.SPLAT.search(line)]:
                self.add("%s: %s" % (name, place), "failed", "\n".join(lines[max(found[0] - 3, 0):found[0] + TAIL]))


def main():
    parser = argparse.ArgumentParser(description="Run the tests of a whole system in a virtual machine.")
    parser.add_argument("--release", choices=RELEASES, required=True)
    parser.add_argument("--results", metavar="FILE", help="write the counts as JSON")
    parser.add_argument("--words", default="", metavar="ARGS", help="arguments for tests/system/guest/runner.py")
    parser.add_argument("--stages", default="packages,install,first,newer", metavar="NAME,...",
                        help="what to do; what is left out is as the last run left it")
    args = parser.parse_args()
    stages = args.stages.split(",")
    if "packages" in stages and "install" not in stages and stages != ["packages"]:
        parser.error("--stages %s: the machine would have the packages of the last run, not the new ones: "
                     "\"install\" is missing" % args.stages)

    run = Run(args.release, args.words)
    run.run(stages)
    return total.close("system/" + args.release, run.cases, args.results)


if __name__ == "__main__":
    sys.exit(main())
