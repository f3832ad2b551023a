# SPDX-License-Identifier: Apache-2.0
"""A profile of addresses gets names from the files on this machine: those of addr2line, and never another build's."""
import collections
import os
import pathlib
import re
import subprocess
import time

import pytest

import pprof_made
import pprof_min
from test_faults import sonde

# Prints its mappings and, from functions of all kinds, the stack below them as addresses inside the calls.
PROGRAM = r"""
#include <execinfo.h>
#include <cstdio>
#include <cstdlib>
struct shape {
	int sides;
	explicit shape(int n) : sides(n) {}
	[[gnu::noinline]] int tell(int n) const
	{
		void *stack[64];
		int got = backtrace(stack, 64);
		printf("stack");
		for (int i = got; i-- > 0;)
			printf(" %lx", (unsigned long)stack[i] - 1);
		putchar('\n');
		return n + sides;
	}
};
inline __attribute__((always_inline)) int inner(const shape &s, int n) { return s.tell(n) + 1; }
inline __attribute__((always_inline)) int outer(const shape &s, int n) { return inner(s, n) * 3; }
template <typename T> __attribute__((noinline)) T twice(T n) { return outer(shape(4), n) + n; }
static __attribute__((noinline)) int deep(int n) { return n ? deep(n - 1) * 2 + 1 : twice<long>(n) + 1; }
int main()
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4096];
	while (fgets(line, sizeof(line), maps))
		printf("map %s", line);
	return deep(3) + outer(shape(7), 1) == 0;
}
"""
MAP = re.compile(r"map ([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) \S+ \S+ +(/.*)")


def build(folder, *flags):
    (folder / "prog.cc").write_text(PROGRAM)
    subprocess.run(["g++", "-g", "-O2", "-fno-optimize-sibling-calls", *flags, "prog.cc", "-o", "prog"], cwd=folder, check=True)
    return folder / "prog"


def build_id(path):
    notes = subprocess.run(["readelf", "-n", path], capture_output=True, text=True).stdout
    found = re.search(r"Build ID: ([0-9a-f]+)", notes)
    return found[1] if found else ""


def take(program, with_ids=True):
    """The mappings and stacks that the program tells of itself."""
    text = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    maps = [(int(start, 16), int(limit, 16), int(offset, 16), path, build_id(path) if with_ids else "")
            for start, limit, offset, path in MAP.findall(text)]
    stacks = [tuple(int(word, 16) for word in line.split()[1:]) for line in text.splitlines() if line.startswith("stack")]
    assert len(stacks) == 2 and len(stacks[0]) >= 8
    return maps, stacks


def names_of(program, address):
    """What addr2line says of an address of the file: (function, file, line), outermost first."""
    lines = subprocess.run(["addr2line", "-Cife", program, hex(address)], capture_output=True, text=True).stdout.splitlines()
    chain = []
    for name, place in zip(lines[::2], lines[1::2]):
        file, _, line = place.rpartition(":")
        chain.append((name, os.path.basename(file), int("0" + line.split()[0].rstrip("?"))))
    return chain[::-1]


def frames(path, module):
    """The stacks of a profile as (function, file, line), outermost first, of one module."""
    profile = pprof_min.read(path)
    return [tuple((f.name, os.path.basename(f.path), line) for loc in reversed(sample.locations)
                  if loc.mapping and loc.mapping.path == str(module) for f, line in reversed(loc.lines))
            for sample in profile.samples]


def first_load(program):
    """The vaddr of the file's first byte."""
    text = subprocess.run(["readelf", "-lW", program], capture_output=True, text=True).stdout
    return int(re.search(r"LOAD\s+0x0+ (0x[0-9a-f]+)", text)[1], 16)


@pytest.mark.parametrize("flags", [("-pie", "-fPIE"), ("-no-pie", "-fno-pie"), ("-static", "-no-pie", "-fno-pie"), ("-static-pie",)])
@pytest.mark.parametrize("ids", [True, False])
def test_names_lines_and_inlined_calls_are_those_of_addr2line(tmp_path, flags, ids):
    program = build(tmp_path, *flags)
    maps, stacks = take(program, ids)
    bias = next(m[0] - m[2] for m in maps if m[3] == str(program)) - first_load(program)
    profile = pprof_made.write_addresses(tmp_path / "in.pb.gz", maps, [(stack, 1) for stack in stacks])
    done = sonde("convert", profile, tmp_path / "out.pb.gz")
    assert done.returncode == 0, done.stderr
    inside = [m for m in maps if m[3] == str(program)]
    wanted = [tuple(frame for address in stack if any(m[0] <= address < m[1] for m in inside)
                    for frame in names_of(program, address - bias)) for stack in stacks]
    ours = [tuple(frame for frame in stack if frame[1] == "prog.cc") for stack in frames(tmp_path / "out.pb.gz", program)]
    wanted = [tuple(frame for frame in stack if frame[1] == "prog.cc") for stack in wanted]
    assert collections.Counter(ours) == collections.Counter(wanted)
    names = {frame[0] for stack in ours for frame in stack}
    assert names >= {"main", "deep(int)", "outer(shape const&, int)", "inner(shape const&, int)", "shape::tell(int) const"}


