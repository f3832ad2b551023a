#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sonde beside async-profiler (event=cpu, cstack=vm), attached to the same running JVM one after another.

    python3 bench/java_peers.py [--jdk NAME] [--seconds 5] [--repeats 3] [--rounds 5] [--work 8000] [--only accuracy|slowdown|attach]

Accuracy, for a JVM with its compilers and one under -Xint: the error in percentage points against what the program
measured of itself in that phase (tests/workloads/java/work/Mixed.java --phases), the share of samples with Java frames whose
stack has no hole and reaches its thread's first frame. Slowdown: how much longer a fixed amount of work takes, and all CPU time,
the profiler's included, rounds interleaved, medians. Attach: the time until a JVM with 2,000 threads is being sampled.
async-profiler comes from Maven Central by tools/testbed, and is loaded by the JVM's own attach protocol, as asprof does.
"""
import argparse
import collections
import os
import pathlib
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]
import java  # noqa: E402
import python_peers  # noqa: E402
import truth  # noqa: E402

LIBRARY = java.BED / "java-peers" / "libasyncProfiler.so"
RATES = (99, 999)


# async-profiler


def attach(pid, options):
    """Has the JVM load the agent with these options; what it answers."""
    path = f"/proc/{pid}/root/tmp/.java_pid{pid}"
    if not os.path.exists(path):
        asked = pathlib.Path(f"/proc/{pid}/cwd/.attach_pid{pid}")
        asked.touch()
        try:
            os.kill(pid, signal.SIGQUIT)
            until = time.monotonic() + 30
            while not os.path.exists(path) and time.monotonic() < until:
                time.sleep(0.001)
        finally:
            asked.unlink()
    with socket.socket(socket.AF_UNIX) as jvm:
        jvm.settimeout(60)
        jvm.connect(path)
        jvm.sendall("".join(f"{word}\0" for word in ("1", "load", str(LIBRARY), "true", options)).encode())
        answer = b""
        while piece := jvm.recv(4096):
            answer += piece
    text = answer.decode(errors="replace")
    if not text.startswith("0\n") or re.search(r"^(return code: [^0]|\[ERROR\])", text, re.M):
        raise RuntimeError(f"async-profiler: {text.strip()[-200:]}")
    return text


class AsyncProfiler:
    """At work inside a JVM until stop(); its CPU time is the JVM's."""

    def __init__(self, rate, path, pid):
        self.path, self.pid = path, pid
        attach(pid, f"start,event=cpu,interval={10**9 // rate},cstack=vm,threads,ann")

    def cpu_s(self):
        return 0

    def stop(self):
        attach(self.pid, f"stop,file={self.path},collapsed,threads,ann")
        return 0


def sonde(rate, path, pid):
    return python_peers.Attached([truth.SONDE, "record", "-F", str(rate), "-d", "600", "-o", path, "-p", str(pid)])


def perf(rate, path, pid):
    return python_peers.Attached(["perf", "record", "-e", "cpu-clock", "-F", str(rate), "-g", "-o", path, "-p", str(pid)])


PROFILERS = {
    "sonde": (sonde, java.stacks_of_sonde, ".pb.gz"),
    "async-profiler": (AsyncProfiler, java.stacks_of_async_profiler, ".folded"),
    "perf record -g": (perf, None, ".data"),        # slowdown only: it knows no Java
}


def start(jdk, *arguments, **more):
    built = java.build()
    return subprocess.Popen([jdk.java, *java.native_options(jdk, built), "-Xmx512m", "-cp", built.classes, *arguments], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True, **more)


def truth_of(target):
    """The next truth that it prints, after what an agent has to say."""
    for line in target.stdout:
        if line.startswith("{"):
            return truth.truth_line(line, "")
    raise RuntimeError("the program has ended")


# Accuracy


ROOTS = ("java.lang.Thread.run", "work.Mixed.main", "jdk.internal.vm.Continuation.enter",
         "java.util.concurrent.ForkJoinWorkerThread.run", "java.lang.Thread.runWith")
HOLE = re.compile(r"^\[(?!unknown\]$)|unknown_Java|not_walkable|break_|no_Java_frame|^\[unknown")


def is_whole(stack):
    java_frames = [frame.name for frame in stack.frames if frame.java]
    return not any(HOLE.search(frame.name) and frame.kind != "kernel" for frame in stack.frames) and \
        java_frames[-1] in ROOTS


def is_of_java(stack):
    return any(frame.java or "Java" in frame.name and frame.name.startswith("[") for frame in stack.frames)


