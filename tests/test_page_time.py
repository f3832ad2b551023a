# SPDX-License-Identifier: Apache-2.0
"""The page's time axis: a heat map and lanes of made and of recorded profiles, in headless Chromium; and that a range of
time holds what `sonde report --time` says."""
import subprocess
import sys

import pytest

import browser
import truth
from test_page import Pprof, field, varint, write_small

START_S = 1_790_000_000

RECORDED = """
import time

def spin(until):
    n = 0
    while time.monotonic() < until:
        n += sum(range(200))

def first_phase(until):
    spin(until)

def second_phase(until):
    spin(until)

start = time.monotonic()
first_phase(start + 1.5)
second_phase(start + 3)
"""


class Timed(Pprof):
    """Samples of one each, at a time in milliseconds."""

    def sample_at(self, stack, ms, tid, thread):
        labels = b""
        for key, text in (("process", "app"), ("thread", thread)):
            labels += field(3, field(1, self.string(key)) + field(2, self.string(text)))
        for key, number in (("pid", 10), ("tid", tid)):
            labels += field(3, field(1, self.string(key)) + field(3, number))
        labels += field(3, field(1, self.string("time")) + field(3, ms * 1_000_000) +
                        field(4, self.string("nanoseconds")))
        ids = b"".join(varint(self.location(name)) for name in reversed(stack))
        self.out += field(2, field(1, ids) + field(2, varint(1) + varint(self.PERIOD_NS)) + labels)


def write_phases(path):
    p = Timed()
    for ms in range(0, 8000, 10):
        p.sample_at(["main", "odd" if ms // 1000 % 2 else "even"], ms, 10, "worker")
    for ms in range(4000, 8000, 100):
        p.sample_at(["idle_work"], ms, 11, "helper")
    p.comment("sonde: times")
    p.out += field(9, START_S * 10**9)
    p.write(path)


def write_kinds(path):
    p = Timed()
    for ms in range(0, 4000, 10):
        p.sample_at(["main", "read|library", "sys_read|kernel"] if ms // 500 % 2 else ["main"], ms, 10, "worker")
    p.comment("sonde: times")
    p.out += field(9, START_S * 10**9)
    p.write(path)


def sonde(*arguments, **more):
    return subprocess.run([truth.SONDE, *arguments], check=True, capture_output=True, text=True, **more).stdout


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    browser.need()
    folder = tmp_path_factory.mktemp("time")
    write_phases(folder / "phases.pb.gz")
    write_kinds(folder / "kinds.pb.gz")
    write_small(folder / "untimed.pb.gz")
    (folder / "phases.py").write_text(RECORDED)
    sonde("record", "-F", "499", "-o", folder / "recorded.pb.gz", "--", sys.executable, folder / "phases.py")
    for name in ("phases", "kinds", "untimed", "recorded"):
        sonde("flame", folder / f"{name}.pb.gz", "-o", folder / f"{name}.html")
    return browser.run("time.mjs", folder)


@pytest.mark.parametrize("name", browser.cases("time.mjs"))
def test_page_time(results, name):
    assert not results[name], results[name]


def test_the_command_line_takes_the_ranges_that_the_page_names(tmp_path):
    write_phases(tmp_path / "phases.pb.gz")
    for times, main in (("3s..4s", 100), ("..0.02s", 2), ("2.02s..3.06s", 104)):
        out = sonde("flame", "--time", times, tmp_path / "phases.pb.gz", "-f", "folded", "-o", "-")
        counts = [line.rsplit(" ", 1) for line in out.splitlines()]
        assert sum(int(n) for stack, n in counts if stack.startswith("main")) == main * Timed.PERIOD_NS, out


def test_record_leaves_times_out_when_told(tmp_path):
    for options, known in (((), True), (("--no-times",), False)):
        path = tmp_path / f"p{known}.pb.gz"
        sonde("record", "-F", "499", *options, "-o", path, "--", sys.executable, "-c", "sum(range(10**7))")
        done = subprocess.run([truth.SONDE, "report", "--time", "..1000s", path], capture_output=True, text=True)
        assert (done.returncode == 0) is known, done.stderr
        assert known or "when its samples were taken" in done.stderr
