# SPDX-License-Identifier: Apache-2.0
"""The page's time axis: a heat map and lanes of made and of recorded profiles, in headless Chromium; and that a range of
time holds what `sonde report --time` says."""
import pathlib
import struct
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


def write_many(path, samples, step_ns):
    """The flight recording of the fuzzer's corpus, with so many more samples of its one stack, in its order of time."""
    made = (pathlib.Path(__file__).parent / "corpus/format/jfr/small").read_bytes()
    size, checkpoint, metadata = struct.unpack_from(">QQQ", made, 8)
    events = bytearray()
    for i in range(samples):
        body = varint(12) + varint((i + 1) * step_ns) + bytes((7, 40, 2))
        events += bytes((len(body) + 1,)) + body
    head = bytearray(made[:68])
    struct.pack_into(">QQQ", head, 8, size + len(events), checkpoint + len(events), metadata + len(events))
    struct.pack_into(">Q", head, 40, samples * step_ns)
    path.write_bytes(bytes(head) + bytes(events) + made[68:])


def test_a_flight_recording_of_very_many_samples_has_its_times_in_steps(tmp_path):
    browser.need()
    samples = 2_000_100
    write_many(tmp_path / "many.jfr", samples, 10_000_000)
    told = """() => ({
        tick: window.sonde.page.profile.tickNs,
        rows: window.sonde.page.profile.groups.reduce((n, group) => n + group.ticks.length, 0),
        sum: window.sonde.page.profile.groups.reduce((n, group) => n + group.rowValues[0].reduce((m, v) => m + v, 0), 0),
        last: Math.max(...window.sonde.page.profile.groups.map((group) => group.ticks[group.ticks.length - 1])),
        words: document.getElementById('range').textContent,
        axis: !document.getElementById('time').hidden,
    })"""
    sonde("flame", tmp_path / "many.jfr", "-o", tmp_path / "many.html")
    page = browser.evaluate(tmp_path / "many.html", "#time=heat", told)
    assert page["axis"] and page["tick"] == 100_000_000
    assert page["last"] == samples // 10
    assert page["rows"] == page["last"] + 2     # (what the corpus's own thread waited for is one)
    assert page["sum"] == samples + 2           # (and the corpus's own)
    assert "in steps of 100 ms" in page["words"]
    # a part has its times exactly, and none can be wished for
    sonde("flame", tmp_path / "many.jfr", "--time", "..10s", "-o", tmp_path / "part.html")
    page = browser.evaluate(tmp_path / "part.html", "", told)
    assert page["tick"] == 100_000 and "steps" not in page["words"]
    assert 999 <= page["rows"] <= 1002
    sonde("flame", tmp_path / "many.jfr", "--no-times", "-o", tmp_path / "none.html")
    assert not browser.evaluate(tmp_path / "none.html", "", "() => !document.getElementById('time').hidden")
