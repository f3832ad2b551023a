# SPDX-License-Identifier: Apache-2.0
"""Labels in views (--label, --gil, --by), and an interpreter's own frames (--native)."""
import json
import re
import subprocess

import pytest

import pprof_made
import pprof_min
from test_faults import check_refused, sonde

PYTHON = [
    ("_start@l;main@r;app.py@i;eval@r;work@i", 40, {"task": "fetch-3", "gil": "held", "thread": "main"}),
    ("_start@l;main@r;app.py@i;eval@r;work@i;memcpy@l", 20, {"task": "fetch-4", "gil": "not held", "thread": "main"}),
    ("_start@l;main@r;app.py@i;eval@r", 10, {"gil": "held", "thread": "main"}),
    ("clone3@l;collect@r;mark@r", 30, {"thread": "gc"}),
]
GO = [
    ("main.main;main.work", 6, {"goroutine": 17, "user": "ada"}),
    ("main.main;main.work", 3, {"goroutine": 1}),
    ("main.main;main.wait", 1, {"goroutine": 171, "user": "bob"}),
]


@pytest.fixture
def python(tmp_path):
    return pprof_made.write(tmp_path / "python.pb.gz", PYTHON)


@pytest.fixture
def go(tmp_path):
    return pprof_made.write(tmp_path / "go.pb.gz", GO)


def report(path, *flags):
    done = sonde("report", path, "--json", *flags)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def text(path, *flags):
    done = sonde("report", path, *flags)
    assert done.returncode == 0, done.stderr
    return done.stdout


def folded(path, out, *flags, command="convert"):
    done = sonde(command, path, *(["-o"] if command == "flame" else []), out, *flags)
    assert done.returncode == 0, done.stderr
    return sorted(out.read_text().splitlines())


def test_the_interpreters_own_frames_are_left_out_unless_native_is_asked_for(python):
    shown, native = report(python), report(python, "--native")
    assert shown["folded"] and not native["folded"]
    assert shown["total"] == native["total"] == 100
    assert {f["name"]: f["self"] for f in shown["functions"]} == {
        "work": 40, "mark": 30, "memcpy": 20, "app.py": 10, "clone3": 0, "collect": 0}
    assert {f["name"]: f["self"] for f in native["functions"]}["eval"] == 10
    assert "--native" in text(python) and "--native" not in text(python, "--native")


def test_folded_stacks_are_a_view_and_pprof_keeps_everything(python, tmp_path):
    shown = ["app.py 10", "app.py;work 40", "app.py;work;memcpy 20", "clone3;collect;mark 30"]
    assert folded(python, tmp_path / "x.folded") == shown
    assert folded(python, tmp_path / "y.folded", "--native") == sorted(
        f"{re.sub('@.', '', stack)} {n}" for stack, n, _ in PYTHON)
    assert sonde("convert", python, tmp_path / "again.pb.gz").returncode == 0
    assert folded(tmp_path / "again.pb.gz", tmp_path / "z.folded") == shown
    frames = {l.lines[0][0].name for s in pprof_min.read(tmp_path / "again.pb.gz").samples for l in s.locations}
    assert {"_start", "main", "eval"} <= frames


def test_pictures_and_json_are_folded_too(python, tmp_path):
    for name in ("x.svg", "x.json"):
        for flags in ((), ("--native",)):
            assert sonde("convert", python, tmp_path / name, *flags).returncode == 0
            assert ("eval" in (tmp_path / name).read_text()) == bool(flags)
    assert sonde("flame", python, "-o", tmp_path / "y.svg").returncode == 0
    assert "eval" not in (tmp_path / "y.svg").read_text()


def test_pictures_say_that_frames_are_hidden(python, go, tmp_path):
    for source, flags, said in ((python, (), True), (python, ("--native",), False), (go, (), False)):
        assert sonde("flame", source, "-o", tmp_path / "x.svg", *flags).returncode == 0
        assert ("runtime frames hidden (--native shows them)" in (tmp_path / "x.svg").read_text()) == said


def test_folded_stacks_are_filtered_like_any_view(go, python, tmp_path):
    def kept(path, *flags):
        return folded(path, tmp_path / "x.folded", *flags, command="flame")

    assert kept(go, "--focus", "wait") == ["main.main;main.wait 1"]
    assert kept(go, "--ignore", "wait") == ["main.main;main.work 9"]
    assert kept(go, "--label", "user", "--by", "user") == [
        "[user ada];main.main;main.work 6", "[user bob];main.main;main.wait 1"]
    assert kept(python, "--thread", "gc") == ["clone3;collect;mark 30"]
    assert kept(python, "--focus", "^eval$") == []
    assert kept(python, "--focus", "^eval$", "--ignore", "memcpy", "--native") == [
        "_start;main;app.py;eval 10", "_start;main;app.py;eval;work 40"]
    assert sonde("flame", python, "-f", "folded", "-o", "-", "--gil").stdout.splitlines() == [
        "app.py 10", "app.py;work 40"]