def errors(told, stacks):
    """Percentage points too many, by function."""
    profile = java.as_profile(stacks)
    return {key: (truth.share_of(profile, key) - wanted) * 100 for key, wanted in told.items() if key[0] != "@"}


def accuracy(jdk, profilers, seconds, repeats):
    """Each phase is one profiler's, in an order drawn anew."""
    print(f"{'':24} {'mode':8} {'Hz':>4} {'samples':>8} {'max error':>9} {'mean':>6} {'pooled':>7} {'whole':>8} {'CPU ms/s':>9}  furthest, pooled"
          f"   ({repeats} phases of {seconds:g} s)")
    for mode in ((), ("-Xint",)):
        rows = collections.defaultdict(list)
        target = start(jdk, *mode, "work.Mixed", "--phases", str(seconds))
        try:
            target.stdin.write("\n")        # the first phase is for the compilers
            target.stdin.flush()
            target.stdout.readline()
            ways = [(rate, name) for rate in RATES for name, (_, read, _) in profilers.items() if read]
            for _ in range(repeats):
                random.shuffle(ways)
                for rate, name in ways:
                    try:
                        rows[rate, name].append(accuracy_row(target, rate, *profilers[name]))
                    except RuntimeError as why:
                        print(f"{name:24} {' '.join(mode) or 'default':8} {rate:4}  failed: {why}")
        finally:
            target.kill()
            target.wait()
        for (rate, name), taken in sorted(rows.items()):
            print_accuracy(name, mode, rate, taken)


def accuracy_row(target, rate, profiler, read, ending):
    """(samples, error by function, share of whole stacks, the profiler's CPU ms a second) of one phase."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/p{ending}"
        attached = profiler(rate, path, target.pid)
        began, idle = time.monotonic(), attached.cpu_s()
        target.stdin.write("\n")
        target.stdin.flush()
        told = truth_of(target)
        wall, busy = time.monotonic() - began, attached.cpu_s()
        attached.stop()
        stacks = [stack for stack in read(path) if stack.frames]
        of_java = [stack for stack in stacks if is_of_java(stack)]
        if not of_java:
            raise RuntimeError("not one Java frame")
        whole = sum(s.count for s in of_java if any(f.java for f in s.frames) and is_whole(s)) / sum(s.count for s in of_java)
        return sum(stack.count for stack in stacks), errors(told, stacks), whole, 1e3 * (busy - idle) / wall


def mean_and_error(values):
    return statistics.mean(values), statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0


def print_accuracy(name, mode, rate, taken):
    """`max error`, `mean`: of a phase's functions, averaged over the phases (with the standard error); `pooled`: the function
    whose error, averaged over the phases with its sign, is largest: what chance does not make."""
    samples, off, whole, cpu = zip(*taken)
    worst = mean_and_error([max(map(abs, phase.values())) for phase in off])
    usual = mean_and_error([statistics.mean(map(abs, phase.values())) for phase in off])
    pooled = {key: mean_and_error([phase[key] for phase in off if key in phase]) for key in set().union(*off)}
    key = max(pooled, key=lambda key: abs(pooled[key][0]))
    print(f"{name:24} {' '.join(mode) or 'default':8} {rate:4} {sum(samples):8} {worst[0]:5.2f}+-{worst[1]:.2f} {usual[0]:5.2f}+-{usual[1]:.2f} "
          f"{pooled[key][0]:+6.2f}+-{pooled[key][1]:.2f} {statistics.mean(whole):8.2%} {statistics.mean(cpu):9.1f}  {key}")
    sys.stdout.flush()


# Slowdown


def fixed_work(jdk, work, profiler):
    """(CPU s, wall s, CPU s with the profiler's own) of the program's fixed work."""
    target = start(jdk, "-XX:+UseSerialGC", "work.Mixed", "--fixed", str(work), env=dict(os.environ, TRUTH_WAIT="1"))
    attached = None
    try:
        time.sleep(0.7)
        attached = profiler(target.pid) if profiler else None
        before = attached.cpu_s() if attached else 0
        target.stdin.write("x\n")
        target.stdin.flush()
        told = truth_of(target)
        own = attached.cpu_s() - before if attached else 0
        return told["cpu_s"], told["wall_s"], told["cpu_s"] + own
    finally:
        target.kill()
        target.wait()
        if attached and not isinstance(attached, AsyncProfiler):
            attached.stop()


def slowdown(jdk, profilers, rounds, work):
    ways = {("alone", 0): None}
    with tempfile.TemporaryDirectory() as folder:
        for rate in RATES:
            for name, (profiler, _, ending) in profilers.items():
                ways[name, rate] = lambda pid, p=profiler, r=rate, e=ending: p(r, f"{folder}/p{e}", pid)
        times, failed = collections.defaultdict(list), {}
        for _ in range(rounds):
            order = list(ways)
            random.shuffle(order)
            for way in order:
                try:
                    times[way].append(fixed_work(jdk, work, ways[way]))
                except RuntimeError as why:
                    failed[way] = why
    alone = [statistics.median(column) for column in zip(*times["alone", 0])]
    print(f"\n{'the program under':24} {'Hz':>4} {'CPU s':>7} {'slowed':>8} {'wall s':>7} {'slowed':>8} {'all CPU':>8}   "
          f"(medians of {rounds})")
    for name, rate in ways:
        if not times[name, rate]:
            print(f"{name:24} {rate:4}  failed: {failed[name, rate]}")
            continue
        cpu, wall, both = (statistics.median(column) for column in zip(*times[name, rate]))
        print(f"{name:24} {rate or '':>4} {cpu:7.3f} {100 * (cpu / alone[0] - 1):7.2f}% {wall:7.3f} "
              f"{100 * (wall / alone[1] - 1):7.2f}% {both:8.3f}")


# Attach


def attach_sonde(pid, folder):
    """From our start until all is attached: a profile's start time is taken then."""
    path = f"{folder}/p.pb.gz"
    began = time.time_ns()
    done = subprocess.run([truth.SONDE, "record", "-F", "99", "-d", "2", "-o", path, "-p", str(pid)], capture_output=True,
                          text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-200:])
    busy = [stack for stack in java.stacks_of_sonde(path) if stack.thread == "the busy one"]
    whole = sum(s.count for s in busy if any(f.name == "work.Many.busy" for f in s.frames))
    if whole < 20:      # beside a load it may have little of a CPU
        raise RuntimeError(f"{whole} samples of the busy thread in 2 s at 99 Hz")
    return (java.pprof_min.read(path).time_ns - began) / 1e9


