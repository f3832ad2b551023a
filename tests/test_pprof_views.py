# SPDX-License-Identifier: Apache-2.0
"""The table "Coming from pprof" of docs/report.md: each row's question, asked of pprof and of sonde on the same file."""
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SONDE = os.environ.get("SONDE", str(ROOT / "build" / "sonde"))
sys.path.insert(0, str(ROOT / "tests"))
import pprof_made  # noqa: E402
from test_views import SOURCE, callgrind  # noqa: E402

SAMPLES = [("main;serve;parse;lex", (5, 5000), {"thread": "net-1", "request": 17, "user": "ann"}),
           ("main;serve;parse", (2, 2000), {"thread": "net-1", "request": 18, "user": "bob"}),
           ("main;serve;reply;write@k", (3, 3000), {"thread": "net-2", "request": 17, "user": "ann"}),
           ("main;serve;serve;lex", (1, 1000), {"thread": "net-2", "user": "eve"}),
           ("idle", (4, 400), {"thread": "idle"})]
TYPES = (("samples", "count"), ("cpu", "nanoseconds"))


def pprof_command():
    path = shutil.which("pprof") or str(pathlib.Path.home() / "go" / "bin" / "pprof")  # which starts faster
    if pathlib.Path(path).exists():
        return [path]
    return ["go", "tool", "pprof"] if shutil.which("go") else None


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    if not pprof_command():
        pytest.skip("no pprof")
    place = tmp_path_factory.mktemp("views")
    (place / "a.c").write_text(SOURCE)
    (place / "a.callgrind").write_text(callgrind(place / "a.c", 100))
    subprocess.run([SONDE, "convert", "a.callgrind", "calls.pb.gz"], cwd=place, check=True, capture_output=True)
    pprof_made.write(place / "labels.pb.gz", SAMPLES, TYPES)
    pprof_made.write(place / "base.pb.gz", SAMPLES[1:], TYPES)
    return place


@pytest.fixture
def pprof(place):
    def run(file, *options):
        return subprocess.run([*pprof_command(), "-symbolize=none", "-unit=ns", "-nodefraction=0", "-edgefraction=0", *options,
                               file], cwd=place, capture_output=True, text=True, check=True).stdout
    return run


