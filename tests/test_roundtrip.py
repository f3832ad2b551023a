# SPDX-License-Identifier: Apache-2.0
"""From a profile to every format and back: totals, stacks and labels are those that docs/formats.md says are kept."""
import collections
import json
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SONDE = ROOT / "build/sonde"
EVENTS = """worker  7/8 [000] 1.000001:    1000000 cpu-clock:
\t            139f lex+0x1f (/opt/server)
\t            12e8 parse+0x78 (/opt/server)
\t            11e8 main+0x78 (/opt/server)

worker  7/8 [000] 1.001001:    3000000 cpu-clock:
\t            12e8 parse+0x78 (/opt/server)
\t            11e8 main+0x78 (/opt/server)

main  7/7 [001] 1.002001:    2000000 cpu-clock:
\tffffffff815e441e do_read+0xe ([kernel.kallsyms])
\t            21e8 std::map<int, char>::at(int const&)+0x78 (/usr/lib/libstdc++.so.6)
\t            11e8 main+0x78 (/opt/server)

main  7/7 [001] 1.004001:    4000000 cpu-clock:
\t            31e8 recurse+0x78 (/opt/server)
\t            31e8 recurse+0x78 (/opt/server)
\t            11e8 main+0x78 (/opt/server)
"""
# what comes back: exact stacks of the default type; every type's total; which labels
KEEPS = {
    "pprof": ("stacks", "types", ("thread", "pid", "tid", "cpu")),
    "pb": ("stacks", "types", ("thread", "pid", "tid", "cpu")),
    "otlp": ("stacks", "types", ("thread", "pid", "tid", "cpu")),
    "speedscope": ("stacks", "", ("thread", "tid")),
    "gecko": ("stacks", "", ()),
    "cpuprofile": ("stacks", "", ()),
    "columns": ("stacks", "types", ()),
    "folded": ("stacks", "", ()),
    "callgrind": ("", "", ()),
    "pstats": ("", "", ()),
}


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def stacks_of(path):
    sums = collections.Counter()
    for line in run(SONDE, "convert", path, "-", "-f", "folded", "--native").splitlines():
        stack, count = line.rsplit(" ", 1)
        sums[stack] += int(count)
    return sums


def types_of(path):
    """{"cpu/nanoseconds": {stack: value}}, the default type with its star."""
    first, *lines = run(SONDE, "convert", path, "-", "-f", "columns", "--native").splitlines()
    names = first[2:].split()
    rows = [line.rsplit(" ", len(names)) for line in lines]
    return {name: {row[0]: int(row[i + 1]) for row in rows} for i, name in enumerate(names)}


def shares_by(label, path):
    """What each label's rows cost."""
    text = run(SONDE, "report", "--by", label, path).split("\nShare", 1)[1]
    return [line.split()[1:] for line in text.split("\n\n")[0].splitlines()[1:]]


@pytest.fixture
def source(tmp_path):
    (tmp_path / "x.txt").write_text(EVENTS)
    run(SONDE, "convert", tmp_path / "x.txt", tmp_path / "a.pb.gz")
    return tmp_path / "a.pb.gz"


def formats():
    """The names in the table of docs/formats.md that are read and written."""
    text = (ROOT / "docs/formats.md").read_text()
    return [name for names, there_and_back in re.findall(r"^\| (`.*?) \|.*?\| yes \| (yes|)", text, re.M) if there_and_back
            for name in re.findall(r"`(\w+)`", names)[:1]]


def test_every_format_that_is_read_and_written_is_tried_here():
    assert set(formats()) == set(KEEPS)


def test_the_table_of_formats_is_the_programs(tmp_path):
    """docs/formats.md and `convert --help` say the same of each format: read, written, and by which endings."""
    documented = {}
    table = (ROOT / "docs/formats.md").read_text().split("| `-f` |")[1].split("\n\n")[0]
    for names, endings, reads, writes in re.findall(r"^\| (`.*?) \| (.*?) ?\| (\w+) \| ?(\w*) ?\|", table, re.M):
        for i, name in enumerate(re.findall(r"`(\w+)`", names)):
            mine = endings.split(", ")[i] if ", " in endings else endings
            documented[name] = (re.findall(r"`(.*?)`", mine), reads == "yes", writes == "yes")
    text = run(SONDE, "convert", "--help").split("\n\n")[2]
    told = {}
    for row in re.findall(r"^  (\w+ +.*(?:\n {15}.*)*)", text, re.M):
        name, words = re.sub(r"\s+", " ", row).split(" ", 1)
        told[name] = (re.findall(r"\.\w[\w.]*", words.rpartition("(")[2]) if words.endswith(")") else [],
                      "; only written" not in words, "; only read" not in words)
    for view in ("html", "svg", "json"):    # of which the docs speak below the table
        told.pop(view)
    assert told == documented


