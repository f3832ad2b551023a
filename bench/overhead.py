#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What profiling costs: the profiled program's slowdown, and the profiler's own CPU for each sample.

Side by side in one run, rounds interleaved, medians. Peers that are not installed are named. With
SLOWDOWN=0 only the second half.
"""
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SONDE = os.path.join(ROOT, "build/sonde")
ROUNDS = int(os.environ.get("ROUNDS", "7"))
SECONDS = int(os.environ.get("SECONDS_EACH", "30"))
WORK = [None, "40000", "30"]
DEPTHS = [30, 80]  # calls: a shallow program, and a deep one, on which perf script works longer


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(command, **kwargs):
    """CPU seconds that the command and its children took."""
    before = children_cpu()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, **kwargs)
    return children_cpu() - before


def work_ns(out):
    return int(open(out).read().split()[0])


def main():
    folder = tempfile.mkdtemp(prefix="sonde-bench-")
    os.chdir(folder)
    WORK[0] = os.path.join(folder, "fixed_work")
    subprocess.run(["cc", "-O2", "-fomit-frame-pointer", "-o", WORK[0],
                    os.path.join(ROOT, "bench/fixed_work.c")], check=True)
    frame_pointers = os.path.join(folder, "fixed_work_fp")
    subprocess.run(["cc", "-O2", "-fno-omit-frame-pointer", "-o", frame_pointers,
                    os.path.join(ROOT, "bench/fixed_work.c")], check=True)
    perf = shutil.which("perf")
    if not perf:
        print("perf: not installed, skipped")
    if os.environ.get("SLOWDOWN", "1") != "0":
        print_slowdown(perf)
    for depth in DEPTHS:
        print_costs(perf, frame_pointers, depth)
    shutil.rmtree(folder)


def print_slowdown(perf):
    ways = {"alone": [], "sonde 99 Hz": [SONDE, "record", "-F", "99", "-o", "s.pb.gz", "--"],
            "sonde 999 Hz": [SONDE, "record", "-F", "999", "-o", "s.pb.gz", "--"]}
    if perf:
        ways["perf record -F 999 -g"] = ["perf", "record", "-B", "-e", "cpu-clock", "-F", "999", "-g",
                                         "-o", "p.data", "--"]
        ways["perf record -F 99 -g"] = ["perf", "record", "-B", "-e", "cpu-clock", "-F", "99", "-g",
                                        "-o", "p.data", "--"]
    times = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, prefix in ways.items():
            with open("out", "w") as out:
                run(prefix + WORK, stdout=out)
            times[way].append(work_ns("out"))
    alone = statistics.median(times["alone"])
    print(f"{'the program under':28} {'CPU s':>8} {'slowed':>9}   (median of {ROUNDS})")
    for way in ways:
        median = statistics.median(times[way])
        print(f"{way:28} {median / 1e9:8.3f} {100 * (median / alone - 1):8.2f}%")



def print_costs(perf, frame_pointers, depth):
    title = f"the profiler itself, 99 Hz, {SECONDS} s, {depth} calls"
    print(f"\n{title:46} {'CPU ms':>8} {'samples':>8} {'us/sample':>10} {'ratio':>6}")
    own = None
    for name, seconds, samples in costs(perf, frame_pointers, depth):
        each = seconds * 1e6 / max(samples, 1)
        own = own or each
        print(f"{name:46} {seconds * 1e3:8.1f} {samples:8} {each:10.1f} {each / own:5.1f}x")


def start_target(program, depth):
    """With the first right to a CPU, so that whatever else the machine does takes no samples away."""
    target = subprocess.Popen([program, "100000000", str(depth)], stdout=subprocess.DEVNULL,
                              start_new_session=True)
    try:
        os.setpriority(os.PRIO_PROCESS, target.pid, -15)
        with open(f"/proc/{target.pid}/autogroup", "w") as group:  # where sessions share, not processes
            group.write("-15")
    except OSError:
        pass
    return target


def sonde_cost(program, depth):
    """Sonde's CPU for a recording by pid, so that the program's own is not in it."""
    target = start_target(program, depth)
    try:
        seconds = run([SONDE, "record", "-p", str(target.pid), "-F", "99", "-d", str(SECONDS), "-o", "s.pb.gz",
                       "-o", "s.folded"])
    finally:
        target.kill()
        target.wait()
    with open("s.folded") as lines:
        return seconds, sum(int(line.rsplit(" ", 1)[1]) for line in lines) // 10101010


def perf_cost(program, depth, options):
    target = start_target(program, depth)
    try:
        seconds = run(["perf", "record", "-B", "-e", "cpu-clock", "-F", "99", *options, "-o", "p.data", "-p",
                       str(target.pid), "--", "sleep", str(SECONDS)], stdout=subprocess.DEVNULL)
        with open("p.txt", "w") as out:
            seconds += run(["perf", "script", "-i", "p.data"], stdout=out)
    finally:
        target.kill()
        target.wait()
    with open("p.txt") as text:
        return seconds, sum(1 for line in text if "cpu-clock" in line)


def costs(perf, frame_pointers, depth):
    """Medians of the cost for each sample, over rounds."""
    ways = [("sonde record (no frame pointers)", lambda: sonde_cost(WORK[0], depth))]
    if perf:
        ways += [("perf record -g (frame pointers) + perf script",
                  lambda: perf_cost(frame_pointers, depth, ["-g"])),
                 ("perf record --call-graph dwarf + perf script",
                  lambda: perf_cost(WORK[0], depth, ["--call-graph", "dwarf"]))]
    rows = {name: [] for name, _ in ways}
    for _ in range(max(ROUNDS // 2 - 1, 1)):
        for name, way in ways:
            rows[name].append(way())
    for name, _ in ways:
        yield (name, *sorted(rows[name], key=lambda r: r[0] / max(r[1], 1))[len(rows[name]) // 2])


if __name__ == "__main__":
    sys.exit(main())
