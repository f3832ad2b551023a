# SPDX-License-Identifier: Apache-2.0
"""The page's panel of source lines: what it says is what `sonde report --list` says, and what source a page holds."""
import csv
import io
import os
import re
import subprocess
import time

import pytest

import browser
import truth
from test_page import Pprof, field
from test_page_time import START_S, Timed

LINES = (("main@5;lex@40", 6), ("main@5;lex@41", 3), ("main@9;lex@40", 1), ("main@9;lex@41;lex@40", 10))


def sonde(*arguments, **more):
    return subprocess.run([truth.SONDE, *arguments], check=True, capture_output=True, text=True, **more).stdout


def write(path, folder, samples=LINES, suffix=".c", start_s=0, first_line=30):
    p = Pprof()
    p.first_line = first_line
    p.folder, p.suffix = folder, suffix
    for stack, n in samples:
        p.sample(stack.split(";"), n, 10, 10, "app", "main")
    if start_s:
        p.out += field(9, start_s * 10**9)
    p.write(path)


def write_source(path, lines=100):
    path.write_text("".join(f'\tline {i} of <{path.name}> & "more"\n' for i in range(1, lines + 1)))


def write_timed(path, folder):
    """20 samples over 8 s: thread 10 at line 10 of parse, from 4 s on at 20, four of them in the kernel; 11 at line 30."""
    p = Timed()
    p.folder = folder
    for i in range(4):
        p.sample_at(["main", "parse@10"], i * 250, 10, "main")
        p.sample_at(["main", "parse@30"], i * 700, 11, "worker")
        p.sample_at(["main", "parse@20", "sys_read|kernel"], 6000 + i * 250, 10, "main")
    for i in range(8):
        p.sample_at(["main", "parse@20"], 4000 + i * 250, 10, "main")
    p.comment("sonde: times")
    p.out += field(9, START_S * 10**9)
    p.write(path)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    browser.need()
    folder = tmp_path_factory.mktemp("lines")
    source = folder / "source"
    source.mkdir()
    for name in ("main", "lex", "parse"):
        write_source(source / f"{name}.c")
        os.utime(source / f"{name}.c", (START_S - 9, START_S - 9))
    hostile = folder / "evil"
    hostile.mkdir()
    (hostile / "lex.c").write_bytes(b"\n" * 39 + b"</script><script>window.pwned=1</script>\n" +
                                    "a\u202eb\rc".encode() + b"\xff" + b"x" * 5000 + b"\n")
    (folder / "secrets").mkdir()
    (folder / "secrets" / "lex.key").write_text("secret\n" * 100)
    write(folder / "lines.pb.gz", source)
    write(folder / "far.pb.gz", source, (("main@5", 6), ("main@60", 3)))
    write(folder / "nosource.pb.gz", source)
    write(folder / "younger.pb.gz", source, start_s=START_S - 60)
    write(folder / "gone.pb.gz", folder / "nowhere")
    write(folder / "secret.pb.gz", folder / "secrets", suffix=".key")
    write(folder / "hostile.pb.gz", hostile)
    write_timed(folder / "timed.pb.gz", source)
    (folder / "folded.folded").write_text("main;lex 3\n")
    for path in [path for path in folder.iterdir() if path.is_file()]:
        name = path.name.split(".")[0]
        sonde("flame", path, "-o", folder / f"{name}.html", *(["--no-source"] if name == "nosource" else []))
    sonde("flame", folder / "lines.pb.gz", folder / "timed.pb.gz", "-o", folder / "several.html")
    assert "secret\n" not in unpacked(folder / "secret.html")
    write_sides(folder, source)
    return browser.run("lines.mjs", folder)


def write_sides(folder, source):
    """A page of a diff: line 41 of lex costs thrice as much, and a comment of seven lines was put before all functions."""
    for name, first, samples in (("base", 30, (("main@35", 9000), ("main@35;lex@40", 8000), ("main@35;lex@41", 3000))),
                                 ("new", 37, (("main@42", 9000), ("main@42;lex@47", 8000), ("main@42;lex@48", 9000)))):
        write(folder / f"{name}.pb.gz", source, samples, first_line=first)
    sonde("diff", folder / "base.pb.gz", folder / "new.pb.gz", "--per", "1", "-o", folder / "sides.html")
    sonde("diff", folder / "base.pb.gz", folder / "new.pb.gz", "--lines", "-o", folder / "by_line.html")


@pytest.mark.parametrize("name", browser.cases("lines.mjs"))
def test_page_lines(results, name):
    assert not results[name], results[name]


def unpacked(page):
    """All that is packed in a page, as text."""
    import base64
    import zlib
    blocks = re.findall(r'<script type="application/octet-stream"[^>]*>([^<]+)</script>', page.read_text())
    return "".join(zlib.decompress(base64.b64decode(block), -15).decode("utf-8", "replace") for block in blocks)