@pytest.mark.parametrize("name", KEEPS)
def test_there_and_back(tmp_path, source, name):
    stacks, types, labels = KEEPS[name]
    there, back = tmp_path / "there", tmp_path / "back.pb.gz"
    run(SONDE, "convert", source, there, "-f", name, "--native")
    run(SONDE, "convert", there, back)
    before, after = stacks_of(source), stacks_of(back)
    if stacks:
        assert after == before
    if types:
        assert types_of(back) == types_of(source)
    if name != "pstats":    # calls come first there
        assert sum(after.values()) == sum(before.values())
    for label in labels:
        assert shares_by(label, back) == shares_by(label, source)
    again = tmp_path / "again"
    run(SONDE, "convert", back, again, "-f", name, "--native")
    assert stacks_of(again) == after


@pytest.mark.skipif(not shutil.which("valgrind"), reason="no valgrind")
def test_massif_trees_are_summed_up_exactly(tmp_path):
    (tmp_path / "h.c").write_text("""#include <stdlib.h>
        static void *keep[300];
        __attribute__((noinline)) void *leaf(int n) { return malloc(n); }
        __attribute__((noinline)) void *mid(int n) { return leaf(n + 1); }
        int main(void) { for (int i = 0; i < 300; i++) keep[i] = i % 3 ? mid(i * 10) : leaf(i); free(keep[7]); return 0; }""")
    run("gcc", "-g", "-O1", tmp_path / "h.c", "-o", tmp_path / "h")
    for option in "no", "yes":
        out = tmp_path / f"massif.{option}"
        done = subprocess.run(["valgrind", "--tool=massif", f"--pages-as-heap={option}", f"--massif-out-file={out}",
                               tmp_path / "h"], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"valgrind failed: {done.stderr[-80:]}")
        peak = re.search(r"mem_heap_B=(\d+)\nmem_heap_extra_B=\d+\nmem_stacks_B=\d+\nheap_tree=peak", out.read_text())
        assert sum(stacks_of(out).values()) == int(peak[1])
        if option == "no":
            assert "main;mid;leaf" in ";".join(stacks_of(out)).replace("(below main);", "")


def printed_peak(text):
    """Stacks of the peak's tree as ms_print draws it, outermost first: what each holds beyond its callers' lines."""
    peak = re.search(r"(\d+) \(peak\)", text)[1]
    tree = re.split(rf"\n +{peak} .*\n", text)[1].split("\n---")[0]
    stacks, path = collections.Counter(), []
    for lead, size, name in re.findall(r"^([ |]*)->[\d.]+% \(([\d,]+)B\) (?:0x\w+: )?(\S+)", tree, re.M):
        size = int(size.replace(",", ""))
        del path[len(lead) // 2:]
        if path:
            stacks[";".join(reversed(path))] -= size
        path.append(name)
        stacks[";".join(reversed(path))] += size
    return +stacks


@pytest.mark.skipif(not shutil.which("ms_print"), reason="no ms_print")
def test_the_peak_is_that_of_ms_print(tmp_path):
    (tmp_path / "h.c").write_text("""#include <stdlib.h>
        static void *keep[300];
        __attribute__((noinline)) void *leaf(int n) { return malloc(n); }
        __attribute__((noinline)) void *mid(int n) { return leaf(n + 1); }
        __attribute__((noinline)) void *other(int n) { return malloc(n * 2); }
        int main(void) { for (int i = 0; i < 300; i++) keep[i] = i % 3 == 0 ? mid(i * 10) : i % 3 == 1 ? leaf(i) : other(i);
                         for (int i = 0; i < 99; i++) free(keep[i]); return 0; }""")
    run("gcc", "-g", "-O1", tmp_path / "h.c", "-o", tmp_path / "h")
    done = subprocess.run(["valgrind", "--tool=massif", f"--massif-out-file={tmp_path / 'massif.out'}", tmp_path / "h"],
                          capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"valgrind failed: {done.stderr[-80:]}")
    wanted = printed_peak(run("ms_print", tmp_path / "massif.out"))
    assert len(wanted) == 3 and stacks_of(tmp_path / "massif.out") == wanted


def test_json_of_the_report_is_the_same_after_pprof(source, tmp_path):
    run(SONDE, "convert", source, tmp_path / "b.pb")
    assert json.loads(run(SONDE, "report", "--json", source)) == json.loads(run(SONDE, "report", "--json", tmp_path / "b.pb"))
