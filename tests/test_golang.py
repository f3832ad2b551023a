# SPDX-License-Identifier: Apache-2.0
"""A representative part of the Go matrix; `python3 tests/golang.py --all` runs and prints all of it."""
import subprocess
import time

import pytest

import golang
import truth


@pytest.mark.parametrize("row", [r for r in golang.rows() if r.quick], ids=lambda r: r.name.replace(" ", "-"))
def test_a_profile_shows_what_the_go_program_says(row):
    verdict = golang.try_row(row, golang.SECONDS / 2)
    if verdict.skipped:
        pytest.skip(verdict.skipped)
    assert not verdict.failures, "\n".join(verdict.failures)


def program(version, kind):
    try:
        return str(golang.build(golang.Row(version, kind, "mixed")))
    except golang.Skip as why:
        pytest.skip(str(why))


def record(path, *arguments):
    done = subprocess.run([truth.SONDE, "record", "-F", "199", "-o", str(path), *arguments], capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("version", ["1.22.12", "1.26.8"])
def test_labels_among_ten_thousand_goroutines(tmp_path, version):
    target = subprocess.Popen([program(version, "plain"), "many", "10000"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    try:
        assert target.stdout.readline() == "ready\n"
        record(tmp_path / "p.pb.gz", "-d", "2", "-p", str(target.pid))
    finally:
        target.communicate("\n", timeout=60)
    samples = [s for s in golang.pprof_min.read(tmp_path / "p.pb.gz").samples
               if any(f.name == "main.worker" for l in s.locations for f, _ in l.lines)]
    workers = {s.labels.get("worker"): s.labels.get("goroutine") for s in samples}
    assert set(workers) == {"0", "1", "2", "3"}
    assert len(set(workers.values())) == 4, "each worker is one goroutine"
    assert all(s.labels["key"] == "value" and workers[s.labels["worker"]] == s.labels["goroutine"] for s in samples)


def test_attaching_while_it_starts_and_while_it_ends(tmp_path):
    """Whenever one comes, no stack has a wrong name: main's frames are under runtime.main or a goroutine's start."""
    prog = program("1.26.8", "cgo")
    seen = 0
    for delay in (0.0, 0.01, 0.05):
        target = subprocess.Popen([prog, "0.4"], stdout=subprocess.DEVNULL)
        time.sleep(delay)
        record(tmp_path / "p.pb.gz", "-d", "1", "-p", str(target.pid))
        target.wait(timeout=60)
        for stack in truth.read_sonde(tmp_path / "p.pb.gz").stacks:
            seen += stack.count
            if "main.main" in stack.names:
                assert "runtime.main" in stack.names or stack.names[0].startswith("[stack cut"), stack.names
    assert seen