def profile_of(tmp_path, maps, stacks, **more):
    return pprof_made.write_addresses(tmp_path / "in.pb.gz", maps, [(stack, 1) for stack in stacks], **more)


def folded(profile):
    done = sonde("convert", profile, "-f", "folded", "-")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_another_build_names_nothing(tmp_path):
    program = build(tmp_path)
    maps, stacks = take(program)
    if not build_id(program):
        pytest.skip("this compiler writes no build ids")
    profile = profile_of(tmp_path, maps, stacks)
    assert ";main;" in folded(profile)
    build(tmp_path, "-O1")
    text = folded(profile)
    assert "[prog: changed on disk since it was mapped]" in text and ";main;" not in text
    program.unlink()
    assert "[prog: no such file here]" in folded(profile)
    os.mkfifo(program)
    assert "[prog: no such file here]" in folded(profile)


def test_without_a_build_id_a_newer_file_names_nothing(tmp_path):
    program = build(tmp_path, "-Wl,--build-id=none")
    maps, stacks = take(program, with_ids=False)
    now = time.time_ns()
    assert ";main;" in folded(profile_of(tmp_path, maps, stacks, time_ns=now))
    assert "[prog: written after it was profiled]" in folded(profile_of(tmp_path, maps, stacks, time_ns=now - 10**12))


def test_what_could_not_be_named_keeps_its_address_and_module(tmp_path):
    maps = [(0x7F0000001000, 0x7F0000009000, 0x1000, "/nowhere/libx.so", "00" * 20)]
    profile = profile_of(tmp_path, maps, [("known", 0x7F0000001234)])
    sonde("convert", profile, tmp_path / "out.pb.gz")
    location = pprof_min.read(tmp_path / "out.pb.gz").samples[0].locations[0]
    assert location.lines[0][0].name == "[libx.so: no such file here]" and location.address == 0x7F0000001234
    assert (location.mapping.start, location.mapping.offset, location.mapping.build_id) == (0x7F0000001000, 0x1000, "00" * 20)


def test_names_that_are_there_stay(tmp_path):
    program = build(tmp_path)
    maps, stacks = take(program)
    lines = folded(profile_of(tmp_path, maps, [("started here", *stacks[0], "ended here")])).splitlines()
    assert len(lines) == 1 and lines[0].startswith("started here;") and lines[0].endswith(";ended here 1")
    assert ";main;" in lines[0]


def test_run_time_code_is_named_by_the_perf_map_of_that_time(tmp_path):
    pid = 2**22 + os.getpid()  # above pid_max: nobody's
    perf_map = pathlib.Path(f"/tmp/perf-{pid}.map")
    now = time.time_ns()
    maps = [(0x7F0000001000, 0x7F0000009000, 0, str(perf_map), "")]
    try:
        perf_map.write_text("7f0000001200 100 compiled one\n7f0000001300 100 compiled two\n")
        stack = ("main", 0x7F0000001210, 0x7F00000013FF, 0x7F0000001400)
        named = "main;compiled one;compiled two;[run-time code not in its perf map] 1\n"
        assert folded(profile_of(tmp_path, maps, [stack], time_ns=now - 10**9)) == named
        later = folded(profile_of(tmp_path, maps, [stack], time_ns=now + 10**12))
        assert set(later.split(" 1\n")[0].split(";")) == {"main", "[run-time code without a perf map]"}
    finally:
        perf_map.unlink()


def test_kernel_addresses_are_named_by_the_running_kernel_only(tmp_path):
    notes = pathlib.Path("/sys/kernel/notes")
    if not notes.exists():
        pytest.skip("no /sys/kernel/notes")
    found = re.search(rb"\x04\0\0\0(.)\0\0\0\x03\0\0\0GNU\0", notes.read_bytes(), re.S)
    ours = notes.read_bytes()[found.end():found.end() + found[1][0]].hex()
    symbols = [line.split() for line in pathlib.Path("/proc/kallsyms").read_text().splitlines()]
    address = next((int(s[0], 16) for s in symbols if s[2] == "vfs_read" and s[1] in "Tt"), 0)
    if not address:
        pytest.skip("this user sees no kernel addresses")
    for build_id, name in ((ours, "vfs_read"), ("00" * 20, "[kernel: not the running one]"), ("", "")):
        profile = profile_of(tmp_path, [(0, 0, 0, "[kernel]", build_id)], [("main", address + 4)])
        assert folded(profile).startswith(f"main;{name}")
