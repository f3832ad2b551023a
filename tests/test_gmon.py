# SPDX-License-Identifier: Apache-2.0
"""gmon.out with its program says what gprof says of it: own time, calls, and time with all that was called."""
import json
import os
import re
import shutil
import subprocess

import pytest

from test_faults import check_refused, sonde

# Two callers of one function, recursion, a circle that is entered at both ends, a library's function in between.
PROGRAM = r"""
#include <stdlib.h>
#include <time.h>
static volatile unsigned long sink;
__attribute__((noinline)) void spin(int n) { for (int i = 0; i < n * 1000; i++) sink = sink * 31 + i; }
__attribute__((noinline)) void leaf(int n) { spin(n); spin(n); for (int i = 0; i < n * 500; i++) sink += i; }
__attribute__((noinline)) int fib(int n) { for (int i = 0; i < 200; i++) sink++; return n < 2 ? n : fib(n - 1) + fib(n - 2); }
int odd(int n);
__attribute__((noinline)) int even(int n) { for (int i = 0; i < 4000; i++) sink++; return n ? odd(n - 1) : 1; }
__attribute__((noinline)) int odd(int n) { spin(1); return n ? even(n - 1) : 0; }
__attribute__((noinline)) void few(void) { leaf(100); fib(18); even(200); }
__attribute__((noinline)) void many(void) { for (int i = 0; i < 3; i++) leaf(100); odd(301); }
int main(void)
{
	clock_t start = clock();
	while ((double)(clock() - start) / CLOCKS_PER_SEC < 1.5) { few(); many(); }
	return 0;
}
"""
FLAT = re.compile(r"\s*[\d.]+\s+[\d.]+\s+([\d.]+)\s+(?:(\d+)\s+[\d.]+\s+[\d.]+\s+)?(\w+)$")
PRIMARY = re.compile(r"\[\d+\]\s+[\d.]+\s+([\d.]+)\s+([\d.]+)\s+(?:(\d+)(?:\+(\d+))?\s+)?(\w+)(?: <cycle \d+>)? \[\d+\]$")


def take(folder, *flags):
    if not shutil.which("gprof"):
        pytest.skip("no gprof")
    (folder / "prog.c").write_text(PROGRAM)
    subprocess.run(["gcc", "-g", "-O1", "-fno-optimize-sibling-calls", "-pg", *flags, "prog.c", "-o", "prog"], cwd=folder, check=True)
    subprocess.run(["./prog"], cwd=folder, check=True)
    return folder / "gmon.out"


def gprof(folder, option):
    return subprocess.run(["gprof", "-b", option, "prog", "gmon.out"], cwd=folder, capture_output=True, text=True,
                          check=True).stdout.splitlines()


def functions(folder, kind):
    done = sonde("report", "gmon.out", "--program", "prog", "--type", kind, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return {f["name"]: f for f in json.loads(done.stdout)["functions"]}


@pytest.mark.parametrize("flags", [("-pie", "-fPIE"), ("-no-pie", "-fno-pie"), ("-static", "-no-pie", "-fno-pie")])
def test_own_time_calls_and_totals_are_those_of_gprof(tmp_path, flags):
    take(tmp_path, *flags)
    cpu, calls = functions(tmp_path, "cpu"), functions(tmp_path, "calls")
    flat = {name: (float(own), int(n or 0)) for own, n, name in
            (found.groups() for found in map(FLAT.match, gprof(tmp_path, "-p")) if found)}
    ours = {name: cpu.get(name, {"self": 0})["self"] / 1e9 for name in ("spin", "leaf", "fib", "even", "odd", "few", "many")}
    assert set(ours) <= set(flat) and flat["spin"][0] > 0.2
    # gprof gives a bin on a border to both sides, what runs in .plt to _init, and the C library's local functions
    # to those before them: a few ticks of 10 ms. These functions stand side by side: what one has more another has less
    for name, own in ours.items():
        assert own == pytest.approx(flat[name][0], abs=0.0301), name
    assert sum(ours.values()) == pytest.approx(sum(flat[name][0] for name in ours), abs=0.0201)
    compared = 0
    for line in gprof(tmp_path, "-q"):
        found = PRIMARY.match(line)
        if not found or not found[3]:
            continue
        own, below, times, again, name = found.groups()
        assert calls[name]["self"] == int(times) + int(again or 0), name
        if "<cycle" not in line:
            assert cpu[name]["total"] / 1e9 == pytest.approx(float(own) + float(below), rel=0.01, abs=0.0501), name
            compared += 1
    assert compared >= 5


def test_calls_are_told_apart_by_caller(tmp_path):
    take(tmp_path)
    done = sonde("report", "gmon.out", "--program", "prog", "--type", "calls", "--callers", "^leaf$", cwd=tmp_path)
    block = next(b for b in "\n".join(gprof(tmp_path, "-q")).split("-----") if re.search(r"^\[\d+\].* leaf \[", b, re.M))
    arcs = {caller: n for n, caller in re.findall(r"(\d+)/\d+ +(few|many) \[", block)}
    ours = {caller: int(n.replace(",", "")) for n, caller in re.findall(r"([\d,]+) +(few|many) ", done.stdout)}
    # with what leaf() called in turn
    assert ours["many"] / ours["few"] == pytest.approx(int(arcs["many"]) / int(arcs["few"]), rel=0.001)


def test_who_asked_for_it(tmp_path):
    take(tmp_path)
    stacks = dict(line.rsplit(" ", 1) for line in
                  sonde("convert", "gmon.out", "--program", "prog", "-f", "folded", "-", cwd=tmp_path).stdout.splitlines())
    few, many = (int(stacks[f"main;{caller};leaf;spin"]) for caller in ("few", "many"))
    assert many / few == pytest.approx(3, rel=0.02)
    assert any(stack.startswith("main;few;fib") for stack in stacks)
    # the circle is entered at even() by one and at odd() by the other
    assert int(stacks["main;few;even;odd;spin"]) > 0 and int(stacks["main;many;odd;spin"]) > 0


def test_a_program_that_is_newer_is_told(tmp_path):
    gmon = take(tmp_path)
    assert "written after" not in sonde("report", gmon, "--program", tmp_path / "prog").stdout
    os.utime(tmp_path / "prog", (gmon.stat().st_mtime + 60,) * 2)
    assert "prog was written after" in sonde("report", gmon, "--program", tmp_path / "prog").stdout


def test_what_is_missing_is_said(tmp_path):
    gmon = take(tmp_path)
    check_refused(sonde("report", gmon), 1, "gmon.out", "--program", tmp_path / "prog")
    (tmp_path / "prog.old").write_bytes((tmp_path / "prog").read_bytes())
    (tmp_path / "prog.old").chmod(0o755)
    done = sonde("report", gmon)
    assert "--program" in done.stderr and "beside" not in done.stderr
    check_refused(sonde("report", gmon, "--program", tmp_path / "nothing"), 1, "nothing")
    check_refused(sonde("report", gmon, "--program", tmp_path / "prog.c"), 1, "prog.c", "ELF")
    check_refused(sonde("report", gmon, "--program", "/bin/true"), 1, "gmon.out", "/bin/true")
    gmon.write_bytes(gmon.read_bytes()[:-5])
    check_refused(sonde("report", gmon, "--program", tmp_path / "prog"), 1, "gmon.out: byte", "cut short")
