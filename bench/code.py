#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sonde report --disasm beside pprof -disasm on one profile, and what linking libcapstone would cost every command.
CPU time (user + system, children included), medians of interleaved rounds.

    bench/code.py [ROUNDS=9]"""
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SONDE = os.environ.get("SONDE", str(ROOT / "build" / "sonde"))
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 9
SORTS = """#include <stdlib.h>
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(void)
{
	static int v[200000];

	for (int r = 0; r < 40; r++) {
		for (int i = 0; i < 200000; i++)
			v[i] = rand();
		qsort(v, 200000, sizeof(int), compare);
	}
}
"""
LINKED = "#include <capstone/capstone.h>\nint main(int n, char **v) { csh h; return n > 9 && cs_open(CS_ARCH_X86, CS_MODE_64, &h); }\n"


def cpu_ms(command, times=1):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(times):
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000 / times


def side_by_side(rows, times=1):
    seen = {name: [] for name, _ in rows}
    for _ in range(ROUNDS):
        for name, command in rows:
            seen[name].append(cpu_ms(command, times))
    for name, _ in rows:
        print(f"  {name:34} {statistics.median(seen[name]):9.2f} ms CPU")
    first, second = (statistics.median(seen[name]) for name, _ in rows)
    print(f"  {second / first:44.1f}x")


def compile_c(place, name, source, *options):
    (place / f"{name}.c").write_text(source)
    subprocess.run(["gcc", "-O2", "-g", "-o", name, f"{name}.c", *options], cwd=place, check=True)
    return str(place / name)


with tempfile.TemporaryDirectory() as directory:
    place = pathlib.Path(directory)
    libraries = "-Wl,--no-as-needed -lbpf -lelf -ldeflate -lzstd -lz".split()
    print("an empty program with Sonde's libraries, and with libcapstone linked too:")
    side_by_side([("without", [compile_c(place, "without", "int main(void) { return 0; }\n", *libraries)]),
                  ("with", [compile_c(place, "with", LINKED, *libraries, "-lcapstone")])], times=50)
    program = compile_c(place, "sorts", SORTS)
    subprocess.run([SONDE, "record", "-F", "499", "-o", place / "x.pb.gz", "--", program], check=True, capture_output=True)
    pprof = shutil.which("pprof") or pathlib.Path.home() / "go" / "bin" / "pprof"
    if pathlib.Path(pprof).exists():
        print("the code of a function, from a recording:")
        side_by_side([("sonde report --disasm", [SONDE, "report", place / "x.pb.gz", "--disasm", "^compare$"]),
                      ("pprof -disasm", [pprof, "-disasm", "^compare$", place / "x.pb.gz"])])
    else:
        print("pprof is not installed: skipped")
