# SPDX-License-Identifier: GPL-2.0
"""Run the stages of a check, one after the other, and sum up what came of them.

total.py --run MAKE RESULTS STAGE...: "MAKE STAGE" leaves its counts in RESULTS/STAGE.json; a stage that
has some already is not run again, one that leaves none has failed.  Stages that leave a processor
idle may run together: ONE+OTHER; what they say comes one after the other.  The last line is the sum.
"""
import argparse
import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time

FIELDS = ("passed", "failed", "skipped")


def line(counts):
    return "%d passed, %d failed, %d skipped" % tuple(counts[f] for f in FIELDS)


def write(path, counts):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path + ".new", "w") as f:
        json.dump(counts, f)
    os.replace(path + ".new", path)


def read(path):
    try:
        with open(path) as f:
            return json.load(f)
    except FileNotFoundError:
        return None


def close(what, cases, results):
    """The end of a stage of cases {"name", "outcome", "text"}: those that did not pass, the counts, also into
    the file `results` if there is one; gives the exit status."""
    for outcome in ("skipped", "failed"):
        for case in cases:
            if case["outcome"] == outcome:
                print("%s: %s: %s%s%s" % (outcome, what, case["name"], ": " if outcome == "skipped" else "\n",
                                          case["text"].rstrip()))
    counts = {f: sum(case["outcome"] == f for case in cases) for f in FIELDS}
    if results:
        write(results, counts)
    print(line(counts), flush=True)
    return 1 if counts["failed"] or not cases else 0


def run(make, stage, path, out=None):
    print("== %s" % stage, file=out, flush=True)
    begin = time.monotonic()
    status = subprocess.run([*shlex.split(make), stage], stdin=subprocess.DEVNULL, stdout=out,
                            stderr=out and subprocess.STDOUT).returncode
    counts = read(path) or dict.fromkeys(FIELDS, 0)
    if status and not counts["failed"] or not any(counts.values()):
        counts["failed"] += 1
    counts["seconds"] = time.monotonic() - begin
    write(path, counts)
    print(file=out, flush=True)


def run_together(make, stages, path_of):
    """The first one is seen as it goes, the others when it has ended."""
    with contextlib.ExitStack() as stack:
        outs = [stack.enter_context(tempfile.TemporaryFile("w+", errors="replace")) for _ in stages[1:]]
        threads = [threading.Thread(target=run, args=(make, stage, path_of(stage), out))
                   for stage, out in zip(stages[1:], outs)]
        for thread in threads:
            thread.start()
        run(make, stages[0], path_of(stages[0]))
        for thread, out in zip(threads, outs):
            thread.join()
            out.seek(0)
            print(out.read(), end="", flush=True)


@contextlib.contextmanager
def beside(make, target):
    """What only prepares a stage is made while others run.  If it fails, the stage itself will say so."""
    if not target:
        yield
        return
    proc = subprocess.Popen([*shlex.split(make), target], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(proc.pid, signal.SIGTERM)
        proc.wait()


def main():
    parser = argparse.ArgumentParser(description="Run stages and sum up.")
    parser.add_argument("--run", metavar="MAKE", required=True)
    parser.add_argument("--beside", metavar="TARGET", help="make this meanwhile")
    parser.add_argument("results")
    parser.add_argument("stage", nargs="+")
    args = parser.parse_args()

    def path_of(stage):
        return os.path.join(args.results, "%s.json" % stage)

    total = dict.fromkeys(FIELDS, 0)
    rows = []
    with beside(args.run, args.beside):
        for group in args.stage:
            if stages := [stage for stage in group.split("+") if read(path_of(stage)) is None]:
                run_together(args.run, stages, path_of)
    for stage in "+".join(args.stage).split("+"):
        counts = read(path_of(stage))
        rows.append("%-15s %s  (%.0f s)" % (stage, line(counts), counts["seconds"]))
        for field in FIELDS:
            total[field] += counts[field]
    print("\n".join(rows))
    print(line(total), flush=True)
    return total["failed"] > 0


if __name__ == "__main__":
    sys.exit(main())
