#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From the end of a whole-machine recording to the finished flame graph, with names, lines and inlined
calls, on first use: Sonde beside perf script | collapse | flamegraph, over the same load.

    bench/finish.py [SECONDS] [HZ]          default 30 99; the load is clang compiling, twice at a time
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SONDE = os.path.join(ROOT, "build/sonde")
SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 30
HZ = sys.argv[2] if len(sys.argv) > 2 else "99"
SOURCE = """#include <regex>
#include <map>
#include <iostream>
int main() { std::regex r("a(b|c)*d"); std::map<int, std::regex> m;
std::cout << std::regex_match("abcd", r) << m.size(); }
"""


def find(*names):
    for name in names:
        for folder in ("", os.path.expanduser("~/.cargo/bin/")):
            path = shutil.which(folder + name)
            if path:
                return path
    return None


def sonde(seconds, out):
    began = time.monotonic()
    subprocess.run([SONDE, "record", "-a", "-F", HZ, "-d", str(seconds), "-o", out, "-o", "s.pb.gz"],
                   check=True, stderr=subprocess.DEVNULL)
    return time.monotonic() - began - seconds


def main():
    os.chdir(tempfile.mkdtemp(prefix="sonde-bench-"))
    with open("x.cc", "w") as source:
        source.write(SOURCE)
    load = [subprocess.Popen(["sh", "-c", f"while :; do clang++ -g -O2 -c x.cc -o x{i}.o; done"],
                             stderr=subprocess.DEVNULL, start_new_session=True) for i in (1, 2)]
    try:
        start_up = sonde(0.2, "small.html")
        perf = find("perf")
        recording = perf and subprocess.Popen(
            [perf, "record", "-B", "-a", "-e", "cpu-clock", "-F", HZ, "--call-graph", "dwarf,16384", "-o",
             "p.data", "--", "sleep", str(SECONDS)], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        whole = sonde(SECONDS, "s.html")
        if recording:
            recording.wait()
    finally:
        for process in load:
            os.killpg(process.pid, 9)
    head = subprocess.run([SONDE, "report", "s.pb.gz", "--limit", "1"], capture_output=True, text=True)
    print("".join(line + "\n" for line in head.stdout.splitlines()[:2]), end="")
    print(f"sonde: start and end of an almost empty recording   {start_up:8.2f} s")
    print(f"sonde: the same for {SECONDS:.0f} s: to the finished page      {whole:8.2f} s"
          f"   (of it after the end: about {max(whole - start_up, 0):.2f} s)")
    if not recording:
        print("perf: not installed, skipped")
        return 0
    collapse = find("inferno-collapse-perf", "stackcollapse-perf.pl")
    graph = find("inferno-flamegraph", "flamegraph.pl")
    tail = f"| {collapse} | {graph} " if collapse and graph else ""
    if not tail:
        print("inferno, FlameGraph: not installed, perf script alone")
    began = time.monotonic()
    limit = 3000
    try:
        subprocess.run(["sh", "-c", f"{perf} script -i p.data {tail} > p.out 2>/dev/null"], timeout=limit)
        taken = time.monotonic() - began
        print(f"perf script {tail}{taken:8.2f} s   ({taken / max(whole, 1e-9):.0f}x)")
    except subprocess.TimeoutExpired:
        print(f"perf script {tail}more than {limit} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
