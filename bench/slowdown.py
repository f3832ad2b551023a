#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""slowdown.py [python] [go] [node] [java] ...: how much a target is slowed by Sonde, and by perf record -g in the same run.

One process that is warm does a turn of the same work (0.08 s) again and again. In each round it does a dozen turns each way, in
an order that is drawn anew: alone (twice: what the two differ in is what this way of measuring cannot tell), under each profiler,
and under a timer that nobody looks at. A way's value is the median of its turns' CPU time, by the clocks of the threads that
work; printed is the median of the rounds' ratios, and between what values it lies 95 times of 100.

Then what a tick costs, counted: the timer's own from the ratio at 4,999 Hz, the kernel half's from the time that the kernel
measures of BPF programs (kernel.bpf_stats_enabled). Both together, times the rate, is the share of a CPU that a busy thread
pays; caches that a tick leaves cold are in the ratios only."""
import argparse
import ctypes
import os
import pathlib
import random
import statistics
import struct
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]
import golang       # noqa: E402
import java as jvm      # noqa: E402
import nodejs       # noqa: E402
import python_peers     # noqa: E402
import truth        # noqa: E402

TURN_S = 0.08
TURNS = 12          # of a way in a round
WARM = 40
TIMER_HZ = 4999
READY_S = 0.9
STATS = pathlib.Path("/proc/sys/kernel/bpf_stats_enabled")
PERF_EVENT_OPEN = 298       # x86-64


def python(work):
    return ["/usr/bin/python3", python_peers.MIXED, "--fixed", str(work)]


def go(work):
    return [str(golang.build(golang.rows()[-1])), "fixed", str(work)]


def node(work):
    os.environ["SONDE_NATIVE"] = str(nodejs.native())
    return [nodejs.node(24), str(nodejs.SOURCES / "mixed.js"), "--fixed", str(work)]


def java(work):
    """A heap that stays as it is, and no compiler thread that comes late."""
    jdk = next(j for j in reversed(jvm.jdks()) if j.there())
    built = jvm.build()
    return [jdk.java, *jvm.native_options(jdk, built), "-XX:+UseSerialGC", "-Xms512m", "-Xmx512m", "-Xmn256m", "-Xbatch", "-cp",
            built.classes, "work.Mixed", "--fixed", str(work)]


TARGETS = {"python": (python, 60), "go": (go, 20), "node": (node, 6), "java": (java, 160)}    # and work for a first guess


class Turns(python_peers.FixedWork):
    def cpu_s(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        told = truth.truth_line(self.process.stdout.readline(), "")
        return told.get("own_s", told["cpu_s"])


class Timer:
    """The kernel's timer on each CPU, as a profiler's, but for the profiler."""

    def __init__(self, rate):
        # perf_event_attr: a software event, the CPU's clock, a period in nanoseconds
        attr = struct.pack("<IIQQQQQIIQ", 1, 64, 0, 10**9 // rate, 0, 0, 0, 0, 0, 0)
        libc = ctypes.CDLL(None, use_errno=True)
        self.fds = [libc.syscall(PERF_EVENT_OPEN, attr, -1, cpu, -1, 0) for cpu in sorted(os.sched_getaffinity(0))]
        if min(self.fds) < 0:
            raise RuntimeError(f"perf_event_open: {os.strerror(ctypes.get_errno())}")

    def stop(self):
        for fd in self.fds:
            os.close(fd)


class Attached(python_peers.Attached):
    ready_s = READY_S


def bpf_time(pid):
    """Nanoseconds that the timer's program has run which a process holds."""
    for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        if os.readlink(link) != "anon_inode:bpf-prog":
            continue
        told = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/fdinfo/{link.name}").read_text().splitlines()
                    if ":\t" in line)
        if told["prog_type"] == "7" and int(told["run_cnt"]):      # BPF_PROG_TYPE_PERF_EVENT
            return int(told["run_time_ns"])
    return 0


