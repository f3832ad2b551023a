# SPDX-License-Identifier: Apache-2.0
"""Who is sampled: processes by id, name, control group, command or all; and the report's filters."""
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

import pprof_min
import truth
from test_faults import sonde, wait_for_recording


@pytest.fixture
def two(tmp_path):
    """Two busy programs of different names, with different functions."""
    folder = truth.build(truth.Case("targets", "plain.c"))
    other = truth.build(truth.Case("targets-other", "tailcall.c"))
    running = []
    for name, source in (("busy-plain", folder), ("busy-tail", other)):
        (tmp_path / name).symlink_to(source / "prog")
        running.append(subprocess.Popen([tmp_path / name, "600"], stdout=subprocess.DEVNULL))
    time.sleep(0.3)
    yield running
    for process in running:
        process.kill()
        process.wait()


def by_pid(path):
    counts = {}
    for sample in pprof_min.read(path).samples:
        counts[sample.labels["pid"]] = counts.get(sample.labels["pid"], 0) + sample.values[0]
    return counts


def record(tmp_path, *args):
    out = tmp_path / "x.pb.gz"
    done = sonde("record", "-F", 199, "-d", 2, "-o", out, *args)
    assert done.returncode == 0, done.stderr
    return out


def names_of(path, *filters):
    report = json.loads(sonde("report", path, "--json", *filters).stdout)
    return {f["name"]: f["total"] / report["total"] for f in report["functions"]} if report["total"] else {}


def test_one_pid_is_sampled_and_no_other(two, tmp_path):
    assert set(by_pid(record(tmp_path, "-p", two[0].pid))) == {two[0].pid}


def test_two_pids_are_sampled(two, tmp_path):
    out = record(tmp_path, "-p", f"{two[0].pid},{two[1].pid}")
    assert set(by_pid(out)) == {p.pid for p in two}
    names = names_of(out)
    assert names["hot_half"] > 0.05 and names["tail_target"] > 0.05


def test_a_name_is_a_pattern(two, tmp_path):
    assert set(by_pid(record(tmp_path, "-n", "^busy-t"))) == {two[1].pid}
    assert set(by_pid(record(tmp_path, "-n", "busy-"))) == {p.pid for p in two}


def test_a_name_that_nobody_has_is_told(tmp_path):
    done = sonde("record", "-d", 1, "-o", tmp_path / "x.pb.gz", "-n", "no-process-is-called-so")
    assert done.returncode == 1 and "no-process-is-called-so" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_whole_machine_is_sampled(two, tmp_path):
    counts = by_pid(record(tmp_path, "-a"))
    assert all(counts.get(p.pid, 0) > 0 for p in two)


def test_a_control_group_is_sampled_and_no_other(two, tmp_path):
    root = next((pathlib.Path(p) for p in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup")
                 if os.path.exists(f"{p}/cgroup.procs") and os.path.exists(f"{p}/cgroup.controllers")), None)
    group = root and root / f"sonde-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / "cgroup.procs").write_text(str(two[0].pid))
    except (OSError, AttributeError) as why:
        pytest.skip(f"cannot make a control group: {why}")
    try:
        assert set(by_pid(record(tmp_path, "--cgroup", group))) == {two[0].pid}
    finally:
        (root / "cgroup.procs").write_text(str(two[0].pid))
        group.rmdir()


def test_a_control_group_that_does_not_exist_is_told(tmp_path):
    done = sonde("record", "-d", 1, "-o", tmp_path / "x.pb.gz", "--cgroup", "/sys/fs/cgroup/no-such-group")
    assert done.returncode == 1 and "no-such-group" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_children_that_start_during_the_recording_are_followed(tmp_path):
    script = "sleep 0.7; python3 -c 'import time\nwhile time.process_time() < 0.8: pass'"
    target = subprocess.Popen(["sh", "-c", script])
    out = record(tmp_path, "-p", target.pid)
    target.wait()
    counts = by_pid(out)
    counts.pop(target.pid, None)
    assert sum(counts.values()) > 10, counts


def test_a_recording_ends_with_a_target_that_its_parent_has_not_asked_after(tmp_path):
    folder = truth.build(truth.Case("targets", "plain.c"))
    target = subprocess.Popen([folder / "prog", "0.5"], stdout=subprocess.DEVNULL)
    done = sonde("record", "-p", target.pid, "-d", 3000, "-o", tmp_path / "x.pb.gz", timeout=120)
    assert done.returncode == 0 and by_pid(tmp_path / "x.pb.gz")[target.pid] > 5
    target.wait()


def test_an_idle_machine_without_d_ends_by_ctrl_c(tmp_path):
    process = subprocess.Popen([truth.SONDE, "record", "-a", "-o", tmp_path / "x.pb.gz"], stderr=subprocess.PIPE)
    wait_for_recording(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0
    assert (tmp_path / "x.pb.gz").exists()


def test_the_filters_of_report_choose_samples(two, tmp_path):
    out = record(tmp_path, "-p", f"{two[0].pid},{two[1].pid}")
    assert "tail_target" not in names_of(out, "--pid", two[0].pid)
    assert "hot_half" not in names_of(out, "--thread", "busy-tail")
    focused = names_of(out, "--focus", "^hot_half$")
    assert focused["hot_half"] == 1 and "tail_target" not in focused
    ignored = names_of(out, "--ignore", "hot_half")
    assert "hot_half" not in ignored and "tail_target" in ignored
    assert names_of(out, "--focus", "no such function") == {}


PARENT = """\
import subprocess, sys, time
worker = subprocess.Popen([sys.executable, "-c", "while True: pass"])
print(worker.pid, flush=True)
time.sleep(60)
"""


def test_who_waits_for_workers_that_are_not_recorded_is_told_of_them(tmp_path):
    parent = subprocess.Popen(["python3", "-c", PARENT], stdout=subprocess.PIPE, text=True)
    worker = int(parent.stdout.readline())
    try:
        time.sleep(0.5)
        done = sonde("record", "-F", 99, "-d", 1, "-p", parent.pid, "-o", tmp_path / "x.pb.gz")
        assert done.returncode == 0 and f"not taken with it, but with -p {parent.pid},{worker}\n" in done.stderr, done.stderr
        assert set(by_pid(record(tmp_path, "-p", f"{parent.pid},{worker}"))) == {worker}
    finally:
        os.kill(worker, signal.SIGKILL)
        parent.kill()
        parent.wait()
