# SPDX-License-Identifier: GPL-2.0
"""The runner of the tests itself: nothing that fails may look like success."""
import json
import os
import subprocess
import sys
import unittest

import lab

sys.path.insert(0, os.path.join(lab.TOP, "tests"))
import run  # noqa: E402

BEGIN = "echo '[==========] Running %d test(s).'\n"
GOOD = "echo '[ RUN      ] good'; echo '[       OK ] good'\n"
BAD = "echo '[ RUN      ] bad'; echo 'why'; echo '[  FAILED  ] bad'\n"
SKIPPED = "echo '[ RUN      ] other'; echo 'no such thing here'; echo '[  SKIPPED ] other'\n"
END = "echo '[==========] 9 test(s) run.'\n"


class UnitTest(unittest.TestCase):
    """Binaries of cmocka tests; scripts stand in for them."""

    def outcome(self, script, seconds=20):
        with lab.Folder() as folder:
            job = run.Unit(folder.write("test_x", "#!/bin/sh\n" + script, 0o755), None, False)
            job.seconds = seconds
            job.run()
        return [(r.name.replace("unit/test_x", "").lstrip(": "), r.outcome, r.text) for r in job.results]

    def test_each_test_is_counted(self):
        self.assertEqual(self.outcome(BEGIN % 3 + GOOD + BAD + SKIPPED + END + BAD + "exit 1"),
                         [("good", "passed", ""), ("bad", "failed", "why"), ("other", "skipped", "no such thing here")])

    def test_a_crash(self):
        self.assertEqual(self.outcome(BEGIN % 2 + GOOD + "echo '[ RUN      ] bad'; kill -SEGV $$"),
                         [("good", "passed", ""), ("bad", "failed", "was ended by SIGSEGV")])

    def test_an_end_within_a_test(self):
        self.assertEqual(self.outcome(BEGIN % 1 + "echo '[ RUN      ] bad'; exit 0"),
                         [("bad", "failed", "exit status 0")])

    def test_an_end_between_tests(self):
        self.assertEqual(self.outcome(BEGIN % 3 + GOOD),
                         [("good", "passed", ""), ("", "failed", "2 of 3 tests said nothing")])

    def test_a_bad_status_behind_good_tests(self):
        self.assertEqual(self.outcome(BEGIN % 1 + GOOD + END + "exit 99"),
                         [("good", "passed", ""), ("", "failed", "exit status 99")])

    def test_no_tests(self):
        self.assertEqual(self.outcome("exit 0"), [("", "failed", "has no tests")])

    def test_one_that_hangs(self):
        self.assertEqual(self.outcome(BEGIN % 1 + "echo '[ RUN      ] bad'; exec sleep 1000", 1),
                         [("bad", "failed", "did not end in time")])

    def test_one_that_leaves_a_process(self):
        name, outcome, text = self.outcome(BEGIN % 1 + GOOD + END + "sleep 1000 >/dev/null 2>&1 &")[-1]
        self.assertEqual((name, outcome, text.split(": ")[0]), ("", "failed", "left behind"))

    def test_one_that_was_not_built(self):
        job = run.Unit("/nonexistent/test_x", None, False).run()
        self.assertEqual([r.outcome for r in job.results], ["failed"])


class ProgramTest(unittest.TestCase):
    def start(self, *argv):
        done = subprocess.run([sys.executable, *argv], cwd=lab.TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60)
        return done.returncode, done.stdout.splitlines()

    def test_nothing_was_run_is_a_failure(self):
        self.assertEqual(self.start("tests/run.py", "--unit", "--only", "no such test"),
                         (1, ["nothing was run", "0 passed, 0 failed, 0 skipped"]))

    def test_the_total(self):
        with lab.Folder() as folder:
            # "make": one stage is good, one fails and says so, one fails before it can say anything.
            make = folder.write("make", "#!/bin/sh\ncase $1 in good) n=0;; bad) n=1;; *) exit 2;; esac\n"
                                "echo '{\"passed\": 5, \"failed\": '$n', \"skipped\": 2}' > %s/$1.json\nexit $n\n"
                                % folder.path, 0o755)
            status, said = self.start("tests/total.py", "--run", make, folder.path, "good")
            self.assertEqual((status, said[-1]), (0, "5 passed, 0 failed, 2 skipped"))
            status, said = self.start("tests/total.py", "--run", make, folder.path, "good", "bad", "broken")
            self.assertEqual((status, said[-1]), (1, "10 passed, 2 failed, 4 skipped"))
            self.assertNotIn("== good", said)       # it had run before
            with open(folder.file("broken.json")) as f:
                self.assertEqual(json.load(f)["failed"], 1)

    def test_what_is_made_beside_the_stages(self):
        with lab.Folder() as folder:
            # The stage ends only when the other has begun; that would go on for ever.
            make = folder.write("make", "#!/bin/sh\ncd %s\n[ $1 = good ] || { echo $$ > other; exec sleep 1000; }\n"
                                "while [ ! -s other ]; do sleep 0.01; done\n"
                                "echo '{\"passed\": 1, \"failed\": 0, \"skipped\": 0}' > good.json\n"
                                % folder.path, 0o755)
            got, said = self.start("tests/total.py", "--run", make, "--beside", "other", folder.path, "good")
            self.assertEqual((got, said[-1]), (0, "1 passed, 0 failed, 0 skipped"))
            with open(folder.file("other")) as f:
                self.assertFalse(os.path.exists("/proc/" + f.read().strip()), "it is left behind")


if __name__ == "__main__":
    unittest.main()