def attach_async_profiler(pid, folder):
    began = time.monotonic()
    profiler = AsyncProfiler(99, f"{folder}/p.folded", pid)
    took = time.monotonic() - began
    time.sleep(1)
    profiler.stop()
    return took


def attaching(jdk, profilers, rounds, threads):
    ways = {"sonde": attach_sonde, "async-profiler": attach_async_profiler}
    times = collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for name, way in ways.items():
                if name not in profilers:
                    continue
                target = start(jdk, "work.Many", str(threads), cwd=folder)
                try:
                    target.stdout.readline()
                    times[name].append(way(target.pid, folder))
                except RuntimeError as why:
                    print(f"{name}: {why}")
                finally:
                    target.kill()
                    target.wait()
    print(f"\n{'attached to':18} {'s':>7}   (a JVM of {threads} threads; median of {rounds}, and all)")
    for name, taken in [(name, taken) for name, taken in times.items() if taken]:
        print(f"{name:18} {statistics.median(taken):7.3f}   {' '.join(f'{t:.3f}' for t in taken)}")


def installed():
    subprocess.run([str(ROOT / "tools" / "testbed"), "java-peers"])
    there = dict(PROFILERS)
    if not LIBRARY.exists():
        del there["async-profiler"]
        print("async-profiler: not installed, left out")
    return there


def main():
    parser = argparse.ArgumentParser(description="Sonde beside async-profiler")
    parser.add_argument("--jdk", default="21")
    parser.add_argument("--seconds", type=float, default=5, help="of each phase")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3, help="phases of each profiler and rate")
    parser.add_argument("--work", type=int, default=8000, help="rounds of fixed work")
    parser.add_argument("--threads", type=int, default=2000)
    parser.add_argument("--only", choices=("accuracy", "slowdown", "attach"))
    options = parser.parse_args()
    jdk = next(j for j in java.jdks() if j.name == options.jdk)
    if jdk.bed:
        subprocess.run([str(ROOT / "tools" / "testbed"), jdk.bed], check=True)
    profilers = installed()
    if options.only in (None, "accuracy"):
        accuracy(jdk, profilers, options.seconds, options.repeats)
    if options.only in (None, "slowdown"):
        slowdown(jdk, profilers, options.rounds, options.work)
    if options.only in (None, "attach"):
        attaching(jdk, profilers, options.rounds, options.threads)


if __name__ == "__main__":
    main()
