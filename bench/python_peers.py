#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sonde beside py-spy and austin, attached to the same running Python process one after another.

    python3 bench/python_peers.py [--python PATH] [--seconds 5] [--rounds 5] [--work 1500]

At 99 Hz and at 999 Hz: the error in percentage points against what the program measured of itself in that phase
(tests/workloads/python/mixed.py --phases), the share of samples whose Python stack reaches its root, the profiler's
own CPU; and how much longer a fixed amount of work takes, rounds interleaved, medians and their 95 % intervals. Peers that are not installed
are installed by tools/testbed (PyPI), or named and left out.
"""
import argparse
import os
import pathlib
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import languages  # noqa: E402
import truth  # noqa: E402

MIXED = str(languages.SOURCES / "mixed.py")
PEERS = truth.TESTBED / "peers" / "bin"
RATES = (99, 999)
READY_S = 1.5       # from the start of a profiler until it has certainly attached


def sonde(rate, path, pid):
    return [truth.SONDE, "record", "-F", str(rate), "-d", "600", "-o", path, "-p", str(pid)]


def py_spy(*more):
    def command(rate, path, pid):
        return [str(PEERS / "py-spy"), "record", "-r", str(rate), "-d", "600", "-f", "raw", "--full-filenames", "-t",
                *more, "-o", path, "-p", str(pid)]
    return command


def austin(rate, path, pid):
    return [str(PEERS / "austin"), "-s", "-i", f"{1000000 // rate}us", "-o", path, "-p", str(pid)]


def perf(rate, path, pid):
    return ["perf", "record", "-e", "cpu-clock", "-F", str(rate), "-g", "-o", path, "-p", str(pid)]


PROFILERS = {
    "sonde": (sonde, languages.stacks_of_sonde, ".pb.gz"),
    "py-spy": (py_spy(), languages.stacks_of_py_spy, ".raw"),
    "py-spy --nonblocking": (py_spy("--nonblocking"), languages.stacks_of_py_spy, ".raw"),
    "austin -s": (austin, None, ".austin"),
    "perf record -g": (perf, None, ".data"),        # slowdown only: it knows no Python
}


def stacks_of_austin(path, by_time=False):
    """Each line is a sample with the time since the last; neither reading is always the nearer one."""
    stacks = []
    for line in pathlib.Path(path).read_text(errors="replace").splitlines():
        text, _, count = line.rpartition(" ")
        if not text.startswith("P") or not count.lstrip("-").isdigit():
            continue
        frames = []
        for part in text.split(";")[2:]:
            file, _, rest = part.rpartition(":")[0].rpartition(":")
            at = part.rpartition(":")[2]
            frames.append(languages.Frame(f"{os.path.basename(file)}:{rest}", file, int(at) if at.isdigit() else 0, True))
        if frames:
            stacks.append(languages.Stack(frames[::-1], max(int(count), 0) if by_time else 1))
    return stacks


def installed():
    """The profilers that are there; the others are named."""
    subprocess.run([str(ROOT / "tools" / "testbed"), "peers"])
    there = {}
    for name, profiler in PROFILERS.items():
        program = profiler[0](99, "x", 1)[0]
        if shutil.which(program):
            there[name] = profiler
        else:
            print(f"{name}: not installed, left out")
    return there


class Attached:
    """A profiler at work on a process, until `stop()`."""
    ready_s = READY_S

    def __init__(self, command):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        time.sleep(self.ready_s)
        if self.process.poll() is not None:
            self.fail()

    def fail(self):
        self.log.seek(0)
        told = [line.strip() for line in self.log.read().decode(errors="replace").splitlines() if line.strip()]
        raise RuntimeError(told[-1][-200:] if told else "it ended at once")

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(int(n) for n in fields[11:15]) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        """All the CPU time it used, its last work included."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)   # os.times() counts in 10 ms
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def to_root(stack):
    root = next((frame.name.rpartition(":")[2] for frame in reversed(stack.frames) if frame.python), "")
    return root == "<module>" or root.endswith("_bootstrap")


def errors(told, stacks, qualified):
    """Percentage points that each function's share is off; the key that is most."""
    profile = languages.as_profile(stacks)
    languages.name_as_truth(profile, told, qualified)
    off = {key: abs(truth.share_of(profile, key) - wanted) * 100 for key, wanted in told.items() if key[0] != "@"}
    return off


def mean_error(told, stacks):
    return statistics.mean(errors(told, stacks, False).values())