@pytest.fixture
def sonde(place):
    def run(file, *options):
        done = subprocess.run([SONDE, "report", file, "--json", *options], cwd=place, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    return run


NUMBER = r"(-?[\d.]+|\.)(?:ns)?"


def number(text):
    return 0 if text == "." else int(float(text))


def top(text):
    """{name: (flat, cum)} and the order."""
    rows = re.findall(rf"^ *{NUMBER} +\S+% +\S+% +{NUMBER} +\S+%  (.*?)(?: \(inline\))?$", text, re.M)
    return {name: (number(flat), number(cum)) for flat, cum, name in rows}, [row[2] for row in rows]


def functions(report, member="functions"):
    return {row["name"]: (row["self"], row["total"]) for row in report[member]}


@pytest.mark.parametrize("file, theirs, ours", [
    ("calls.pb.gz", [], []), ("labels.pb.gz", ["-sample_index=cpu"], ["--type", "cpu"]),
    ("labels.pb.gz", ["-sample_index=samples"], ["--type", "samples"])])
def test_top_and_sample_index(pprof, sonde, file, theirs, ours):
    seen, order = top(pprof(file, "-top", *theirs))
    assert functions(sonde(file, *ours)) == seen and len(seen) > 2
    by_total = [seen[row["name"]][1] for row in sonde(file, "--total", *ours)["functions"]]
    _, order = top(pprof(file, "-top", "-cum", *theirs))
    assert by_total == [seen[name][1] for name in order]
    assert len(sonde(file, "--limit", "2", *ours)["functions"]) == len(top(pprof(file, "-top", "-nodecount=2", *theirs))[0]) == 2


@pytest.mark.parametrize("theirs, ours", [
    (["-focus=parse"], ["--focus", "parse"]), (["-ignore=parse|idle"], ["--ignore", "parse|idle"]),
    (["-hide=^serve$"], ["--hide", "^serve$"]), (["-show=^(main|lex)$"], ["--show", "^(main|lex)$"]),
    (["-tagfocus=user=ann"], ["--label", "user=ann"]), (["-tagfocus=thread=net-."], ["--label", "thread=net-."]),
    (["-tagignore=user=ann"], ["--label", "user!=ann"]), (["-tagignore=thread=net-."], ["--label", "thread!=net-."]),
    (["-tagfocus=user=ann", "-tagignore=thread=net-1"], ["--label", "user=ann", "--label", "thread!=net-1"]),
    (["-focus=lex", "-hide=parse"], ["--focus", "lex", "--hide", "parse"]),
    (["-nodefraction=0.1"], ["--min-share", "10"]), (["-nodefraction=0.5", "-cum"], ["--min-share", "50%", "--total"])])
def test_filters(pprof, sonde, theirs, ours):
    seen, _ = top(pprof("labels.pb.gz", "-top", "-sample_index=cpu", *theirs))
    assert functions(sonde("labels.pb.gz", "--type", "cpu", *ours)) == seen and seen


def edges(text):
    """{function: (callers, callees, flat, cum)} of -peek and -tree."""
    table = {}
    for part in re.split(r"^-+\+-+$", text, flags=re.M):
        sides, own = [{}, {}], None
        for line in part.splitlines():
            edge = re.match(rf"^ +{NUMBER} +\S+% +\| +(.*?)(?: \(inline\))?$", line)
            node = re.match(rf"^ *{NUMBER} +\S+% +\S+% +{NUMBER} +\S+% +\| (.*?)(?: \(inline\))?$", line)
            if node:
                own = node[3], number(node[1]), number(node[2])
            elif edge:
                sides[own is not None][edge[2]] = number(edge[1])
        if own:
            table[own[0]] = (*sides, own[1], own[2])
    return table


def peeked(report):
    return {row["name"]: ({side["name"]: side["total"] for side in row["callers"] if side["name"]},
                          {side["name"]: side["total"] for side in row["callees"]}, row["self"], row["total"])
            for row in report["peek"]}


def test_peek_and_tree(pprof, sonde):
    theirs = edges(pprof("calls.pb.gz", "-peek", "^(parse|lex)$"))
    assert set(theirs) == {"parse", "lex"} and theirs["lex"][0] == {"parse": 4000, "main": 2000}
    assert peeked(sonde("calls.pb.gz", "--peek", "^(parse|lex)$")) == theirs
    assert peeked(sonde("calls.pb.gz", "--peek", ".")) == edges(pprof("calls.pb.gz", "-tree"))


def test_list(pprof, sonde):
    text = pprof("calls.pb.gz", "-list", "^(parse|lex)$")
    theirs = {int(line): (number(flat), number(cum)) for flat, cum, line in
              re.findall(rf"^ *{NUMBER} +{NUMBER} +(\d+):", text, re.M) if (flat, cum) != (".", ".")}
    ours = {line["line"]: (line["self"], line["total"]) for function in sonde("calls.pb.gz", "--list", "^(parse|lex)$")["list"]
            for line in function["lines"] if line["line"] and line["total"]}
    assert ours == theirs and {3, 20, 21} <= set(ours)


def test_lines_and_files(pprof, sonde, place):
    seen, _ = top(pprof("calls.pb.gz", "-top", "-lines"))
    ours = collections.Counter()
    for row in sonde("calls.pb.gz", "--granularity", "line")["lines"]:
        ours[f"{row['name']} {row['file']}" + (f":{row['line']}" if row["line"] else "")] += row["self"]
    assert {name: own for name, own in ours.items() if own} == {name: own for name, (own, _) in seen.items() if own}
    seen, _ = top(pprof("calls.pb.gz", "-top", "-files"))
    assert functions(sonde("calls.pb.gz", "--granularity", "file"), "files") == seen == {str(place / "a.c"): (10000, 10000)}


def test_tags(pprof, sonde):
    text = pprof("labels.pb.gz", "-tags", "-sample_index=cpu")
    for key in ("thread", "user", "request"):
        part = re.search(rf"^ *{key}: Total.*\n((?: +.*\n)*)", text, re.M)[1]
        theirs = {re.sub(r"^(\d+)(?:ns|B)$", r"\1", value): number(own) for own, value in re.findall(rf"^ +{NUMBER} \( *\S+%\): (.*)$", part, re.M)}
        groups = sonde("labels.pb.gz", "--by", key, "--type", "cpu")["groups"]
        assert {str(row["value"]): row["total"] for row in groups if row["value"] is not None} == theirs and theirs


def test_call_tree(pprof, sonde):
    """Each call path is a node of its own."""
    text = pprof("labels.pb.gz", "-dot", "-output=/dev/stdout", "-call_tree", "-trim=false", "-sample_index=cpu")
    theirs = collections.Counter((name, number(own), int(total)) for name, own, total in
                                 re.findall(rf'^N\d+ \[label="(\w+)\\n{NUMBER} .*tooltip="\w+ \((\d+)ns\)', text, re.M))
    ours = collections.Counter((node["name"], node["self"], node["total"]) for node in sonde("labels.pb.gz", "--tree", "--type", "cpu")["tree"])
    assert ours == theirs and len(theirs) == 9
    assert {node["name"] for node in sonde("labels.pb.gz", "--tree", "--type", "cpu", "--min-share", "40")["tree"]} == \
        {name for name, _, total in theirs if total >= 0.4 * 11400}


def test_units(pprof, place):
    """-unit=us: the figures in words are the same, digit by digit, as far as both tell them."""
    def run(*options):
        done = subprocess.run([SONDE, "report", "labels.pb.gz", "--type", "cpu", *options], cwd=place, capture_output=True, text=True, check=True)
        return dict(reversed(row) for row in re.findall(r"([\d.,]+)(?: [uµ]s|) +(\w+)$", done.stdout.split("Function")[1], re.M))
    theirs = {name: float(own) for own, name in re.findall(r"^ *([\d.]+)(?:us)? .* (\w+)$", pprof("labels.pb.gz", "-top", "-sample_index=cpu", "-unit=us"), re.M)}
    assert {name: float(own) for name, own in run("--unit", "us").items()} == theirs and theirs["lex"] == 6


GO = """package main
import ("os"; "runtime/pprof"; "runtime"; "strings"; "sort"; "fmt")
var kept [][]byte
func work(n int) int { s := []string{}; for i := 0; i < n; i++ { s = append(s, fmt.Sprint(i, strings.Repeat("x", i%50))) }
    sort.Strings(s); return len(s) }
func keep() { for i := 0; i < 200; i++ { kept = append(kept, make([]byte, 64<<10)) } }
func main() { runtime.MemProfileRate = 4096; f, _ := os.Create("go-cpu.pb.gz"); pprof.StartCPUProfile(f); n := 0
    for i := 0; i < 15; i++ { pprof.Do(ctx(), pprof.Labels("round", fmt.Sprint(i%3)), func(c Context) { n += work(20000) }) }
    pprof.StopCPUProfile(); f.Close(); keep(); runtime.GC(); h, _ := os.Create("go-heap.pb.gz"); pprof.WriteHeapProfile(h); h.Close() }
"""
REAL = [("go-cpu.pb.gz", "cpu"), ("go-cpu.pb.gz", "samples"), ("go-heap.pb.gz", "inuse_space"), ("go-heap.pb.gz", "alloc_objects"),
        ("java.pb.gz", "samples"), ("sonde.pb.gz", "cpu")]


def make_real(place, name):
    if name.startswith("go"):
        shutil.which("go") or pytest.skip("no go")
        (place / "x.go").write_text(GO.replace('"os";', '"os"; "context";').replace("ctx()", "context.Background()").replace("Context)", "context.Context)"))
        subprocess.run(["go", "run", "x.go"], cwd=place, check=True)
    elif name.startswith("java"):
        shutil.which("java") or pytest.skip("no java")
        (place / "Work.java").write_text("import java.util.*; public class Work { static int spin(int n) { List<String> l = new ArrayList<>(); "
                                         "for (int i = 0; i < n; i++) l.add(\"k\" + (i * 7919 % n)); Collections.sort(l); return l.size(); } "
                                         "public static void main(String[] a) { long end = System.nanoTime() + 2500000000L, s = 0; "
                                         "while (System.nanoTime() < end) s += spin(20000); System.out.println(s); } }")
        subprocess.run(["java", "-XX:StartFlightRecording=filename=x.jfr,settings=profile", "Work.java"], cwd=place, check=True, capture_output=True)
        subprocess.run([SONDE, "convert", "x.jfr", "java.pb.gz"], cwd=place, check=True, capture_output=True)
    else:
        (place / "w.c").write_text("#include <stdlib.h>\nstatic int by(const void *a, const void *b) { return *(int *)a - *(int *)b; }\n"
                                   "__attribute__((noinline)) int work(int n) { int *v = malloc(n * sizeof(*v)); for (int i = 0; i < n; i++) "
                                   "v[i] = i * 7919 % n;\n    qsort(v, n, sizeof(*v), by); int r = v[n / 2]; free(v); return r; }\n"
                                   "int main(void) { int s = 0; for (int i = 0; i < 40; i++) s += work(100000); return s == 1; }\n")
        subprocess.run(["gcc", "-O2", "-g", "w.c", "-o", "w"], cwd=place, check=True)
        done = subprocess.run([SONDE, "record", "-F", "499", "-o", "sonde.pb.gz", "--", "./w"], cwd=place, capture_output=True, text=True)
        done.returncode == 0 or pytest.skip(f"sonde record: {done.stderr.strip()[-150:]}")
    return place / name


@pytest.fixture
def real(request, place):
    name, kind = request.param
    return name if (place / name).exists() else make_real(place, name).name, kind


def summed(rows, key=lambda row: row["name"]):
    sums = collections.defaultdict(lambda: [0, 0])
    for row in rows:
        sums[key(row)][0] += row["self"]
        sums[key(row)][1] += row["total"]
    return {name: tuple(pair) for name, pair in sums.items()}


@pytest.mark.parametrize("real", REAL, indirect=True)
def test_real_profiles_of_go_java_and_sonde_give_the_same_figures(pprof, sonde, real):
    file, kind = real
    units = {"inuse_space": "-unit=B", "alloc_objects": "-unit=count", "samples": "-unit=count"}

    def theirs(*options):
        text = pprof(file, "-top", f"-sample_index={kind}", "-nodecount=0", *([units[kind]] if kind in units else []), *options)
        rows = re.findall(r"^ *(-?[\d.]+|\.)(?:ns|B|count)? +\S+% +\S+% +(-?[\d.]+|\.)(?:ns|B|count)?  *\S+%  (.*?)(?: \((?:partial-)?inline\))?$", text, re.M)
        return {name: (number(own), number(total)) for own, total, name in rows}
    seen = theirs()
    ours = {name: sums for name, sums in summed(sonde(file, "--type", kind, "--native")["functions"]).items()}
    assert len(seen) > 5
    assert {name: sums[0] for name, sums in ours.items()} == {name: sums[0] for name, sums in seen.items()}
    # functions of one name in two files are two here, and one sample may have both
    alone = collections.Counter(row["name"] for row in sonde(file, "--type", kind, "--native")["functions"])
    assert {name: sums for name, sums in ours.items() if alone[name] == 1} == {name: sums for name, sums in seen.items() if alone[name] == 1}
    lines = collections.Counter()
    for name, (own, _) in theirs("-lines").items():
        lines[re.sub(r" [^ ]*?(:\d+)?$", r"\1", name) if " " in name else name] += own
    mine = collections.Counter()
    for row in sonde(file, "--type", kind, "--native", "--lines")["lines"]:
        mine[row["name"] + (f":{row['line']}" if row["line"] else "")] += row["self"]
    assert +mine == +lines
    focus = re.escape(max(seen, key=lambda name: (seen[name][1] < max(t for _, t in seen.values()), seen[name][1])))
    assert {name: own for name, (own, _) in theirs(f"-focus={focus}").items() if own} == \
        {name: own for name, (own, _) in summed(sonde(file, "--type", kind, "--native", "--focus", focus)["functions"]).items() if own}


def test_traces(pprof, place):
    text = pprof("labels.pb.gz", "-traces", "-sample_index=cpu")
    theirs = collections.Counter()
    for part in re.split(r"^-+\+-+$", text, flags=re.M)[1:]:
        names = re.findall(r"^(?: *-?\d+ns| {9}) +(\w+)$", part, re.M)
        first = re.search(r"^ *(\d+)ns +\w+$", part, re.M)
        if first:
            theirs[";".join(reversed(names))] += int(first[1])
    subprocess.run([SONDE, "convert", "labels.pb.gz", "labels.folded"], cwd=place, check=True, capture_output=True)
    ours = collections.Counter()
    for line in (place / "labels.folded").read_text().splitlines():
        stack, count = line.rsplit(" ", 1)
        ours[re.sub(r"_\[k\]", "", stack)] += int(count)
    assert ours == theirs == {stack.replace("@k", ""): values[1] for stack, values, _ in SAMPLES}


def test_graphs_protos_and_differences(pprof, place):
    def run(*args):
        return subprocess.run([SONDE, *args], cwd=place, capture_output=True, text=True, check=True).stdout
    run("convert", "calls.pb.gz", "calls.dot")
    theirs = set(re.findall(r'tooltip="(\w+) \(', pprof("calls.pb.gz", "-dot", "-output=/dev/stdout")))
    assert theirs == {"main", "parse", "lex"} and all(name in (place / "calls.dot").read_text() for name in theirs)
    run("convert", "labels.pb.gz", "again.pb.gz")
    assert top(pprof("again.pb.gz", "-top", "-sample_index=cpu")) == top(pprof("labels.pb.gz", "-top", "-sample_index=cpu"))
    seen, _ = top(pprof("labels.pb.gz", "-top", "-sample_index=samples", "-diff_base=base.pb.gz"))
    rows = json.loads(run("diff", "base.pb.gz", "labels.pb.gz", "--type", "samples", "--json"))
    assert seen["lex"] == (5, 5) and "lex" in json.dumps(rows)
