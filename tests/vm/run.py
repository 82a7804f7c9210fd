# SPDX-License-Identifier: GPL-2.0
"""Run the tests of the module in a virtual machine: one kernel, one boot.

BUILD in the environment names the build folder (default: build), PACKAGES the Debian packages of a root.
Everything lives in BUILD/vm/KERNEL; made/ there is the root, which stays.  console.txt and dmesg.txt
are of the last run.  The last line is "N passed, N failed, N skipped" alone.
"""
import argparse
import collections
import json
import os
import platform
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))

import initramfs    # noqa: E402
import kernel       # noqa: E402
import machine      # noqa: E402
import root         # noqa: E402
import total        # noqa: E402

BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))

# release: whose root and compiler; moves: that a root cannot be made may be the release's fault.
# seconds: for boot and tests; slow: all time limits of the tests times that.
Kernel = collections.namedtuple("Kernel", "release moves memory seconds slow")
KERNELS = {
    "bookworm": Kernel("bookworm", False, 1024, 600, 1),
    "trixie": Kernel("trixie", False, 1024, 600, 1),
    "sid": Kernel("sid", True, 1024, 600, 1),
    "kasan": Kernel("bookworm", False, 3072, 3600, 6),      # made by kasan.sh
}

END_OF_LOG = "amshan: end of log"


class Run:
    def __init__(self, name, words):
        self.name, self.words, self.kernel = name, words, KERNELS[name]
        self.folder = os.path.join(BUILD, "vm", name)
        self.cases = []

    def say(self, text):
        print("vm/%s: %s" % (self.name, text), flush=True)

    def add(self, name, outcome, text=""):
        self.cases.append({"name": name, "outcome": outcome, "text": text})

    def file(self, name):
        return os.path.join(self.folder, name)

    def hindrance(self):
        if platform.machine() != "x86_64":
            return "the machine's kernel is for x86_64, this is " + platform.machine()
        if os.geteuid():
            return "only root can make a root: as root, make vm-" + self.name
        return None

    def run(self, root_only=False):
        os.makedirs(self.folder, exist_ok=True)
        if reason := self.hindrance():
            return self.add("machine", "skipped", reason)
        begin = time.monotonic()
        try:
            made = root.make(self.kernel.release, os.path.join(BUILD, "vm", self.kernel.release),
                             os.environ["PACKAGES"].split(), self.say)
        except root.RootError as e:
            return self.add("root", "skipped" if self.kernel.moves else "failed", str(e))
        if root_only:
            return None
        self.tree = os.path.join(made, "root")
        self.debugging = self.folder if self.name == "kasan" else ""
        try:
            self.version = kernel.version(self.debugging or self.tree)
            self.took("root, kernel %s" % self.version, begin)
            if self.layer():
                self.boot(os.path.join(made, "root.img"))
        except (kernel.KernelError, FileNotFoundError) as e:
            self.add("kernel", "failed", str(e))

    def took(self, what, begin):
        self.say("%s (%.1f s)" % (what, time.monotonic() - begin))

    def layer(self):
        begin = time.monotonic()
        corpus = os.environ.get("AMSHAN_CORPUS") or os.path.join(os.path.dirname(TOP), "shared", "corpus")
        results = self.file("layer.json")
        if os.path.exists(results):
            os.unlink(results)
        argv = [*root.ISOLATED, "unshare", "--net", sys.executable, os.path.join(HERE, "layer.py"), "--top", TOP,
                "--root", self.tree, "--debugging", self.debugging, "--kernel", self.version,
                "--corpus", corpus if os.path.isdir(corpus) else "", "--folder", self.folder,
                "--build", self.file("build"), "--image", self.file("layer.img"), "--results", results]
        proc = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if proc.returncode or not os.path.exists(results):
            self.add("layer", "failed", "exit status %d\n%s" % (proc.returncode,
                                                                proc.stdout.decode(errors="replace")))
            return False
        with open(results) as f:
            told = json.load(f)
        self.cases += told["cases"]
        self.took("programs and module built, dkms tried", begin)
        return told["ready"]

    def boot(self, image):
        begin = time.monotonic()
        place = self.debugging or self.tree
        kernel.prepare(kernel.image(place, self.version), self.file("kernel"))
        initramfs.make(self.file("initramfs"), kernel.modules(place, self.version))
        append = "tests.slow=%d" % self.kernel.slow
        if self.words:
            append += ' tests.words="%s"' % self.words
        guest = machine.Machine(self.file("kernel"), self.file("initramfs"), [image, self.file("layer.img")],
                                self.file("console.txt"), self.file("dmesg.txt"), self.kernel.memory, append)
        outcome = guest.run(self.kernel.seconds)
        self.judge(outcome)
        self.took("machine", begin)

    def judge(self, outcome):
        with open(self.file("console.txt"), errors="replace") as f:
            console = f.read().replace("\r", "").splitlines()
        with open(self.file("dmesg.txt"), errors="replace") as f:
            log = f.read().splitlines()
        tail = "\n".join(console[-60:])
        if outcome.reason:
            self.add("machine", "failed", "%s; its console:\n%s" % (outcome.reason, tail))
        if outcome.result:
            cases = outcome.result["cases"]
            self.cases += cases
            if not cases and "bench" not in outcome.result:
                self.add("machine", "failed", "no test was run; its console:\n" + tail)
            for field in total.FIELDS:
                if outcome.result[field] != sum(case["outcome"] == field for case in cases):
                    self.add("machine", "failed", "its sums and its cases differ: %s" % field)
            if not any(END_OF_LOG in line for line in log):
                self.add("kernel log", "failed", "it has no end; the console:\n" + tail)
        if bench := (outcome.result or {}).get("bench"):
            print(json.dumps(bench, indent=2), flush=True)
        for name, lines in (("console", console), ("kernel log", log)):
            if found := [n for n, line in enumerate(lines) if machine.SPLAT.search(line)]:
                self.add(name, "failed", "\n".join(lines[max(found[0] - 3, 0):found[0] + 60]))


def main():
    parser = argparse.ArgumentParser(description="Run the tests of the module in a virtual machine.")
    parser.add_argument("--kernel", choices=KERNELS, required=True)
    parser.add_argument("--results", metavar="FILE", help="write the counts as JSON")
    parser.add_argument("--words", default="", metavar="ARGS", help="arguments for tests/vm/guest/run.py")
    parser.add_argument("--root-only", action="store_true", help="make the root of the machine, no more")
    args = parser.parse_args()

    run = Run(args.kernel, args.words)
    run.run(args.root_only)
    if args.root_only:
        return any(case["outcome"] == "failed" for case in run.cases)
    return total.close("vm/" + args.kernel, run.cases, args.results)


if __name__ == "__main__":
    sys.exit(main())
