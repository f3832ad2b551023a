# SPDX-License-Identifier: Apache-2.0
"""What perf itself records is read as perf reads it: its samples, periods and stacks of the same file by `perf script`, its
shares by `perf report`, and the stacks that the program is known to have. Without perf, or where it may not record, skipped."""
import collections
import gzip
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SONDE = ROOT / "build/sonde"
DEPTH = 12
PROGRAM = """
#include <stdlib.h>
#include <time.h>
#define APART __attribute__((noipa))
static double cpu(void) { struct timespec t; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); return t.tv_sec + t.tv_nsec / 1e9; }
APART double NAME(double n) { volatile double x = 0; for (int i = 0; i < n; i++) x += i * 0.5; return x; }
APART double other(double n) { volatile double x = 0; for (int i = 0; i < n; i++) x += i; return x + 1; }
APART double deep(int depth) { double r = depth ? deep(depth - 1) : NAME(200000) + other(80000); __asm__ volatile(""); return r + 1; }
int main(void) { double s = 0; while (cpu() < 0.4) s += deep(DEPTH); return s == 0; }
"""
OURS = {"main", "deep", "leaf", "other"}
# perf 6.1 falls over its own build ids where another profiler runs at the same time, unless the kernel tells them
QUIET = ["--buildid-mmap", "-B", "-N", "--no-bpf-event"]
RATE = ["-F", "997"]


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    if not shutil.which("perf"):
        pytest.skip("perf is not installed")
    place = tmp_path_factory.mktemp("perfdata")
    made = {}
    for name, options in {"with": ["-fno-omit-frame-pointer"], "without": ["-fomit-frame-pointer"]}.items():
        made[name] = place / name
        build(made[name], "leaf", *options)
    return made


def build(path, leaf, *options):
    source = path.with_suffix(".c")
    source.write_text(PROGRAM.replace("NAME", leaf).replace("DEPTH", str(DEPTH)))
    subprocess.run(["gcc", "-O1", "-g", *options, source, "-o", path], check=True)


def record(place, *options, command, name="perf.data"):
    """A recording, or the test is skipped: perf may be forbidden, or not know an option."""
    data = place / name
    done = subprocess.run(["perf", "record", "-q", "-o", data, *QUIET, *([] if "-c" in options else RATE), *options, "--", *command], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"perf record: {done.stderr.strip()[-200:]}")
    return data


def sonde(*words, stdin=None):
    done = subprocess.run([SONDE, *words], capture_output=True, timeout=120, stdin=stdin)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def unfolded(text):
    stacks = collections.Counter()
    for line in text.splitlines():
        stack, count = line.rsplit(" ", 1)
        stacks[tuple(stack.split(";"))] += int(count)
    return stacks


def folded(data, **more):
    return unfolded(sonde("convert", data, "-", "-f", "folded", **more))


def of_ours(stacks):
    """Only the program's own functions of each stack: C libraries have several names for one address."""
    sums = collections.Counter()
    for stack, count in stacks.items():
        sums[tuple(frame for frame in stack if frame in OURS)] += count
    return sums


def by_perf(data):
    """Stacks weighed by period, as perf script prints them; skipped where perf cannot read what it wrote."""
    done = subprocess.run(["perf", "script", "--no-inline", "-F", "comm,period,event,ip,sym", "-i", data], capture_output=True,
                          text=True)
    if done.returncode or not done.stdout:
        pytest.skip(f"perf script: {done.stderr.strip()[-200:]}")
    stacks = collections.Counter()
    for sample in done.stdout.split("\n\n"):
        head, *lines = sample.strip("\n").split("\n")
        if not head.strip():
            continue
        period = int(re.search(r"(\d+)\s+\S+:\S*\s*$", head).group(1))
        stacks[tuple(line.split(None, 1)[1] for line in reversed(lines))] += period
    return stacks


def known(*inner):
    return ("main", *["deep"] * (DEPTH + 1), *inner)


