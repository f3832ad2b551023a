#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ticks.py [--seconds S] [--warm S] [--rate HZ] [--perf-rate HZ] -- COMMAND...: whom the ticks of a timer hit, and whom they were meant for.

Beside one another in one run of COMMAND, for S seconds after it has run for some: `sonde record -p`, `perf record -a -e cpu-clock`
(not at the same rate: two timers of one rate keep their distance, so that one always comes when what the other has woken runs) and the scheduler's own events (sched_switch). For each of the process's threads
its share of the process's CPU time:

  clock      by the threads' clocks (/proc/PID/task/TID/schedstat, what CLOCK_THREAD_CPUTIME_ID tells)
  on cpu     by when each thread got a CPU and gave it up (sched_switch)
  due        ticks by who had the CPU when the timer was due: perf's timer is due at a fixed distance of CLOCK_MONOTONIC, so when each
             of its samples should have been taken is known from all others of that CPU
  perf       ticks by whom perf's samples hit
  sonde      ticks by whom Sonde's samples hit

Where `due` is `on cpu` and `perf` and `sonde` are not, ticks come late: to a thread that has interrupts off, and gives the CPU up
before they are on again. Then how late ticks were, and to whom went those that were due in one thread and hit another."""
import argparse
import bisect
import collections
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import pprof_min    # noqa: E402

SONDE = str(ROOT / "build" / "sonde")
TRACING = pathlib.Path("/sys/kernel/tracing/events/sched/sched_switch")
LOST, SAMPLE = 2, 9     # of perf_event_open(2)
SMALL = 0.005       # of the process's CPU time: threads below are one row
NEAR = 400          # ticks of a CPU, before and behind, that tell when one was due


def clocks(pid):
    """tid -> (name, ns by its clock)."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            found[int(task.name)] = ((task / "comm").read_text().strip(), int((task / "schedstat").read_text().split()[0]))
        except OSError:
            pass
    return found


def record(command, seconds, warm, rates, folder):
    """The three recordings; the process's threads that were there at both ends: tid -> name, and what their clocks went on by
    between two times of CLOCK_MONOTONIC, tid -> ns."""
    target = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        time.sleep(warm)
        perf = ["perf", "record", "-q", "-B", "--no-bpf-event", "-a", "-k", "mono", "-m", "4096"]
        length = ["--", "sleep", str(seconds + 2)]
        running = [subprocess.Popen([*perf, "-e", "sched:sched_switch", "-o", folder / "sched.data", *length]),
                   subprocess.Popen([*perf, "-e", "cpu-clock", "-F", str(rates[1]), "-o", folder / "clock.data", *length]),
                   subprocess.Popen([SONDE, "record", "-p", str(target.pid), "-F", str(rates[0]), "-d", str(seconds), "-o", folder / "p.pb.gz"],
                                    stderr=subprocess.DEVNULL)]
        time.sleep(1)
        first, before = time.monotonic_ns(), clocks(target.pid)
        time.sleep(seconds - 0.5)
        last, after = time.monotonic_ns(), clocks(target.pid)
        if any([p.wait() for p in running]):
            sys.exit("a recording failed")
    finally:
        target.kill()
        target.wait()
    both = [tid for tid in before if tid in after]
    return {tid: after[tid][0] for tid in both}, {tid: after[tid][1] - before[tid][1] for tid in both}, first, last


def samples_of(path):
    """Of a perf.data: (tid, time, CPU, the raw bytes of a tracepoint) of each sample."""
    data = path.read_bytes()
    attr_bytes, attrs_at, attrs_bytes, at, size = struct.unpack_from("<QQQQQ", data, 16)
    events = {}
    for attr in range(attrs_at, attrs_at + attrs_bytes, attr_bytes):
        sample_type = struct.unpack_from("<Q", data, attr + 24)[0]
        ids_at, ids_bytes = struct.unpack_from("<QQ", data, attr + attr_bytes - 16)
        present = [bit for bit in (16, 0, 1, 2, 3, 6, 9, 7, 8) if sample_type & 1 << bit]      # 8 bytes each
        event = ({bit: 8 + 8 * i for i, bit in enumerate(present)}, 8 + 8 * len(present) + 4 if sample_type & 1 << 10 else None)
        events[None] = event
        for (name,) in struct.iter_unpack("<Q", data[ids_at:ids_at + ids_bytes]):
            events[name] = event
    end = at + size
    while at < end:
        kind, _, n = struct.unpack_from("<IHH", data, at)
        if kind == LOST:
            sys.exit(f"perf has lost events: {path.name}")
        if kind == SAMPLE:
            name = struct.unpack_from("<Q", data, at + 8)[0]        # (PERF_SAMPLE_IDENTIFIER, where there are several)
            where, raw_at = events.get(name, events[None])
            yield (struct.unpack_from("<I", data, at + where[1] + 4)[0], struct.unpack_from("<Q", data, at + where[2])[0],
                   struct.unpack_from("<I", data, at + where[7])[0], data[at + raw_at:at + n] if raw_at else b"")
        at += n


def sorted_by_time(found):
    """cpu -> (times, values) of (cpu, time, value)."""
    columns = collections.defaultdict(lambda: ([], []))
    for cpu, at, value in sorted(found):
        columns[cpu][0].append(at)
        columns[cpu][1].append(value)
    return columns