def listed(path, *options):
    """line -> (self, total) of what `sonde report --list` says of parse."""
    rows = csv.DictReader(io.StringIO(sonde("report", "--list", "^parse$", "--csv", path, *options)))
    return {int(row["line"]): (int(row["self_cpu_nanoseconds"]), int(row["total_cpu_nanoseconds"])) for row in rows}


def test_a_diff_with_no_source_holds_none(tmp_path):
    (tmp_path / "lex.c").write_text("kept to itself\n" * 100)
    for name in ("a", "b"):
        write(tmp_path / f"{name}.pb.gz", tmp_path)
    for flags in ([], ["--no-source"]):
        sonde("diff", tmp_path / "a.pb.gz", tmp_path / "b.pb.gz", "-o", tmp_path / "x.html", *flags)
        assert ("kept to itself" in unpacked(tmp_path / "x.html")) == (not flags)


@pytest.mark.parametrize("fragment, options", [
    ("", ()), ("&range=4s..8s", ("--time", "4s..8s")), ("&threads=10.11", ("--thread", "11")),
    ("&threads=10.10&range=..2s", ("--thread", "10", "--time", "..2s"))])
def test_the_panel_says_what_the_report_says(tmp_path, fragment, options):
    browser.need()
    write_timed(tmp_path / "timed.pb.gz", tmp_path)
    sonde("flame", tmp_path / "timed.pb.gz", "-o", tmp_path / "timed.html")
    shown = browser.evaluate(tmp_path / "timed.html", f"#{fragment}", """async () => {
        const { page } = window.sonde;
        const frame = [...Array(page.profile.frames.n).keys()].find((at) => at && page.nameOf(at) === 'parse');
        page.lines.openFor(frame);
        await new Promise((done) => setTimeout(done, 200));
        const { data, sums } = page.lines, { scale } = page.profile.types[page.type];
        return Object.fromEntries([...data.frames.of].flatMap((of, i) => of === frame && sums.total[i] > 0 ?
            [[data.frames.line[i], [sums.self[i] * scale, sums.total[i] * scale]]] : []));
    }""")
    assert {int(line): tuple(values) for line, values in shown.items()} == listed(tmp_path / "timed.pb.gz", *options)


def test_a_page_holds_a_mebibyte_of_source_of_the_costliest_lines(tmp_path):
    (tmp_path / "lex.c").write_text("".join(f"line {i} {'x' * 280}\n" for i in range(1, 40001)))
    write(tmp_path / "a.pb.gz", tmp_path, [(f"main;lex@{4 + 7 * i}", 5000 - i) for i in range(5000)])
    sonde("flame", tmp_path / "a.pb.gz", "-o", tmp_path / "a.html")
    text = unpacked(tmp_path / "a.html")
    assert 0.95 * 2**20 < sum(len(line) + 1 for line in re.findall("line \\d+ x+", text)) < 1.01 * 2**20
    assert "line 4 x" in text and "line 7 x" in text and "line 11 x" in text and "line 34995 x" not in text


def test_source_is_looked_for_where_it_is_said_to_be(tmp_path):
    (tmp_path / "here").mkdir()
    write_source(tmp_path / "here" / "lex.c")
    write(tmp_path / "a.pb.gz", tmp_path / "built")
    sonde("flame", tmp_path / "a.pb.gz", "-o", tmp_path / "a.html")
    assert "line 40 of" not in unpacked(tmp_path / "a.html")
    sonde("flame", tmp_path / "a.pb.gz", "--source", tmp_path / "here", "-o", tmp_path / "b.html")
    assert "line 40 of" in unpacked(tmp_path / "b.html")


def test_a_profile_that_does_not_say_when_it_was_taken_is_as_old_as_its_file(tmp_path):
    write_source(tmp_path / "lex.c")
    write(tmp_path / "a.pb.gz", tmp_path)
    os.utime(tmp_path / "a.pb.gz", (START_S, START_S))
    sonde("flame", tmp_path / "a.pb.gz", "-o", tmp_path / "a.html")
    assert ("line 40 of" in unpacked(tmp_path / "a.html")) == (time.time() < START_S)


def test_record_puts_source_into_its_page_and_leaves_it_out_when_told(tmp_path):
    (tmp_path / "spin.py").write_text("def spin():\n    n = 0\n    for i in range(6_000_000):\n        n += i  # here\n\nspin()\n")
    os.utime(tmp_path / "spin.py", (START_S // 2, START_S // 2))
    for options, held in (((), True), (("--no-source",), False)):
        subprocess.run([truth.SONDE, "record", "-F", "499", *options, "-o", tmp_path / "a.html", "--",
                        "python3", tmp_path / "spin.py"], check=True, capture_output=True)
        assert ("n += i  # here" in unpacked(tmp_path / "a.html")) is held