def test_call_chains_are_those_of_perf_script(programs, tmp_path):
    data = record(tmp_path, "-g", "-e", "cpu-clock:u", command=[programs["with"]])
    ours, perfs = folded(data), by_perf(data)
    assert sum(ours.values()) == sum(perfs.values())
    assert of_ours(ours) == of_ours(perfs)


def test_copied_stacks_are_whole(programs, tmp_path):
    data = record(tmp_path, "--call-graph", "dwarf", "-e", "cpu-clock:u", command=[programs["without"]])
    ours, perfs = folded(data), by_perf(data)
    assert sum(ours.values()) == sum(perfs.values())
    in_leaf = {stack: count for stack, count in of_ours(ours).items() if stack and stack[-1] == "leaf"}
    assert in_leaf.get(known("leaf"), 0) >= 0.99 * sum(in_leaf.values())
    assert of_ours(ours)[known("leaf")] >= of_ours(perfs)[known("leaf")]
    assert of_ours(ours)[known("other")] >= of_ours(perfs)[known("other")]


def test_shares_are_those_of_perf_report(programs, tmp_path):
    data = record(tmp_path, "-g", "-e", "cpu-clock:u", command=[programs["with"]])
    done = subprocess.run(["perf", "report", "--stdio", "--no-children", "-g", "none", "-F", "overhead,sym", "-i", data],
                          capture_output=True, text=True)
    if done.returncode or "leaf" not in done.stdout:
        pytest.skip("perf report cannot read it")
    shares = {name: float(share) for share, name in re.findall(r"([\d.]+)%\s+\[\.\]\s+(\S+)", done.stdout)}
    stacks = folded(data)
    total = sum(stacks.values())
    for name in ("leaf", "other"):
        ours = 100 * sum(count for stack, count in stacks.items() if stack[-1] == name) / total
        assert abs(ours - shares[name]) < 0.011, (name, ours, shares[name])


def test_each_event_has_its_values(programs, tmp_path):
    data = record(tmp_path, "-g", "-e", "cpu-clock:u", "-e", "page-faults:u", command=[programs["with"]])
    for event in ("cpu-clock:u", "page-faults:u"):
        assert f'"type":"{event}"' in sonde("report", "--type", event, "--json", data).replace(" ", "")
        assert event in sonde("report", "--by", "event", "--type", "samples", data)
    # pages fault before the first tick, and what was asked for first is shown all the same
    assert json.loads(sonde("report", "--json", data))["type"] == "cpu-clock:u"
    assert "page-faults:u (--type NAME)" in sonde("report", data)


def test_a_group_read_at_its_leader_has_what_each_event_counted(programs, tmp_path):
    data = record(tmp_path, "-g", "-e", "{cpu-clock:u,page-faults:u}:S", command=[programs["with"]])
    done = subprocess.run(["perf", "script", "-F", "event,period", "-i", data], capture_output=True, text=True)
    perfs = collections.Counter()
    for period, event in re.findall(r"(\d+)\s+(\S+?):\s", done.stdout):
        perfs[event] += int(period)
    if done.returncode or len(perfs) != 2:
        pytest.skip(f"perf script does not tell each event's counts: {done.stderr.strip()[-200:]}")
    ours = {event: json.loads(sonde("report", "--type", event, "--json", data))["total"] for event in perfs}
    assert ours == perfs


LOCKS = """
#include <pthread.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *work(void *n) { for (int i = 0; i < 20000; i++) { pthread_mutex_lock(&lock); for (volatile int k = 0; k < 200; k++); pthread_mutex_unlock(&lock); }
    return n; }
int main(void) { pthread_t t[4]; for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, work, 0); for (int i = 0; i < 4; i++) pthread_join(t[i], 0); return 0; }
"""


