# SPDX-License-Identifier: Apache-2.0
"""Samples of asyncio programs say which task ran and who waits for it."""
import json
import os
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
SONDE = os.environ.get("SONDE", os.path.join(os.path.dirname(HERE), "build/sonde"))
PROGRAM = os.path.join(HERE, "workloads/python/tasks.py")
PYTHONS = [p for p in ["/usr/bin/python3"] + [
    os.path.expanduser("~/.pyenv/versions/%s/bin/python3" % v) for v in ("3.8.18", "3.13.0")] if os.path.exists(p)]


def groups(file, key):
    out = subprocess.run([SONDE, "report", "--by", key, "--json", file], check=True, capture_output=True, text=True)
    report = json.loads(out.stdout)
    return {g["value"]: g["total"] / report["total"] for g in report["groups"]}


@pytest.mark.parametrize("python", PYTHONS)
def test_samples_name_their_task_and_who_awaits_it(python, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("tasks are read by the first tier, which needs root")
    file = str(tmp_path / "tasks.pb.gz")
    subprocess.run([SONDE, "record", "-F", "499", "-o", file, "--", python, PROGRAM], check=True)
    tasks = groups(file, "task")
    readers = [tasks.get("reader-%d" % parts, 0) for parts in (1, 2, 3)]
    assert sum(readers) > 0.75, tasks    # the rest: the start, and each task's last moments
    for parts, share in zip((1, 2, 3), readers):
        assert abs(share / sum(readers) - parts / 6) < 0.08, tasks
    waiters = groups(file, "awaited by")
    chains = [name for name in waiters if name and "(fetch) <" in name and name.endswith("(main)")]
    assert len(chains) == 3, waiters
