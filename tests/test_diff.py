# SPDX-License-Identifier: Apache-2.0
"""sonde diff: real recordings of a program in two versions, the gate, every kind of output."""
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

import pprof_made
import truth
from browser import CHROMIUM, TESTBED, missing
from test_faults import check_refused, sonde

SOURCE = pathlib.Path(__file__).resolve().parent / "workloads" / "diffed.c"
ROUNDS = "8000"  # one to four seconds of CPU time
RUNS = 3


def build(folder, name, *flags):
    subprocess.run(["gcc", "-O2", "-g", *flags, SOURCE, "-o", folder / name], check=True)
    return folder / name


def record(program, out):
    done = sonde("record", "-F", "999", "-o", out, "--", program, ROUNDS)
    if done.returncode:
        pytest.skip(f"cannot record here: {done.stderr}")
    return out


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """{version: [files]}; the versions are old, slow (scan costs eight times as much: a change that no load of the
    machine hides; how small a one is found is measured by bench/diff), and fresh (one more function, lex() has
    moved)."""
    folder = tmp_path_factory.mktemp("diff")
    versions = {"old": (), "slow": ("-DSCAN=64",), "fresh": ("-DFRESH", "-DMOVED")}
    programs = {name: build(folder, name, *flags) for name, flags in versions.items()}
    files = {name: [] for name in versions}
    for run in range(RUNS):  # in turns, so that the machine's moods are everybody's
        for name, program in programs.items():
            files[name].append(record(program, folder / f"{name}{run}.pb.gz"))
    return files


def diff(*args):
    done = sonde("diff", "--json", *args)
    assert done.returncode in (0, 3), done.stderr
    return json.loads(done.stdout)


def function(found, name, key="functions"):
    rows = [row for row in found[key] if row["name"] == name]
    assert len(rows) == 1, (name, len(rows))
    return rows[0]


def named(found, key="functions"):
    return [row["name"] for row in found[key] if row["changed"]]


@pytest.mark.parametrize("runs", [1, RUNS])
def test_the_function_that_got_slower_is_named_first(recorded, runs):
    found = diff(*recorded["old"][:runs], "--", *recorded["slow"][:runs])
    assert named(found)[:1] == ["scan"], found["summary"]
    assert re.match(r"scan\(\) got \d+(\.\d)? % ± \d+(\.\d)? slower in share", found["summary"])
    scan = function(found, "scan")["self"]
    # 8 of 31 parts became 64 of 87 (2.85 times the share), as far as a part costs the same everywhere
    assert 2.15 < scan["new"] / scan["base"] < 3.94
    assert scan["low"] < scan["change"] < scan["high"] and scan["low"] > 0
    assert scan["q"] <= 0.01
    assert found["noise"]["basis"] == ("runs" if runs > 1 else "times")


def test_absolute_cost_for_the_same_work(recorded):
    found = diff(*recorded["old"], "--", *recorded["slow"], "--per", ROUNDS)
    scan = function(found, "scan")["self"]
    assert 6 < scan["new"] / scan["base"] < 10.4
    assert found["base"]["work"] == RUNS * int(ROUNDS)
    assert scan["base_value"] == pytest.approx(scan["base"] * found["base"]["work"], rel=1e-4)
    assert found["whole"]["new"] == pytest.approx(found["new"]["total"] / found["new"]["work"], rel=1e-4)


def test_a_new_function_is_called_new_and_one_that_moved_is_the_same(recorded):
    found = diff(*recorded["old"], "--", *recorded["fresh"])
    fresh, lex = function(found, "fresh"), function(found, "lex")
    assert fresh["self"]["base"] == 0 and fresh["self"]["relative"] is None
    assert "fresh" in named(found) and "fresh() is new" in found["summary"]
    assert lex["self"]["base"] > 0 and lex["self"]["new"] > 0


def test_lines_and_stacks(recorded):
    found = diff(*recorded["old"], "--", *recorded["slow"], "--lines")
    assert "scan" in named(found, "lines") and found["lines"][0]["line"] > 0
    found = diff(*recorded["old"], "--", *recorded["slow"], "--stacks")
    stacks = [row["stack"][:3] for row in found["stacks"] if row["changed"]]
    assert any(stack[0] == "scan" and "main" in stack for stack in stacks), stacks