def read_sched(path):
    """Each CPU's switches as (times, who runs from then on)."""
    text = (TRACING / "format").read_text()
    at_next = int(re.search(r"field:[^;]*\bnext_pid;\s*offset:(\d+);", text)[1])
    return sorted_by_time((cpu, at, struct.unpack_from("<i", raw, at_next)[0]) for _, at, cpu, raw in samples_of(path) if raw)


def read_clock(path):
    """Each CPU's samples as (times, tids)."""
    return sorted_by_time((cpu, at, tid) for tid, at, cpu, _ in samples_of(path))


def dues(times, period):
    """When each sample was due, and those that were due and never came."""
    numbers = [round((t - times[0]) / period) for t in times]
    late = [t - times[0] - n * period for t, n in zip(times, numbers)]
    found, missing = [], []
    for i, t in enumerate(times):
        around = sorted(late[max(i - NEAR, 0):i + NEAR])
        found.append(t - (late[i] - around[len(around) // 20]))
        if i:
            missing += [found[i - 1] + k * period for k in range(1, numbers[i] - numbers[i - 1])]
    return found, missing


def on_cpu(switches, at):
    times, tids = switches
    i = bisect.bisect_right(times, at) - 1
    return tids[i] if i >= 0 else None


def count_ticks(names, switches, clock, period, first, last):
    """Counters by thread: due, hit; (due, hit) of those that differ; how late those of the process were; how many never came."""
    due, hit, moved, late, never = collections.Counter(), collections.Counter(), collections.Counter(), [], 0

    def word(tid):
        return "idle" if tid == 0 else "process" if tid in names else "elsewhere"
    for cpu, (times, tids) in clock.items():
        wanted, missing = dues(times, period)
        for at, tid, when in zip(times, tids, wanted):
            if not first <= when < last:
                continue
            meant = on_cpu(switches[cpu], when)
            due[meant] += 1
            hit[tid] += 1
            if meant != tid:
                moved[word(meant), word(tid)] += 1
            if meant in names:
                late.append(at - when)
        for when in missing:
            if first <= when < last:
                due[on_cpu(switches[cpu], when)] += 1
                never += on_cpu(switches[cpu], when) in names
    return due, hit, moved, sorted(late), never


def times_on_cpu(switches, first, last):
    """tid -> ns."""
    spent = collections.Counter()
    for times, tids in switches.values():
        for i in range(len(times) - 1):
            spent[tids[i]] += max(min(times[i + 1], last) - max(times[i], first), 0)
    return spent


def sonde_ticks(path, first, last):
    profile, found = pprof_min.read(path), collections.Counter()
    index = next((i for i, (kind, _) in enumerate(profile.types) if kind == "samples"), 0)
    start = profile.time_ns - (time.time_ns() - time.monotonic_ns())
    for sample in profile.samples:
        if first <= start + sample.labels["time"] < last:
            found[sample.labels.get("tid", 0)] += sample.values[index]
    return found


def print_table(names, columns):
    """A row for each thread, the large ones first, and one for the small."""
    wholes = {name: sum(values.get(tid, 0) for tid in names) or 1 for name, values in columns.items()}
    shares = {tid: [values.get(tid, 0) / wholes[name] for name, values in columns.items()] for tid in names}
    large = sorted((tid for tid in names if shares[tid][0] >= SMALL), key=lambda tid: -shares[tid][0])
    small = [tid for tid in names if shares[tid][0] < SMALL]
    rows = [(f"{names[tid]} {tid}", shares[tid]) for tid in large]
    rows += [(f"{len(small)} others", [sum(shares[tid][i] for tid in small) for i in range(len(columns))])] if small else []
    print(f"{'threads':24}" + "".join(f"{name:>10}" for name in columns) + f"{'1 SE':>8}")
    for name, row in rows:
        print(f"{name:24}" + "".join(f"{100 * s:10.2f}" for s in row) + f"{100 * (row[0] * (1 - row[0]) / wholes['perf']) ** 0.5:8.2f}")
    print(f"{'all: s, ticks':24}" + "".join(f"{whole / 1e9:10.3f}" if name in ("clock", "on cpu") else f"{whole:10}"
                                            for name, whole in wholes.items()))


def main():
    parser = argparse.ArgumentParser(description="whom the ticks of a timer hit, and whom they were meant for")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--warm", type=float, default=5)
    parser.add_argument("--rate", type=int, default=499)
    parser.add_argument("--perf-rate", type=int, default=877)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sonde-ticks-") as folder:
        folder = pathlib.Path(folder)
        names, spent, first, last = record([a for a in options.command if a != "--"] if options.command[:1] == ["--"] else options.command,
                                           options.seconds, options.warm, (options.rate, options.perf_rate), folder)
        switches, clock = read_sched(folder / "sched.data"), read_clock(folder / "clock.data")
        sonde = sonde_ticks(folder / "p.pb.gz", first, last)
    due, hit, moved, late, never = count_ticks(names, switches, clock, 10**9 // options.perf_rate, first, last)
    columns = {"clock": spent, "on cpu": times_on_cpu(switches, first, last), "due": due, "perf": hit, "sonde": sonde}
    print_table(names, columns)
    if late:
        print("ticks late by: " + ", ".join(f"{p} % {late[min(len(late) * p // 100, len(late) - 1)] / 1000:.1f} us" for p in (50, 90, 99))
              + f", most {late[-1] / 1000:.0f} us; never came: {never}")
    print("due in one, hit another: " + ", ".join(f"{a} -> {b} {n}" for (a, b), n in moved.most_common(8)))


if __name__ == "__main__":
    sys.exit(main())
