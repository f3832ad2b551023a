# SPDX-License-Identifier: Apache-2.0
"""Heap profiles of jemalloc and gperftools, and gperftools' CPU profiles, say what jeprof and pprof say of them."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from test_faults import sonde

PROGRAM = r"""
#include <stdlib.h>
#include <string.h>
#include <time.h>
__attribute__((noinline)) char *small(int i) { char *p = malloc(100 + i % 7); p[0] = 1; return p; }
__attribute__((noinline)) char *large(void) { char *p = malloc(1 << 20); memset(p, 1, 1 << 20); return p; }
__attribute__((noinline)) void keep(char **to, int n) { for (int i = 0; i < n; i++) to[i] = small(i); }
__attribute__((noinline)) void churn(int n) { for (int i = 0; i < n; i++) { char *p = large(); p[5] = 2; free(p); } }
static volatile unsigned long sink;
__attribute__((noinline)) void inner(void) { for (int i = 0; i < 100000; i++) sink = sink * 31 + i; sink++; }
__attribute__((noinline)) void spin(void) { clock_t t = clock(); while (clock() - t < CLOCKS_PER_SEC / 2) { inner(); sink--; inner(); sink++; } }
__attribute__((noinline)) void twice(void) { spin(); sink++; spin(); sink--; }
static char *kept[40000], *big[8];
int main(void)
{
	keep(kept, 40000);
	for (int i = 0; i < 8; i++)
		big[i] = large();
	churn(50);
	twice();
	inner();
	return kept[7][0] + big[7][7] == 0;
}
"""
GPERFTOOLS = ("-Wl,--no-as-needed", "-ltcmalloc_and_profiler")


def build(folder, *flags):
    (folder / "prog.c").write_text(PROGRAM)
    done = subprocess.run(["gcc", "-g", "-O1", "-fno-builtin", "prog.c", "-o", "prog", *flags], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"cannot link with {flags[-1]}")
    return folder / "prog"


def tool(name):
    if not shutil.which(name):
        pytest.skip(f"no {name}")
    return name


def table(folder, tool, *options):
    """The tool's table: function -> (own, with all that it called)."""
    text = subprocess.run([tool, "--text", *options], cwd=folder, capture_output=True, text=True).stdout
    rows = re.findall(r"^ *([\d.]+) +[\d.]+% +[\d.]+% +([\d.]+) +[\d.]+% (\w+)", text, re.M)
    return {name: (float(own), float(total)) for own, total, name in rows}


def functions(path, kind):
    done = sonde("report", path, "--type", kind, "--limit", 0, "--json")
    assert done.returncode == 0, done.stderr
    return {f["name"]: f for f in json.loads(done.stdout)["functions"]}


def check_same(ours, theirs, names, unit, slack):
    for name in names:
        own, total = theirs[name]
        assert ours[name]["self"] / unit == pytest.approx(own, abs=slack), name
        assert ours[name]["total"] / unit == pytest.approx(total, abs=slack), name


def test_jemalloc(tmp_path):
    library = next(iter(pathlib.Path("/usr/lib").glob("*/libjemalloc.so.2")), None)
    if not library:
        pytest.skip("no jemalloc")
    program = build(tmp_path)
    subprocess.run([program], env={**os.environ, "LD_PRELOAD": library, "MALLOC_CONF":
                   f"prof:true,prof_final:true,prof_accum:true,lg_prof_sample:12,prof_prefix:{tmp_path}/je"}, check=True)
    heap = next(iter(tmp_path.glob("je.*.heap")), None)
    if not heap:
        pytest.skip("this jemalloc cannot profile")
    for kind, unit, slack in (("inuse_space", 2**20, 0.06), ("inuse_objects", 1, 1.5), ("alloc_space", 2**20, 0.06)):
        theirs = table(tmp_path, tool("jeprof"), f"--{kind}", "prog", heap)
        check_same(functions(heap, kind), theirs, ("main", "keep", "small", "large") + ("churn",) * (kind == "alloc_space"), unit, slack)
    assert functions(heap, "inuse_space")["large"]["self"] == pytest.approx(8 << 20, rel=0.01)
    assert not [name for name in functions(heap, "inuse_space") if "jemalloc" in name]