def test_waiting_for_locks_is_what_lies_between_begin_and_end(programs, tmp_path):
    (tmp_path / "locks.c").write_text(LOCKS)
    subprocess.run(["gcc", "-O1", tmp_path / "locks.c", "-o", tmp_path / "locks", "-pthread"], check=True)
    data = record(tmp_path, "-c", "1", "-g", "-a", "-e", "lock:contention_begin,lock:contention_end", command=[tmp_path / "locks"])
    done = subprocess.run(["perf", "script", "--ns", "-F", "tid,time,event", "-G", "-i", data], capture_output=True, text=True)
    begun, waited = {}, 0
    for tid, seconds, ns, event in re.findall(r"^\s*(\d+)\s+(\d+)\.(\d+):\s+(\S+):", done.stdout, re.M):
        time = int(seconds) * 10**9 + int(ns)
        if event == "lock:contention_begin":
            begun[tid] = time
        elif tid in begun:
            waited += time - begun.pop(tid)
    if done.returncode or not waited:
        pytest.skip(f"no lock was waited for: {done.stderr.strip()[-200:]}")
    found = json.loads(sonde("report", "--type", "lock-wait", "--json", data))
    assert (found["total"], found["unit"]) == (waited, "nanoseconds")


def test_control_groups_are_labels(programs, tmp_path):
    if os.geteuid():
        pytest.skip("needs root")
    data = record(tmp_path, "--all-cgroups", "-g", "-e", "cpu-clock:u", command=[programs["with"]])
    assert re.search(r"^\S+\s.*\s/", sonde("report", "--by", "cgroup", data), re.M)
    assert "leaf" in sonde("report", "--label", "cgroup=^/", data)


def test_compressed_records_are_unpacked(programs, tmp_path):
    data = record(tmp_path, "-z", "-g", "-e", "cpu-clock:u", command=[programs["with"]])
    ours = folded(data)
    assert of_ours(ours)[known("leaf")] >= 0.6 * sum(ours.values())
    assert sum(ours.values()) == sum(by_perf(data).values())


def test_a_pipe_is_read_from_a_pipe_and_a_file(programs, tmp_path):
    data = tmp_path / "piped"
    with open(data, "wb") as out:
        done = subprocess.run(["perf", "record", "-q", "-o", "-", *QUIET, *RATE, "-g", "-e", "cpu-clock:u", "--", programs["with"]],
                              stdout=out, stderr=subprocess.PIPE)
    if done.returncode:
        pytest.skip("perf record cannot write to a pipe")
    ours = folded(data)
    assert of_ours(ours)[known("leaf")] >= 0.6 * sum(ours.values())
    with open(data, "rb") as file:
        assert folded("-", stdin=file) == ours
    packed = tmp_path / "piped.gz"
    packed.write_bytes(gzip.compress(data.read_bytes()))
    assert folded(packed) == ours


def test_a_directory_of_files_is_one_recording(programs, tmp_path):
    """perf record --threads: a file for each of perf's threads, that is of each processor."""
    data = record(tmp_path, "--threads", "-a", "-g", "-e", "cpu-clock:u", command=[programs["with"]], name="threads.data")
    assert data.is_dir() and (data / "data.0").exists()
    ours, perfs = folded(data), by_perf(data)
    assert sum(ours.values()) == sum(perfs.values())
    assert of_ours(ours) == of_ours(perfs)


def test_another_directory_is_refused(tmp_path):
    (tmp_path / "data").write_text("main;deep 1\n")
    done = subprocess.run([SONDE, "report", tmp_path], capture_output=True, text=True)
    assert done.returncode == 1 and "is a directory" in done.stderr


def test_the_whole_machine_is_told_apart(programs, tmp_path):
    if os.geteuid():
        pytest.skip("needs root")
    data = record(tmp_path, "-a", "-g", "-e", "cpu-clock", command=["sh", "-c", f"{programs['with']} & {programs['with']}; wait"])
    mine = of_ours(folded(data))
    assert mine[known("leaf")] > 0
    threads = sonde("report", "--by", "process", data)
    assert "with" in threads
    one = sonde("report", "--label", "process=^with$", data)
    assert "leaf" in one and "deep" in sonde("report", "--tree", "--label", "process=^with$", data)


