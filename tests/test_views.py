# SPDX-License-Identifier: Apache-2.0
"""sonde report's views of a profile whose every number is known: a Callgrind file of 100 instructions."""
import csv
import io
import json
import os
import pathlib
import re
import subprocess
from unittest.mock import ANY

import pytest

import pprof_made
import truth
from test_page_time import write_phases

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = "int lex(void)\n{\n\treturn 1;\n}\n\n\n\n\n\n\n\n\n\n\n\n\n\n\nint parse(void)\n{\n\treturn lex();\n}\n"
#  main 10, parse 30 (20 and 21), lex 40 (of parse) + 20 (of main)


def callgrind(file, times=1):
    """What callgrind would write of SOURCE, `times` as costly; test_pprof_views.py reads it too."""
    def cost(n):
        return n * times
    return f"""# callgrind format
events: Ir
ob=(1) /usr/bin/app
fl=(1) {file}
fn=(1) main
40 {cost(10)}
cfn=(2) parse
calls=1 19
41 {cost(70)}
cfn=(3) lex
calls=1 1
42 {cost(20)}
fn=(2)
20 {cost(5)}
21 {cost(25)}
cfn=(3)
calls=1 1
21 {cost(40)}
fn=(3)
3 {cost(60)}
"""


@pytest.fixture
def report(tmp_path):
    (tmp_path / "a.c").write_text(SOURCE)
    (tmp_path / "a.callgrind").write_text(callgrind(tmp_path / "a.c"))

    def run(*options, code=0):
        done = subprocess.run([ROOT / "build" / "sonde", "report", "a.callgrind", *options], cwd=tmp_path,
                              capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr
    return run


def rows(text):
    return [(float(share), name) for share, name in re.findall(r"^ +([\d.]+) +[\d,]+ +(\S+)", text, re.M)]


# Two values, each nearly as large as there are: lines of one function, of two calls, and of two modules' function of one name.
HUGE = """# callgrind format
events: Ir
fl=(1) a.c
ob=(1) /usr/bin/app
fn=(1) main
3 9000000000000000000
4 9000000000000000000
5 1
cfn=(2) f
calls=1 9
3 4000000000000000000
fn=(2)
9 9000000000000000000
ob=(2) /usr/bin/other
fn=(1)
3 9000000000000000000
"""


@pytest.mark.parametrize("command", [("report", "--list", "main"), ("report", "--peek", "main"), ("report", "--tree"),
                                     ("convert", "dot"), ("convert", "pstats")])
def test_values_that_do_not_fit_together_stay_at_the_limit(tmp_path, command):
    path = tmp_path / "huge.callgrind"
    path.write_text(HUGE)
    if command[0] == "convert":
        out = tmp_path / f"out.{command[1]}"
        subprocess.run([truth.SONDE, "convert", path, "-f", command[1], out], check=True, timeout=30)
        path, command = out, ("report", "--total")
        if out.suffix == ".dot":
            assert "-" not in re.sub(r"->", "", out.read_text().replace("sans-serif", ""))
            return
    text = subprocess.run([truth.SONDE, *command, path], check=True, timeout=30, capture_output=True, text=True).stdout
    assert "main" in text and not re.search(r"-\d", text)


def test_peek_shows_callers_and_callees(report):
    assert rows(report("--peek", "^parse$")) == [(100, "main"), (100, "parse"), (42.9, "itself"), (57.1, "lex")]
    assert rows(report("--callers", "^lex$")) == [(66.7, "parse"), (33.3, "main"), (100, "lex")]
    assert rows(report("--callees", "^main$")) == [(100, "main"), (10, "itself"), (70, "parse"), (20, "lex")]
    assert "no function in these samples matches 'nothing'" in report("--peek", "nothing", code=1)
    assert "is not a regular expression" in report("--list", "(", code=1)


def test_list_shows_the_source(report, tmp_path):
    text = report("--list", "^(parse|lex)$")  # (what a line called is not known of such a file)
    assert re.search(r"^ +60.0 +60.0 +3 {10}return 1;$", text, re.M)
    assert re.search(r"^ +5.0 +5.0 +20  \{$", text, re.M)
    assert re.search(r"^ +25.0 +25.0 +21 {10}return lex\(\);$", text, re.M)
    assert "a.c: 60.0 % of all by itself" in text
    (tmp_path / "elsewhere" / "src").mkdir(parents=True)
    (tmp_path / "a.c").rename(tmp_path / "elsewhere" / "src" / "a.c")
    assert "the file is not here" in report("--list", "^lex$")
    assert "return 1;" in report("--list", "^lex$", "--source", "elsewhere/src")


def test_frames_can_be_left_out(report):
    tree = report("--hide", "^parse$", "--tree", "--type", "Ir")
    assert "parse" not in tree.split("Call tree")[1]
    assert re.search(r"^Filter +--hide \^parse\$$", tree, re.M)
    top = report("--show", "^main$")
    assert re.search(r"100 +100 +100  main ", top)


def test_samples_are_grouped_by_what_they_are(report):
    assert re.search(r"100 +100 +\S+ +app$", report("--by", "module"), re.M)
    assert re.search(r" 60.0 +60 +\S+ +lex$", report("--by", "function"), re.M)
    assert re.search(r" 10.0 +10 +\S+ +main$", report("--by", "function"), re.M)
    assert "lex" not in report("--label", "function=parse").split("Function")[1].replace("--label function=parse", "")
    assert "does not say when" in report("--by", "time", code=1)
    assert "does not say when" in report("--time", "1s..2s", code=1)
    assert "--time takes FROM..TO" in report("--time", "1s", code=1)


def test_a_part_of_the_time_is_told_as_such(tmp_path):
    """What was busy, and which twentieth, is of the part that --time keeps; bars are as long as the largest value's."""
    write_phases(tmp_path / "phases.pb.gz")

    def report(*options):
        return subprocess.run([truth.SONDE, "report", tmp_path / "phases.pb.gz", *options], check=True, capture_output=True,
                              text=True, env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout
    whole, part = report("--by", "time"), report("--by", "time", "--time", "2s..4s")
    assert " in 2.00 s" in part and " in 2.00 s" not in whole
    assert json.loads(report("--time", "2s..4s", "--json"))["duration_ns"] == 2_000_000_000
    rows = [row for row in json.loads(report("--by", "time", "--time", "2s..4s", "--json"))["groups"]]
    begins = [float(row["value"].split("-")[0]) for row in rows]
    assert begins == sorted(begins) and 2 <= begins[0] and begins[-1] < 4
    bars = {float(share): bar for bar, share in re.findall(r"^([█▉▊▋▌▍▎▏]*) +([\d.]+) .* s$", whole, re.M)}
    assert len(bars) > 1 and len(bars[max(bars)]) == 10 and bars[max(bars)] != bars[min(bars)]


@pytest.mark.parametrize("what, name, share", [("function", "lex", "60.0"), ("file", "a.c", "100"), ("module", "app", "100"),
                                               ("line", "lex", "60.0"), ("address", "lex", "60.0")])
def test_rows_are_as_fine_as_asked_for(report, what, name, share):
    assert re.search(rf" {re.escape(share)} +{re.escape(share)} +\d+  \S*{re.escape(name)}", report("--granularity", what))
    assert "--granularity takes" in report("--granularity", "inch", code=2)


def test_csv_is_a_table_of_what_is_shown(report):
    table = list(csv.DictReader(io.StringIO(report("--csv", "--hide", "^parse$"))))
    assert [(row["function"], row["self_Ir_count"], row["total_Ir_count"]) for row in table] == [("lex", "60", "60"), ("main", "40", "100")]


@pytest.mark.parametrize("unit, of, total, lex, bad", [
    ("ms", "nanoseconds", "10.0 ms", "8.77 ms", "MiB"), ("us", "nanoseconds", "10,000 us", "8,765 us", "count"),
    ("s", "nanoseconds", "0.0100 s", "0.00877 s", "B"), ("ns", "nanoseconds", "10,000,000 ns", "8,765,433 ns", "kB"),
    ("kB", "bytes", "10,000 kB", "8,765 kB", "ms"), ("MiB", "bytes", "9.54 MiB", "8.36 MiB", "ns"),
    ("count", "count", "10,000,000", "8,765,433", "ms")])
def test_values_are_told_in_the_unit_that_is_asked_for(tmp_path, unit, of, total, lex, bad):
    speedscope = {"$schema": "https://www.speedscope.app/file-format-schema.json",
                  "shared": {"frames": [{"name": name} for name in ("main", "parse", "lex")]},
                  "profiles": [{"type": "sampled", "name": "x", "unit": of if of != "count" else "none", "startValue": 0,
                                "endValue": 10, "samples": [[0, 1], [0, 2]], "weights": [1234567, 8765433]}]}
    (tmp_path / "a.json").write_text(json.dumps(speedscope))

    def run(command, *options):
        return subprocess.run([ROOT / "build" / "sonde", command, *options], cwd=tmp_path, capture_output=True, text=True,
                              env=os.environ | {"LC_ALL": "C"})
    text = run("report", "a.json", "--unit", unit).stdout
    assert re.search(rf"[%\d] +{re.escape(lex)}  lex$", text, re.M), text
    if of != "count":
        assert re.search(rf"^\w[\w ]* +{re.escape(total)}\b", text, re.M), text
    assert f" % ({lex})" in run("flame", "a.json", "-o", "-", "-f", "svg", "--unit", unit).stdout.replace("µs", "us")
    assert run("diff", "a.json", "a.json", "--unit", unit).returncode == 0
    for command in (["report", "a.json"], ["flame", "a.json", "-o", "x.svg"], ["diff", "a.json", "a.json"]):
        done = run(*command, "--unit", bad)
        assert done.returncode == 1 and f"--unit {bad} is none for values in {of}" in done.stderr
        assert done.stderr.count("\n") == 1
    assert run("flame", "a.json", "-o", "x.html", "--unit", unit).returncode == 0  # test_page.py looks at it
    assert f"--unit {bad} is none" in run("flame", "a.json", "-o", "x.html", "--unit", bad).stderr


def objects(report, member, *options):
    table = json.loads(report("--json", *options))
    assert table["version"] == 1 and table["total"] == 100
    return table[member]


def costs(rows):
    return [(row["name"], row["self"], row["total"]) for row in rows]


def test_json_has_every_table(report, tmp_path):
    assert costs(objects(report, "functions")) == [("lex", 60, 60), ("parse", 30, 70), ("main", 10, 100)]
    assert costs(objects(report, "functions", "--total")) == [("main", 10, 100), ("parse", 30, 70), ("lex", 60, 60)]
    assert len(objects(report, "functions", "--limit", "2")) == 2
    assert [(row["name"], row["line"], row["self"]) for row in objects(report, "lines", "--lines") if row["self"]] == [
        ("lex", 3, 60), ("parse", 21, 25), ("main", 40, 10), ("parse", 20, 5)]
    assert costs(objects(report, "files", "--granularity", "file")) == [(str(tmp_path / "a.c"), 100, 100)]
    assert costs(objects(report, "modules", "--granularity", "module")) == [("/usr/bin/app", 100, 100)]
    assert costs(objects(report, "kinds", "--granularity", "kind"))[0] == ("lex [native]", 60, 60)
    thread, = objects(report, "threads", "--threads")
    assert (thread["process"], thread["thread"], thread["pid"], thread["tid"], thread["total"]) == ("", "", None, None, 100)
    tree = objects(report, "tree", "--tree")
    assert [(row["name"], row["total"], row["caller"] is not None and tree[row["caller"]]["name"]) for row in tree] == [
        ("main", 100, False), ("parse", 70, "main"), ("lex", 40, "parse"), ("lex", 20, "main")]
    peek, = objects(report, "peek", "--peek", "^parse$")
    assert (peek["name"], peek["self"], peek["total"]) == ("parse", 30, 70)
    assert [(row["name"], row["total"]) for row in peek["callers"]] == [("main", 70)]
    assert [(row["name"], row["total"]) for row in peek["callees"]] == [("lex", 40)]
    root, = objects(report, "peek", "--callers", "^main$")
    assert root["callers"] == [{"name": None, "total": 100}] and "callees" not in root
    listed, = objects(report, "list", "--list", "^lex$")
    assert listed["source"] == str(tmp_path / "a.c") and listed["changed"] is False
    assert {"line": 3, "self": 60, "total": 60, "text": "\treturn 1;"} in listed["lines"]
    (tmp_path / "a.c").unlink()
    listed, = objects(report, "list", "--list", "^lex$")
    assert listed["source"] is None and listed["lines"][0]["text"] is None
    grouped = json.loads(report("--json", "--by", "function", "--threads"))
    assert [(row["value"], row["total"]) for row in grouped["groups"]] == [("lex", 60), ("parse", 30), ("main", 10)]
    assert "threads" in grouped and "functions" not in grouped
    assert "no function in these samples matches" in report("--json", "--peek", "nothing", code=1)


def test_csv_has_every_table(report):
    def table(*options):
        text = report("--csv", *options)
        assert "\r" not in text
        return [tuple(row.values()) for row in csv.DictReader(io.StringIO(text))]
    assert table("--granularity", "module") == [("/usr/bin/app", "/usr/bin/app", "", "0", "native", "100", "100")]
    assert [(row[0], row[3], row[5]) for row in table("--lines", "--limit", "2")] == [("lex", "3", "60"), ("parse", "21", "25")]
    assert [(row[0], row[1], row[7]) for row in table("--tree")] == [
        ("0", "main", "100"), ("1", "parse", "70"), ("2", "lex", "40"), ("1", "lex", "20")]
    assert table("--by", "function") == [("lex", ANY, "60"), ("parse", ANY, "30"), ("main", ANY, "10")]
    assert table("--threads") == [("", "", "", "", ANY, "100")]
    assert [(row[0], row[1], row[2], row[7]) for row in table("--peek", "^parse$")] == [
        ("parse", "caller", "main", "70"), ("parse", "total", "parse", "70"), ("parse", "self", "parse", "30"),
        ("parse", "callee", "lex", "40")]
    assert ("lex", "3", "60", "60") in [(row[0], row[3], row[5], row[6]) for row in table("--list", "^lex$")]
    assert report("--csv", "--threads").splitlines()[0] == "process,thread,pid,tid,samples,total_Ir_count"
    assert "code is no table for a spreadsheet" in report("--csv", "--disasm", "lex", code=1)


@pytest.mark.parametrize("options, words", [
    (("--tree", "--list", "lex"), "--tree and --list are two tables"),
    (("--threads", "--callers", "lex"), "--threads and --callers are two tables"),
    (("--total", "--tree"), "--tree has an order of its own"),
    (("--threads", "--lines"), "--lines is for the table of functions and for --tree, not for --threads"),
    (("--granularity", "file", "--peek", "lex"), "--granularity is for the table of functions and for --tree, not for --peek"),
    (("--list", "lex", "--limit", "3"), "--list shows all lines"),
    (("--json", "--csv"), "--json and --csv are two forms"),
    (("--source", "/"), "--list REGEX --source DIR"),
    (("--limit", "many"), "--limit takes how many rows to show (0: all), not 'many'"),
    (("--limit", "-3"), "--limit takes")])
def test_options_that_would_be_passed_over_are_refused(report, options, words):
    assert words in report(*options, code=2)


def test_a_time_may_begin_at_zero_in_any_unit(report):
    for time in ("0..1s", "0ms..1s", "0.000s..1s"):
        assert "FROM before TO" not in report("--time", time, code=1)  # that file has no times


def test_a_time_that_ends_before_it_begins_is_refused(report):
    assert "FROM before TO" in report("--time", "2s..1s", code=1)


def test_a_report_without_a_frame_says_so(report):
    assert "No frame is left to show" in report("--hide", ".")


def test_csv_of_functions_knows_limit_and_total(report):
    assert report("--csv", "--limit", "2").splitlines()[1:] == [
        row for row in report("--csv", "--limit", "3").splitlines()[1:3]]
    assert report("--csv", "--total", "--limit", "1").splitlines()[1].startswith("main,")
    assert len(report("--csv").splitlines()) == 4


def test_small_values_of_a_large_unit_stay_in_their_column(tmp_path):
    path = pprof_made.write(tmp_path / "x.pb.gz", [("main;a", 9_000_000_000, {}), ("main;b", 90_000_000, {}), ("main;c", 1_000_000, {})],
                            (("cpu", "nanoseconds"),))
    text = subprocess.run([ROOT / "build" / "sonde", "report", path, "--unit", "min"], capture_output=True, text=True, check=True).stdout
    table = text.split("\n\n")[1].splitlines()
    assert len({line.index(name) for line, name in zip(table[1:4], "abc")}) == 1, text


def test_a_heading_is_never_cut(report):
    assert "Function and line" in report("--lines") and "Function and kind" in report("--granularity", "kind")


def test_parts_of_the_time_are_told_as_time_goes(tmp_path):
    """The second half has more samples, and stands below the first one all the same."""
    write_phases(tmp_path / "phases.pb")
    out = subprocess.run([truth.SONDE, "report", "--by", "time", "--type", "cpu", tmp_path / "phases.pb"], capture_output=True, text=True,
                         check=True).stdout
    begins = [float(row[0]) for row in re.findall(r" (\d+\.\d+)-(\d+\.\d+) s$", out, re.M)]
    assert len(begins) == 20 and begins == sorted(begins)