def test_the_gate_exits_with_3(recorded):
    sides = [*recorded["old"], "--", *recorded["slow"]]
    done = sonde("diff", *sides, "--fail-above", "5%")
    assert done.returncode == 3 and "more than the 5 % allowed" in done.stderr
    assert sonde("diff", *sides, "--fail-above", "900%").returncode == 0
    assert sonde("diff", *sides, "--fail-above", "5%", "--at-least", "99%").returncode == 0
    better = sonde("diff", *recorded["slow"], "--", *recorded["old"], "--fail-above", "5%", "--focus", "scan")
    assert better.returncode == 0, better.stderr


def test_the_gate_says_what_got_worse_with_all_it_calls(made, tmp_path):
    """Sixty functions, each a little: their caller is meant. What is named has the p that it was found with."""
    rows = STACKS + [(f"main;audit;g{i}", 20, {}) for i in range(60)]
    more = [(stack, n + 6 * ("audit" in stack), labels) for stack, n, labels in rows]
    a, b = (pprof_made.write(tmp_path / name, of) for name, of in (("c.pb.gz", rows), ("d.pb.gz", more)))
    done = sonde("diff", a, a, "--", b, b, "--fail-above", "5%", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 3 and "audit() with all it calls got" in found["gate"]["words"], found["gate"]
    number = function(found, "audit")["total"]
    assert number["verdict"] == "changed" and 0 <= number["p"] <= number["q"] <= 0.01


def test_one_run_a_side_says_so(recorded, made):
    text = sonde("diff", recorded["old"][0], recorded["slow"][0]).stdout
    assert "one run a side, over 20 blocks of its time" in text
    assert "one run a side: sampling error only" in sonde("diff", *made).stdout
    text = sonde("diff", *recorded["old"], "--", *recorded["slow"]).stdout
    assert f"run to run, over {RUNS} and {RUNS} runs" in text


# Made: the rest needs no program.

STACKS = [(f"main;{'parse' if i % 2 else 'emit'};f{i}", 500 + i % 5 * 3, {}) for i in range(20)]


@pytest.fixture
def made(tmp_path):
    """Of the second, f7 costs twice as much."""
    slow = [(stack, n * (1 + stack.endswith("f7")), labels) for stack, n, labels in STACKS]
    return pprof_made.write(tmp_path / "a.pb.gz", STACKS), pprof_made.write(tmp_path / "b.pb.gz", slow)


def test_without_files_the_last_two_recordings_are_compared(made, tmp_path):
    made[0].rename(tmp_path / "sonde.pb.gz.old")
    made[1].rename(tmp_path / "sonde.pb.gz")
    done = subprocess.run([truth.SONDE, "diff"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("f7() got 9"), done.stdout + done.stderr
    done = subprocess.run([truth.SONDE, "diff", "sonde.pb.gz"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.startswith("Nothing changed beyond noise."), done.stdout


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 130])
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_it_fits_the_terminal(made, columns, locale):
    env = {**os.environ, "COLUMNS": str(columns), "LC_ALL": locale}
    done = subprocess.run([truth.SONDE, "diff", *made], capture_output=True, text=True, env=env, encoding="utf-8")
    table = done.stdout.split("\n\n")
    assert max(map(len, table[0].splitlines() + table[2].splitlines())) <= columns, done.stdout
    assert locale == "C.UTF-8" or done.stdout.isascii()


def test_what_never_costs_anything_itself_is_not_new(made):
    env = {**os.environ, "COLUMNS": "130"}
    text = subprocess.run([truth.SONDE, "diff", *made], capture_output=True, text=True, env=env).stdout
    rows = [line for line in text.splitlines() if line.rstrip().endswith("main")]
    assert rows and all("new" not in row for row in rows), rows


def test_files_are_written_by_their_endings(made, tmp_path):
    done = sonde("diff", *made, "-o", tmp_path / "x.md", "-o", tmp_path / "x.json", "-o", tmp_path / "x.txt")
    assert done.returncode == 0 and not done.stdout and "f7() got" in done.stderr
    assert json.loads((tmp_path / "x.json").read_text())["version"] == 1
    assert (tmp_path / "x.txt").read_text().startswith("f7() got")
    lines = (tmp_path / "x.md").read_text().splitlines()
    assert lines[0].startswith("**f7\\(\\) got 9")
    rows = [line for line in lines if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in rows}) == 1
    assert "🔺" in rows[2] and "f7" in rows[2]


@pytest.fixture
def pictured(tmp_path):
    """f7 costs twice as much, fresh is new, old is gone."""
    slow = [(stack, n * (1 + stack.endswith("f7")), labels) for stack, n, labels in STACKS]
    return (pprof_made.write(tmp_path / "a.pb.gz", [("main;old", 400, {}), *STACKS]),
            pprof_made.write(tmp_path / "b.pb.gz", [("main;fresh", 500, {}), *slow]))


def test_an_svg_shows_what_is_new_and_what_is_gone(pictured, tmp_path):
    assert sonde("diff", *pictured, "-o", tmp_path / "x.svg").returncode == 0
    tree = ElementTree.parse(tmp_path / "x.svg")
    svg = "{http://www.w3.org/2000/svg}"
    boxes = {}
    for group in tree.iter(svg + "g"):
        if group.get("class") == "b":
            boxes[group.find(svg + "title").text.split("\n")[0]] = group
    look = {name: group.find(svg + "rect").get("class") for name, group in boxes.items()}
    assert look["fresh"] == "u4 new" and look["old"] == "d4 gone" and look["f7"].startswith("u") and look["f3"] == "z0"
    assert "within noise" in boxes["f3"].find(svg + "title").text
    width = {name: float(group.get("data-w")) for name, group in boxes.items()}
    assert width["all"] == 1 and abs(width["main"] - 1) < 1e-6
    if shutil.which("xmllint"):
        done = subprocess.run(["xmllint", "--noout", "--nonet", tmp_path / "x.svg"], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_page_with_clicks_and_keys(pictured, tmp_path):
    if missing():
        pytest.skip(missing())
    for name in ("x.html", "y.html"):
        assert sonde("diff", *pictured, "-o", tmp_path / name).returncode == 0
    assert (tmp_path / "x.html").read_bytes() == (tmp_path / "y.html").read_bytes()
    script = pathlib.Path(__file__).resolve().parent / "page" / "diff.mjs"
    done = subprocess.run(["node", script, tmp_path / "x.html"], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "SONDE_TESTBED": str(TESTBED), "CHROMIUM": CHROMIUM})
    assert done.returncode == 0, done.stderr


def test_names_cannot_write_markup(tmp_path):
    evil = "<img src=x>|@everyone [x](http://y) `z` #1"
    rows = [(f"main;{evil}", 4000, {}), *STACKS]
    a = pprof_made.write(tmp_path / "a.pb.gz", STACKS)
    b = pprof_made.write(tmp_path / "b.pb.gz", rows)
    text = sonde("diff", a, b, "--markdown").stdout
    row = next(line for line in text.splitlines() if line.startswith("|") and "img" in line)
    assert "<img" not in text and "@everyone" not in text and "[x](" not in text
    assert re.sub(r"\\.", "", row).count("|") == 10
    assert text.rstrip().endswith("several runs a side tell.</sub>")  # sentences are not cut as names are


def test_the_documented_members_are_those_that_come(made):
    doc = (pathlib.Path(__file__).resolve().parent.parent / "docs" / "diff-json.md").read_text()
    found = diff(*made, "--fail-above", "5%")
    documented = set(re.findall(r"^\| (`[^|]+`) \|", doc, re.M))
    documented = {name.strip("` ") for cell in documented for name in cell.split(",")}
    row = found["functions"][0]
    for members in (found, found["base"], found["noise"], found["gate"], row, row["self"]):
        assert set(members) <= documented, set(members) - documented


def test_what_cannot_be_compared_is_said(made, tmp_path):
    check_refused(sonde("diff", made[0], made[1], made[0]), 2, "put -- between")
    check_refused(sonde("diff", "--", made[0]), 2, "before --")
    check_refused(sonde("diff", made[0], tmp_path / "none.pb.gz"), 1, "none.pb.gz")
    check_refused(sonde("diff", *made, "--per", "0"), 2, "--per takes")
    check_refused(sonde("diff", *made, "--fail-above", "x"), 2, "--fail-above takes")
    check_refused(sonde("diff", *made, "-o", "x.png"), 2, "x.png")
    check_refused(sonde("diff", *made, "--focus", "nobody"), 1, "no samples to compare")
    folded = tmp_path / "x.folded"
    folded.write_text("main;f 1\n")
    check_refused(sonde("diff", made[0], folded, "--type", "cpu"), 1, "no values of type", "a.pb.gz")


def test_what_two_runs_may_differ_by_is_shown_and_not_named(made, tmp_path):
    """f7 costs two points more, which is more than sampling: one run a side cannot tell it from what runs differ by."""
    more = [(stack, n * (1.4 if stack.endswith("f7") else 1), labels) for stack, n, labels in STACKS]
    files = [pprof_made.write(tmp_path / f"{side}.pb.gz", [(stack, int(n * 20), labels) for stack, n, labels in rows])
             for side, rows in (("a", STACKS), ("b", more))]
    found = diff(*files, "--fail-above", "5%")
    assert function(found, "f7")["self"]["verdict"] == "within" and not named(found)
    assert found["summary"] == ("Nothing changed beyond what two runs of one program may differ by: "
                                "f7() by +1.86 points."), found["summary"]
    assert found["noise"]["least"]["code"] == 0.03 and not found["gate"]["exceeded"]
    text = sonde("diff", *files).stdout
    assert re.search(r"^≈ .* within +f7", text, re.M) or re.search(r"^\? .* within +f7", text, re.M), text
    assert "two runs of one program may differ by 3 % of all: what changed by less is not named" in " ".join(text.split())
    assert named(diff(files[0], files[0], "--", files[1], files[1])) == ["f7"]


def test_granularity_in_one_word(made):
    for word, key in (("function", "functions"), ("line", "lines"), ("stack", "stacks")):
        assert diff(*made, "--granularity", word)[key]
    check_refused(sonde("diff", *made, "--granularity", "file"), 2, "function, line or stack")


def test_waits_are_as_sure_as_there_were_many(tmp_path):
    """Of a column of counts and one of times, the first says how many events there were."""
    types = (("waits", "count"), ("off_cpu", "nanoseconds"))
    rows = [("main;lock", (3000, 9 * 10**9), {}), ("main;read", (2000, 5 * 10**9), {}), ("main;poll", (900, 3 * 10**9), {})]
    slow = [("main;lock", (3000, 19 * 10**9), {}), *rows[1:]]
    found = diff(pprof_made.write(tmp_path / "a.pb.gz", rows, types), pprof_made.write(tmp_path / "b.pb.gz", slow, types))
    assert found["type"] == "off_cpu" and named(found) == ["lock"], found["summary"]


def test_one_file_on_both_sides_is_said(made):
    done = sonde("diff", made[0], made[0])
    assert done.returncode == 0 and "are one file" in done.stderr and done.stdout.startswith("Nothing changed beyond noise.")


def test_stacks_that_stay_a_list_give_what_trees_of_them_give(tmp_path):
    """A picture needs trees, a table does not: both are of one comparison. Labels make rows of one stack."""
    draw = random.Random(5)
    paths = [";".join(f"f{draw.randrange(4 if depth < 3 else 30)}" for depth in range(draw.randrange(1, 12))) for _ in range(400)]
    files = []
    for side in range(2):
        rows = [(path, (draw.randrange(1, 40) * (4 if side and "f7" in path else 1),), {"thread": str(draw.randrange(3))})
                for path in paths for _ in range(2)]
        files.append(pprof_made.write(tmp_path / f"{side}.pb.gz", rows, (("samples", "count"),)))
    listed = sonde("diff", "--json", *files)
    drawn = sonde("diff", *files, "-o", tmp_path / "x.svg", "-o", tmp_path / "x.json")
    assert listed.returncode == drawn.returncode == 0, (listed.stderr, drawn.stderr)
    assert listed.stdout == (tmp_path / "x.json").read_text()
    assert named(json.loads(listed.stdout)), listed.stdout[:300]
    sonde("convert", files[1], tmp_path / "1.folded")
    assert named(diff(files[0], tmp_path / "1.folded")) == named(json.loads(listed.stdout))  # a list beside a tree