def test_kernel_frames_stand_above_user_frames(programs, tmp_path):
    if os.geteuid():
        pytest.skip("needs root")
    data = record(tmp_path, "-g", "-e", "page-faults", "-c", "1", command=[programs["with"]])
    stacks = folded(data)
    assert sum(stacks.values()) == sum(by_perf(data).values())


@pytest.mark.parametrize("build_ids", [True, False])
def test_a_file_that_has_changed_names_nothing(programs, tmp_path, build_ids):
    program = tmp_path / "app"
    build(program, "leaf", "-fno-omit-frame-pointer")
    data = tmp_path / "perf.data"
    options = ["--buildid-mmap"] if build_ids else []
    done = subprocess.run(["perf", "record", "-q", "-o", data, *options, "-B", "-N", "--no-bpf-event", "-g", "-e", "cpu-clock:u", "--",
                           program], capture_output=True)
    if done.returncode:
        pytest.skip("perf record failed")
    assert of_ours(folded(data))[known("leaf")] > 0
    program.rename(tmp_path / "app.old")
    build(program, "wrong", "-fno-omit-frame-pointer")
    stacks = folded(data)
    names = {frame for stack in stacks for frame in stack}
    assert not names & {"leaf", "wrong", "deep", "main"}, names
    assert any("changed on disk" in name for name in names), names
    program.unlink()
    assert any(name.startswith(("[app", "app+")) for stack in folded(data) for name in stack)


def test_a_file_that_is_gone_is_taken_from_where_perf_keeps_it(programs, tmp_path):
    program, cache = tmp_path / "program", tmp_path / "kept"
    build(program, "leaf", "-fomit-frame-pointer")
    data = record(tmp_path, "--call-graph", "dwarf", "-e", "cpu-clock:u", command=[program])
    done = subprocess.run(["perf", "--buildid-dir", cache, "buildid-cache", "--add", program], capture_output=True, text=True)
    if done.returncode or not (cache / ".build-id").exists():
        pytest.skip(f"perf buildid-cache: {done.stderr.strip()[-200:]}")
    before = of_ours(folded(data))
    build(program, "another", "-fomit-frame-pointer")
    without, kept = (unfolded(subprocess.run([SONDE, "convert", data, "-", "-f", "folded"], capture_output=True, text=True,
                                             check=True, env={**os.environ, "PERF_BUILDID_DIR": str(place)}).stdout)
                     for place in (tmp_path, cache))
    assert any("changed on disk" in frame for stack in without for frame in stack)
    assert of_ours(kept) == before
    assert not any("changed on disk" in frame for stack in kept for frame in stack)
    program.unlink()
    gone = subprocess.run([SONDE, "convert", data, "-", "-f", "folded"], capture_output=True, text=True, check=True,
                          env={**os.environ, "PERF_BUILDID_DIR": str(cache)}).stdout
    assert of_ours(unfolded(gone)) == before


def test_children_run_their_parents_code_and_their_own(programs, tmp_path):
    data = record(tmp_path, "-g", "-e", "cpu-clock:u", command=["sh", "-c", f"{programs['with']}; exec {programs['without']}"])
    by_name = sonde("report", "--by", "process", data)
    assert "with" in by_name and "without" in by_name
    assert sum(count for stack, count in folded(data).items() if stack[-1] == "leaf") > 0


def test_what_is_no_whole_recording_is_said_in_one_sentence(programs, tmp_path):
    data = record(tmp_path, "-g", "-e", "cpu-clock:u", command=[programs["with"]])
    whole = data.read_bytes()
    at, size = struct.unpack_from("<QQ", whole, 40)     # of the records: what follows them may be longer
    for part in (whole[:50], whole[:150], whole[:at + size // 2], b"2ELIFREP" + whole[8:]):
        (tmp_path / "part").write_bytes(part)
        done = subprocess.run([SONDE, "report", tmp_path / "part"], capture_output=True, text=True)
        assert done.returncode == 1 and not done.stdout
        assert done.stderr.count("\n") == 1 and "part" in done.stderr, done.stderr
