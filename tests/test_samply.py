# SPDX-License-Identifier: Apache-2.0
"""What samply makes of a perf.data, and what Sonde makes of the same, agree: functions by name, lines, threads, CPU time.
`samply` is that of $PATH or of tools/testbed; where there is none these tests are skipped."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from test_perfdata import QUIET, SONDE

BED = pathlib.Path(os.environ.get("SONDE_TESTBED", pathlib.Path.home() / ".cache/sonde-testbed"))
SAMPLY = shutil.which("samply") or shutil.which("samply", path=BED / "samply/bin")
PROGRAM = """
#include <pthread.h>
__attribute__((noinline)) int leaf_one(int n) { volatile int s = 0; for (int i = 0; i < n; i++) s += i * i; return s; }
__attribute__((noinline)) int leaf_two(int n) { volatile int s = 0; for (int i = 0; i < n; i++) s ^= i; return s + 1; }
static void *worker(void *p) { int s = 0; for (int i = 0; i < 1500; i++) s += leaf_two(200000); return (char *)p + s; }
int main(void) { pthread_t t; int s = 0; pthread_create(&t, 0, worker, 0);
    for (int i = 0; i < 3000; i++) s += leaf_one(200000);
    pthread_join(t, 0); return s == 1; }
"""

pytestmark = pytest.mark.skipif(not SAMPLY or not shutil.which("perf"), reason="no samply (tools/testbed samply), or no perf")


@pytest.fixture(scope="module", params=["-no-pie", "-pie"])
def files(request, tmp_path_factory):
    place = tmp_path_factory.mktemp("samply")
    (place / "p.c").write_text(PROGRAM)
    subprocess.run(["gcc", "-g", "-O1", "-fno-omit-frame-pointer", "-Wl,--build-id=sha1", request.param, "p.c", "-o", "p", "-pthread"],
                   cwd=place, check=True)
    done = subprocess.run(["perf", "record", "-o", "perf.data", *QUIET, "-F", "997", "-g", "-e", "cpu-clock:u", "--", "./p"], cwd=place,
                          capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"perf record: {done.stderr.strip()[-200:]}")
    subprocess.run([SAMPLY, "import", "--save-only", "-o", "samply.json.gz", "perf.data"], cwd=place, check=True,
                   capture_output=True)
    return place / "perf.data", place / "samply.json.gz"


def report(path, *options):
    return json.loads(subprocess.run([SONDE, "report", path, "--json", *options], capture_output=True, text=True, check=True).stdout)


def test_functions_are_named_and_cost_the_same(files):
    perf, samply = (report(path, "--type", "samples") for path in files)
    assert perf["samples"] == samply["samples"] > 100
    costs = [{f["name"]: (f["file"], f["line"], f["self"], f["total"]) for f in got["functions"]} for got in (perf, samply)]
    for name in ("main", "worker", "leaf_one", "leaf_two"):
        assert costs[0][name] == costs[1][name], name
    assert costs[1]["leaf_one"][0].endswith("p.c") and costs[1]["leaf_one"][2] > 0
    assert abs(samply["duration_ns"] - perf["duration_ns"]) < 1e6


def test_lines_are_those_of_the_same_addresses(files):
    def lines(path):
        return {(f["name"], f["line"]): f["self"] for f in report(path, "--lines", "--type", "samples")["lines"] if f["name"].startswith("leaf")}
    assert lines(files[0]) == lines(files[1])


def test_threads_and_cpu_time_are_told(files):
    perf, samply = (report(path, "--threads", "--type", "samples")["threads"] for path in files)
    assert [(t["pid"], t["tid"], t["samples"]) for t in perf] == [(t["pid"], t["tid"], t["samples"]) for t in samply]
    cpu = report(files[1], "--type", "cpu")
    assert cpu["unit"] == "nanoseconds" and cpu["total"] == pytest.approx(report(files[0])["total"], rel=0.1)