def test_folded_stacks_count_the_type_that_is_asked_for(tmp_path):
    path = pprof_made.write(tmp_path / "two.pb.gz", [("main;a", (1, 700), {}), ("main;b", (2, 300), {})],
                            types=(("samples", "count"), ("cpu", "nanoseconds")))
    for type_, counts in (("samples", ["main;a 1", "main;b 2"]), ("cpu", ["main;a 700", "main;b 300"])):
        assert folded(path, tmp_path / "x.folded", "--type", type_, command="flame") == counts


def test_a_filter_that_a_file_would_ignore_is_refused(go, tmp_path):
    for flags in (("--focus", "wait"), ("--by", "user"), ("--label", "user")):
        check_refused(sonde("flame", go, "-o", tmp_path / "x.pb.gz", *flags), 2, "keeps all samples", flags[0])
    assert not (tmp_path / "x.pb.gz").exists()
    assert sonde("flame", go, "-o", tmp_path / "x.pb.gz").returncode == 0


def test_filters_see_what_is_shown(python):
    assert report(python, "--focus", "^eval$")["total"] == 0
    assert report(python, "--focus", "^eval$", "--native")["total"] == 70


def test_samples_are_kept_by_label(go, python):
    assert report(go, "--label", "goroutine=^17$")["total"] == 6
    assert report(go, "--label", "goroutine=17")["total"] == 7
    assert report(go, "--label=user")["total"] == 7
    assert report(go, "--label", "user", "--label", "goroutine=^171$")["total"] == 1
    assert report(python, "--gil")["total"] == 50
    assert report(python, "--gil", "--label", "task")["total"] == 40
    assert "--label user --label goroutine=1: 7 samples" in re.sub(" +", " ", text(
        go, "--label", "user", "--label", "goroutine=1"))


def test_a_label_that_is_not_there_is_one_clear_sentence(go, python, tmp_path):
    check_refused(sonde("report", go, "--gil"), 1, "GIL", "no sample has")
    check_refused(sonde("report", go, "--label", "task=x"), 1, "'task'", "goroutine, user")
    check_refused(sonde("report", python, "--by", "goroutine"), 1, "'goroutine'", "task", "gil", "thread")
    check_refused(sonde("report", python, "--by", "goroutine", "--json"), 1, "'goroutine'")
    check_refused(sonde("flame", python, "--by", "nothing", "-o", tmp_path / "x.svg"), 1, "no sample has")
    check_refused(sonde("report", go, "--label", "user=("), 1, "not a regular expression")
    check_refused(sonde("report", go, *["--label", "user"] * 33), 1, "at most 32")
    assert not (tmp_path / "x.svg").exists()


def test_report_by_a_label_begins_with_its_values(go):
    lines = [line.split() for line in text(go, "--by", "goroutine").splitlines()]
    at = next(i for i, line in enumerate(lines) if line[-2:] == ["By", "goroutine"])
    assert [line[-1] for line in lines[at + 1:at + 4]] == ["17", "1", "171"]
    assert [line[-4] for line in lines[at + 1:at + 4]] == ["60.0", "30.0", "10.0"]
    assert any(line[-1:] == ["main.work"] for line in lines[at + 4:])
    assert "[no user]" in text(go, "--by", "user")


def test_groups_are_roots_of_the_tree_and_of_the_flame_graph(go, python, tmp_path):
    tree = text(go, "--tree", "--by", "user")
    assert tree.index("[user ada]") < tree.index("[no user]") < tree.index("[user bob]")
    assert folded(go, tmp_path / "x.folded", "--by", "goroutine", command="flame") == [
        "[goroutine 171];main.main;main.wait 1", "[goroutine 17];main.main;main.work 6",
        "[goroutine 1];main.main;main.work 3"]
    assert folded(python, tmp_path / "y.folded", "--by", "task", command="flame") == [
        "[no task];app.py 10", "[no task];clone3;collect;mark 30", "[task fetch-3];app.py;work 40",
        "[task fetch-4];app.py;work;memcpy 20"]
    assert sonde("flame", python, "--by", "thread", "-o", tmp_path / "x.svg").returncode == 0
    picture = (tmp_path / "x.svg").read_text()
    assert "[thread main]" in picture and "[thread gc]" in picture
    assert sonde("flame", python, "--by", "thread", "-o", tmp_path / "x.html").returncode == 0


def test_json_lists_the_groups(go):
    got = report(go, "--by", "user", "--label", "goroutine=^17?$")
    assert got["by"] == "user" and got["total"] == 9
    assert got["groups"] == [{"value": "ada", "unit": "", "samples": 6, "total": 6},
                             {"value": None, "unit": "", "samples": 3, "total": 3}]
    assert [g["value"] for g in report(go, "--by", "goroutine")["groups"]] == [17, 1, 171]
    assert "groups" not in report(go)