def accuracy(python, profilers, seconds):
    """One process, a phase for each profiler and rate."""
    print(f"{'':24} {'Hz':>4} {'samples':>8} {'max error':>9} {'mean':>6} {'to root':>8} {'CPU ms/s':>9} {'in all ms':>9}  furthest")
    target = subprocess.Popen([python, MIXED, "--phases", str(seconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True, env=languages.environment())
    try:
        for rate in RATES:
            for name, (command, read, ending) in profilers.items():
                if name.startswith("perf"):
                    continue
                try:
                    accuracy_row(target, name, rate, command, read or stacks_of_austin, ending)
                except RuntimeError as why:
                    print(f"{name:24} {rate:4}  failed: {why}")
    finally:
        target.kill()
        target.wait()


def accuracy_row(target, name, rate, command, read, ending):
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/p{ending}"
        attached = Attached(command(rate, path, target.pid))
        began, idle = time.monotonic(), attached.cpu_s()
        target.stdin.write("go\n")
        target.stdin.flush()
        told = truth.truth_line(target.stdout.readline(), "")
        wall, busy = time.monotonic() - began, attached.cpu_s()
        in_all = attached.stop()
        if not os.path.exists(path):
            attached.fail()
        stacks = [stack for stack in read(path) if stack.frames]
        if read is stacks_of_austin:
            stacks = min((stacks, read(path, by_time=True)), key=lambda s: mean_error(told, s))
        total = sum(stack.count for stack in stacks)
        if not total or not any(frame.python for stack in stacks for frame in stack.frames):
            raise RuntimeError("not one Python frame")
        off = errors(told, stacks, qualified=False)
        worst = max(off, key=off.get)
        complete = sum(stack.count for stack in stacks if to_root(stack)) / total
        print(f"{name:24} {rate:4} {total:8} {off[worst]:9.2f} {statistics.mean(off.values()):6.2f} {complete:8.2%} "
              f"{1e3 * (busy - idle) / wall:9.1f} {1e3 * in_all:9.0f}  {worst}")
        sys.stdout.flush()


class FixedWork:
    """A program that does the same work for each line it is sent, and says what time that took."""

    def __init__(self, program):
        self.process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=languages.environment())

    def turn(self, command=None):
        """(CPU s, wall s) of the work with a profiler attached, or alone."""
        attached = Attached(command(self.process.pid)) if command else None
        try:
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
            told = truth.truth_line(self.process.stdout.readline(), "")
            return told["cpu_s"], told["wall_s"]
        finally:
            if attached:
                attached.stop()

    def end(self):
        self.process.kill()
        self.process.wait()


def take_round(program, ways, times, failed):
    """Each way once, in an order that is drawn anew. In one process: from one to the next, the same work takes up
    to 3 % more or less, by where its memory came to lie."""
    target = FixedWork(program)
    try:
        target.turn()       # the first is slower: caches, and specialised bytecode from 3.11 on
        for way in random.sample(list(ways), len(ways)):
            try:
                times[way].append(target.turn(ways[way]))
            except RuntimeError as why:
                failed[way] = why
                times[way].append(None)
    finally:
        target.end()


def interval(ratios, draws=4000):
    """The median in per cent, and between what two values it lies 95 times of 100 (bootstrap)."""
    medians = sorted(statistics.median(random.choices(ratios, k=len(ratios))) for _ in range(draws))
    low, high = medians[draws * 25 // 1000], medians[draws * 975 // 1000 - 1]
    return f"{100 * (statistics.median(ratios) - 1):6.2f} [{100 * (low - 1):6.2f} ..{100 * (high - 1):6.2f}]"


def of_pairs(rows, base, column):
    """Each round's ratio: what all of a round suffered from is in both of its halves."""
    pairs = [row[column] / other[column] for row, other in zip(rows, base) if row and other]
    return interval(pairs) if pairs else "-"


def slowdown(program, profilers, rounds, rates=RATES):
    """Per cent more than alone, and at each rate Sonde against the others: medians of the rounds' own ratios."""
    ways = {("alone", 0): None}
    times, failed = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for rate in rates:
            for name, (command, _, ending) in profilers.items():
                ways[name, rate] = lambda pid, c=command, r=rate, e=ending: c(r, f"{folder}/p{e}", pid)
        times = {way: [] for way in ways}
        for _ in range(rounds):
            take_round(program, ways, times, failed)
    print(f"\n{'the program under':24} {'Hz':>4} {'CPU: % slower [95 %]':>25} {'wall: % slower [95 %]':>25}   "
          f"({rounds} rounds; wall time less waiting for a CPU)")
    for name, rate in list(ways)[1:]:
        rows = times[name, rate]
        if not any(rows):
            print(f"{name:24} {rate:4}  failed: {failed[name, rate]}")
            continue
        print(f"{name:24} {rate:4} {of_pairs(rows, times['alone', 0], 0):>25} {of_pairs(rows, times['alone', 0], 1):>25}")
    for name, rate in list(ways)[1:]:
        if name != "sonde" and any(times[name, rate]) and ("sonde", rate) in times:
            sonde_rows = times["sonde", rate]
            print(f"{'sonde against ' + name:24} {rate:4} {of_pairs(sonde_rows, times[name, rate], 0):>25} "
                  f"{of_pairs(sonde_rows, times[name, rate], 1):>25}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description="Sonde beside py-spy and austin")
    parser.add_argument("--python", default="/usr/bin/python3")
    parser.add_argument("--seconds", type=float, default=5, help="of each phase")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", type=int, default=1500, help="rounds of fixed work")
    parser.add_argument("--only", choices=("accuracy", "slowdown"))
    options = parser.parse_args()
    profilers = installed()
    if options.only != "slowdown":
        accuracy(options.python, profilers, options.seconds)
    if options.only != "accuracy":
        slowdown([options.python, MIXED, "--fixed", str(options.work)], profilers, options.rounds)


if __name__ == "__main__":
    main()
