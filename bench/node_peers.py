#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sonde beside V8's own profiler (node --cpu-prof) and 0x, on the same processes.

    python3 bench/node_peers.py [--node 20] [--seconds 5] [--rounds 5] [--work 25]

Accuracy: a process that the peer was started with is recorded by Sonde too; of both the error in percentage points against
what the program measured of itself (tests/workloads/node/mixed.js, first without worker threads, then with two of them, that
wait now and then), and the share of samples that tell nothing: cut or without a name (Sonde), "(program)" (--cpu-prof), empty (0x). --cpu-prof and 0x
take no attaching. Slowdown: how much longer a fixed amount of work takes, rounds interleaved, medians; and all the CPU time
that running it took, profiler and what it does afterwards included.
"""
import argparse
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]
import matrix  # noqa: E402
import nodejs  # noqa: E402
import python_peers  # noqa: E402
import truth  # noqa: E402

MIXED = str(nodejs.SOURCES / "mixed.js")
RATES = (99, 999)
ZERO_X = truth.TESTBED / "node-peers" / "node_modules" / "0x" / "cmd.js"


# How each peer is started. {folder} is where it writes.


def cpu_prof(node, rate, folder):
    return [node, "--cpu-prof", "--cpu-prof-dir", folder, "--cpu-prof-interval", str(1000000 // rate)]


def zero_x(node, rate, folder):
    # --prof's clock: a tick each millisecond, which 0x does not let one choose
    return [node, str(ZERO_X), "--silent", "--output-dir", folder, "--write-ticks", "--", node]


def sonde(rate, path):
    return [truth.SONDE, "record", "-F", str(rate), "-o", path]


# What each told, as (profile, share of samples that tell nothing)


def read_sonde(path, pid):
    stacks = [s for s in nodejs.stacks_of_sonde(path) if s.pid == pid]
    profile = truth.Profile([truth.Stack([f.name for f in reversed(s.frames)], s.count, s.thread) for s in stacks])
    nothing = sum(s.count for s in stacks if any(f.name.startswith("[") for f in s.frames))
    return profile, nothing / profile.n


def read_cpu_prof(folder, pid):
    """Weighted by the time between two samples; waiting is none of it."""
    stacks, nothing = [], 0
    for path in pathlib.Path(folder).glob("*.cpuprofile"):
        told = json.loads(path.read_text())
        parents = {child: node["id"] for node in told["nodes"] for child in node.get("children", [])}
        names = {node["id"]: node["callFrame"]["functionName"] for node in told["nodes"]}
        for sample, took in zip(told["samples"], told["timeDeltas"]):
            if names[sample] == "(idle)" or took <= 0:
                continue
            nothing += took if names[sample] == "(program)" else 0
            stack = []
            while sample:
                stack.append(names[sample])
                sample = parents.get(sample)
            stacks.append(truth.Stack(stack[::-1], took, ""))
    profile = truth.Profile(stacks)
    return profile, nothing / profile.n


def read_zero_x(folder, pid):
    ticks = json.loads(pathlib.Path(folder, "ticks.json").read_text())
    stacks = [truth.Stack([re.sub(r"^[~*^]", "", frame["name"]).partition(" ")[0] for frame in tick], 1, "") for tick in ticks]
    return truth.Profile(stacks), sum(not tick for tick in ticks) / len(ticks)


PEERS = {"--cpu-prof": (cpu_prof, read_cpu_prof), "0x": (zero_x, read_zero_x)}


def errors(told, profile):
    nodejs.name_as_truth(profile)
    return {key: 100 * abs(truth.share_of(profile, key) - share) for key, share in told.items() if key[0] != "@"}


def print_accuracy(name, rate, told, read):
    profile, nothing = read
    off = errors(told, profile)
    worst = max(off, key=off.get)
    samples = profile.n if name != "--cpu-prof" else len(profile.stacks)
    print(f"{name:12} {rate:4} {samples:8} {off[worst]:9.2f} {statistics.mean(off.values()):6.2f} {nothing:8.2%}  {worst}")
    sys.stdout.flush()


def accuracy(node, seconds, workers):
    print(f"{workers} workers:\n{'':12} {'Hz':>4} {'samples':>8} {'max error':>9} {'mean':>6} {'nothing':>8}  furthest")
    for rate in RATES:
        for name, (command, read) in PEERS.items():
            if name == "0x" and rate != 999:
                continue
            with tempfile.TemporaryDirectory() as folder:
                path = f"{folder}/sonde.pb.gz"
                done = subprocess.run([*sonde(rate, path), "--", *command(node, rate, f"{folder}/peer"), MIXED, str(seconds)],
                                      capture_output=True, text=True, timeout=300, cwd=folder,
                                      env=nodejs.environment(MIXED_WORKERS=str(workers)))
                told = json.loads(re.search(r'\{"@cpu_s".*?\}', done.stdout + done.stderr).group())
                pid = told["@tids"][0]
                print_accuracy("Sonde", rate, told, read_sonde(path, pid))
                print_accuracy(name, rate, told, read(f"{folder}/peer", pid))


# Slowdown


def cpu_of_children():
    times = os.times()
    return times.children_user + times.children_system


def run_fixed(command, attach):
    """(CPU s of the work, wall s of it, CPU s of everything)."""
    before = cpu_of_children()
    target = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=dict(nodejs.environment(), TRUTH_WAIT="1"))
    attached = None
    try:
        time.sleep(2)       # the rounds before it waits
        attached = python_peers.Attached(attach(target.pid)) if attach else None
        out, err = target.communicate("x", timeout=300)
        told = json.loads(re.search(r'\{"cpu_s".*?\}', out + err).group())
    finally:
        if target.poll() is None:
            target.kill()
            target.wait()
        if attached:
            attached.stop()
    return told["cpu_s"], told["wall_s"], cpu_of_children() - before


def slowdown(node, rounds, work):
    with tempfile.TemporaryDirectory() as folder:
        fixed = [MIXED, "--fixed", str(work)]
        ways = {("alone", ""): ([node, *fixed], None)}
        for rate in RATES:
            ways["Sonde", rate] = ([node, *fixed], lambda pid, r=rate: [*sonde(r, f"{folder}/p.pb.gz"), "-d", "600", "-p", str(pid)])
            ways["--cpu-prof", rate] = ([*cpu_prof(node, rate, f"{folder}/{rate}"), *fixed], None)
        ways["perf record -g", 999] = ([node, *fixed], lambda pid: python_peers.perf(999, f"{folder}/p.data", pid))
        ways["0x", 999] = ([*zero_x(node, 999, f"{folder}/0x"), *fixed], None)
        rows, failed = {way: [] for way in ways}, {}
        for _ in range(rounds):
            order = list(ways)
            random.shuffle(order)
            for way in order:
                try:
                    rows[way].append(run_fixed(*ways[way]))
                except (RuntimeError, AttributeError, subprocess.TimeoutExpired) as why:
                    failed[way] = why
    print(f"\n{'the program under':16} {'Hz':>4} {'CPU s':>7} {'slowed':>8} {'wall s':>7} {'slowed':>8} {'all CPU s':>9} {'more':>7}   "
          f"(medians of {rounds})")
    alone = [statistics.median(column) for column in zip(*rows["alone", ""])]
    for (name, rate), told in rows.items():
        if not told:
            print(f"{name:16} {rate:>4}  failed: {failed[name, rate]}")
            continue
        cpu, wall, everything = (statistics.median(column) for column in zip(*told))
        print(f"{name:16} {rate:>4} {cpu:7.3f} {100 * (cpu / alone[0] - 1):7.2f}% {wall:7.3f} {100 * (wall / alone[1] - 1):7.2f}% "
              f"{everything:9.2f} {everything - alone[2]:6.2f}s")


def main():
    parser = argparse.ArgumentParser(description="Sonde beside node --cpu-prof and 0x")
    parser.add_argument("--node", type=int, default=20, help="of tools/testbed's versions")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", type=int, default=25, help="rounds of fixed work")
    parser.add_argument("--only", choices=("accuracy", "slowdown"))
    options = parser.parse_args()
    matrix.install([f"node-{options.node}", "node-peers"])
    node = nodejs.node(options.node)
    if options.only != "slowdown":
        accuracy(node, options.seconds, 0)
        accuracy(node, options.seconds, 2)
    if options.only != "accuracy":
        slowdown(node, options.rounds, options.work)


if __name__ == "__main__":
    main()