@pytest.fixture(scope="module")
def gperftools(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gperftools")
    program = build(folder, *GPERFTOOLS)
    subprocess.run([program], env={**os.environ, "HEAPPROFILE": f"{folder}/tc",
                                   "HEAP_PROFILE_ALLOCATION_INTERVAL": "10000000"}, check=True, capture_output=True)
    subprocess.run([program], env={**os.environ, "CPUPROFILE": f"{folder}/cpu"}, check=True, capture_output=True)
    return folder


def test_gperftools_heap(gperftools):
    heap = sorted(gperftools.glob("tc.*.heap"))[-1]
    for kind, unit, slack in (("inuse_space", 2**20, 0.06), ("inuse_objects", 1, 1), ("alloc_space", 2**20, 0.06), ("alloc_objects", 1, 1)):
        names = ("main", "keep", "small", "large") + ("churn",) * kind.startswith("alloc")
        check_same(functions(heap, kind), table(gperftools, tool("google-pprof"), f"--{kind}", "prog", heap), names, unit, slack)
    assert functions(heap, "inuse_objects")["small"]["self"] == 40000


def test_gperftools_cpu(gperftools):
    cpu = gperftools / "cpu"
    theirs = table(gperftools, tool("google-pprof"), "prog", cpu)
    assert theirs["inner"][0] > 50
    # (both pprofs take callers away that all samples have in one place)
    check_same(functions(cpu, "samples"), theirs, ("twice", "spin", "inner"), 1, 0)


def test_pprof_made_of_it_is_named_the_same(gperftools):
    """go tool pprof turns the old formats into addresses in mappings, which Sonde names."""
    if not shutil.which("go"):
        pytest.skip("no go")
    for path, kind in ((gperftools / "cpu", "samples"), (sorted(gperftools.glob("tc.*.heap"))[-1], "inuse_space")):
        done = subprocess.run(["go", "tool", "pprof", "-symbolize=none", "-proto", "-output=raw.pb.gz", path], cwd=gperftools,
                              capture_output=True, text=True, env={**os.environ, "PPROF_BINARY_PATH": "/nonexistent"})
        assert done.returncode == 0, done.stderr
        ours, again = functions(path, kind), functions(gperftools / "raw.pb.gz", kind)
        for name in ("twice", "spin", "inner") if kind == "samples" else ("main", "keep", "small", "large"):
            assert (ours[name]["self"], ours[name]["total"]) == (again[name]["self"], again[name]["total"]), name


GO_HEAP = r"""package main
import ("os"; "runtime"; "runtime/pprof")
var kept [][]byte
//go:noinline
func steady() { for i := 0; i < 200; i++ { kept = append(kept, make([]byte, 40000)) } }
//go:noinline
func leaky(n int) { for i := 0; i < n; i++ { kept = append(kept, make([]byte, 9000)) } }
func dump(path string) { runtime.GC(); f, _ := os.Create(path); pprof.WriteHeapProfile(f); f.Close() }
func main() {
	runtime.MemProfileRate = 4096
	steady(); leaky(500)
	dump("a.pb.gz")
	leaky(3000)
	dump("b.pb.gz")
}
"""


def diff(*words):
    done = sonde("diff", "--json", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def grown(found):
    return {row["name"]: row["self"]["new_value"] - row["self"]["base_value"] for row in found["functions"]}


def test_what_grew_between_two_moments_is_named_and_is_what_pprof_subtracts(tmp_path):
    tool("go")
    (tmp_path / "heap.go").write_text(GO_HEAP)
    subprocess.run(["go", "run", "heap.go"], cwd=tmp_path, check=True)
    found = diff(tmp_path / "a.pb.gz", tmp_path / "b.pb.gz")
    assert found["per"] == "profile" and found["type"] == "inuse_space"
    # in shares everything else would have become less
    assert [row["name"] for row in found["functions"] if row["changed"]] == ["main.leaky"], found["summary"]
    text = subprocess.run(["go", "tool", "pprof", "-top", "-unit=B", "-nodefraction=0", "-base", "a.pb.gz", "b.pb.gz"], cwd=tmp_path,
                          capture_output=True, text=True, check=True).stdout
    theirs = {name: int(own) for own, name in re.findall(r"^ *(-?\d+)B? .*%  (\S+)", text, re.M)}
    assert theirs["main.leaky"] > 20_000_000
    assert {name: by for name, by in grown(found).items() if by} == {name: pytest.approx(by, rel=1e-5) for name, by in theirs.items() if by}


def test_dumps_of_gperftools_grow_by_what_was_allocated_between(gperftools):
    dumps = sorted(gperftools.glob("tc.*.heap"))
    found = diff(dumps[0], dumps[-1])
    assert len(dumps) > 2 and found["per"] == "profile" and found["new"]["total"] > found["base"]["total"]
    for kind in ("inuse_space", "inuse_objects"):
        a, b = (functions(path, kind) for path in (dumps[0], dumps[-1]))
        by = grown(diff(dumps[0], dumps[-1], "--type", kind))
        assert "large" in by
        assert by == {name: pytest.approx((b[name]["self"] if name in b else 0) - (a[name]["self"] if name in a else 0), rel=1e-5, abs=100)
                      for name in by}
    assert diff(dumps[0], dumps[-1], "--per", "total")["per"] == "total"