def calibrated(target, guess):
    """The program with as much work as takes a turn's time, warm."""
    trial = Turns(target(guess))
    taken = statistics.median([trial.cpu_s() for _ in range(WARM)][WARM // 2:])
    trial.end()
    turns = Turns(target(max(1, round(guess * TURN_S / taken))))
    for _ in range(WARM):
        turns.cpu_s()
    return turns


def half(turns, start):
    """The median of a way's turns. Whatever the way, the program has rested as long before them, and done one."""
    began = time.monotonic()
    attached = start(turns.process.pid)
    try:
        time.sleep(max(0, READY_S - (time.monotonic() - began)))
        turns.cpu_s()
        return statistics.median(turns.cpu_s() for _ in range(TURNS))
    finally:
        if attached:
            attached.stop()


def count_ticks(turns, start):
    """(ns of the kernel half, the target's CPU s) while the target works: what passes over others' ticks is in it too."""
    was = STATS.read_text()
    STATS.write_text("1")
    attached = start(turns.process.pid)
    try:
        before = bpf_time(attached.process.pid)
        cpu_s = sum(turns.cpu_s() for _ in range(2 * TURNS))
        return bpf_time(attached.process.pid) - before, cpu_s
    finally:
        attached.stop()
        STATS.write_text(was)


def ways_of(rates, others, folder):
    ways = {"alone": lambda pid: None, "alone again": lambda pid: None}
    for rate in rates:
        ways[f"sonde {rate} Hz"] = lambda pid, r=rate: Attached(python_peers.sonde(r, f"{folder}/p.pb.gz", pid))
    if not others:
        return ways
    ways[f"perf record -g {max(rates)} Hz"] = lambda pid: Attached(python_peers.perf(max(rates), f"{folder}/p.data", pid))
    ways[f"timer {TIMER_HZ} Hz"] = lambda pid: Timer(TIMER_HZ)
    return ways


def percent(ratios):
    return python_peers.interval(ratios)


def measure(target, guess, rounds, rates, others):
    with tempfile.TemporaryDirectory() as folder:
        ways = ways_of(rates, others, folder)
        turns, taken = calibrated(target, guess), {way: [] for way in ways}
        try:
            until = time.monotonic() + 330
            for _ in range(rounds):
                for way in random.sample(list(ways), len(ways)):
                    taken[way].append(half(turns, ways[way]))
                if time.monotonic() > until:
                    break
            counted = {rate: count_ticks(turns, ways[f"sonde {rate} Hz"]) for rate in rates}
        finally:
            turns.end()
    report(taken, counted, rates)


def report(taken, counted, rates):
    alone = [(a + b) / 2 for a, b in zip(taken["alone"], taken["alone again"])]
    print(f"{'the program':28} {'CPU: % slower [95 %]':>25}   ({len(alone)} rounds of {TURNS} turns, "
          f"{statistics.median(alone):.3f} s each)")
    print(f"{'alone, against alone':28} {percent([b / a for a, b in zip(taken['alone'], taken['alone again'])]):>25}")
    ratios = {way: [t / a for t, a in zip(taken[way], alone)] for way in taken}
    for way in list(taken)[2:]:
        print(f"{way:28} {percent(ratios[way]):>25}")
    top, perf, timer = f"sonde {max(rates)} Hz", f"perf record -g {max(rates)} Hz", f"timer {TIMER_HZ} Hz"
    if perf in taken:
        print(f"{'sonde against perf, ' + str(max(rates)) + ' Hz':28} "
              f"{percent([s / p for s, p in zip(taken[top], taken[perf])]):>25}")
    for rate in rates:
        ns, cpu_s = counted[rate]
        own_us = ns / cpu_s / rate / 1e3
        if timer not in taken:
            print(f"a tick at {rate} Hz: the kernel half {own_us:.1f} us: {1e-4 * own_us * rate:.3f} % of a busy thread")
            continue
        timer_us = 1e6 * (statistics.median(ratios[timer]) - 1) / TIMER_HZ
        print(f"a tick at {rate} Hz: the timer {timer_us:.1f} us, the kernel half {own_us:.1f} us: "
              f"{1e-4 * own_us * rate:.3f} % of a busy thread, with the timer {1e-4 * (own_us + timer_us) * rate:.2f} %")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--rates", type=int, nargs="+", default=python_peers.RATES)
    parser.add_argument("--no-others", action="store_true", help="without perf and the timer: more rounds in the same time")
    options = parser.parse_args()
    for name in options.targets or TARGETS:
        print(f"== {name}")
        measure(*TARGETS[name], options.rounds, options.rates, not options.no_others)


if __name__ == "__main__":
    main()
