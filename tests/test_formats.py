# SPDX-License-Identifier: Apache-2.0
"""What Sonde writes opens in pprof with the same totals, and what pprof and Go write Sonde reads."""
import collections
import json
import os
import pathlib
import pstats
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
STACKS = collections.Counter({
    ("main", "parse", "lex"): 41, ("main", "parse"): 7, ("main", "emit", "std::map<int, char>::at(int const&)"): 1 << 33,
    ("main",): 1, ("start thread", "worker", "parse", "lex"): 12, ("f" * 3000, "g"): 3,
})


def run(*command):
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "PPROF_BINARY_PATH": "/nonexistent"})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def driver():
    return ROOT / run(ROOT / "bench" / "build-formats").strip()


def pprof_command(name):
    if name == "go tool pprof":
        if not shutil.which("go"):
            pytest.skip("no go")
        return ["go", "tool", "pprof"]
    path = shutil.which("pprof") or pathlib.Path.home() / "go" / "bin" / "pprof"
    if not pathlib.Path(path).exists():
        pytest.skip("no pprof")
    return [path]


@pytest.fixture(params=["pprof", "go tool pprof"])
def pprof(request):  # which would shorten C++ names, and look for binaries
    return [*pprof_command(request.param), "-symbolize=none"]


def folded(stacks):
    return "".join(f"{';'.join(stack)} {count}\n" for stack, count in stacks.items())


def unfolded(text):
    stacks = collections.Counter()
    for line in text.splitlines():
        stack, count = line.rsplit(" ", 1)
        stacks[tuple(stack.split(";"))] += int(count)
    return stacks


def raw_stacks(text):
    """The samples of `pprof -raw`, by names, outermost first; the first value."""
    samples, locations = text.split("\nLocations\n")
    names = {}
    for line in locations.split("\nMappings")[0].splitlines():
        found = re.match(r"\s*(\d+): 0x[0-9a-f]+ (?:M=\d+ )?(.*)", line)
        if found:
            location = int(found[1])
            names[location] = []
            line = found[2]
        name = re.match(r"\s*(.*?) \S*:\d+:\d+ s=\d+", line)
        if name:
            names[location].append(name[1])
    stacks = collections.Counter()
    for line in samples.split("Samples:\n")[1].splitlines()[1:]:
        found = re.match(r"\s*(-?\d+)(?:\s+-?\d+)*: ([\d ]+)$", line)
        if found:
            stack = [name for location in found[2].split() for name in names[int(location)]]
            stacks[tuple(reversed(stack))] += int(found[1])
    return stacks


@pytest.fixture
def written(driver, tmp_path):
    (tmp_path / "in.folded").write_text(folded(STACKS))
    run(driver, "merge", tmp_path / "out.pb.gz", tmp_path / "in.folded")
    return tmp_path / "out.pb.gz"


def test_pprof_sees_the_same_samples(pprof, written):
    assert raw_stacks(run(*pprof, "-raw", written)) == STACKS


def test_pprof_sees_the_same_totals(pprof, written):
    total = sum(STACKS.values())
    for view in ("-top", "-tree"):
        text = run(*pprof, view, "-nodefraction=0", "-edgefraction=0", written)
        assert f"of {total} total" in text
    rows = re.findall(r"^ *(\d+) +\S+% +\S+% +(\d+) +\S+%  (.*)$",
                      run(*pprof, "-top", "-nodefraction=0", written), re.M)
    own, whole = collections.Counter(), collections.Counter()
    for stack, count in STACKS.items():
        own[stack[-1]] += count
        for name in set(stack):
            whole[name] += count
    seen = {name: (int(flat), int(cum)) for flat, cum, name in rows}
    for name in ("main", "parse", "lex", "worker", "g"):
        assert seen[name] == (own[name], whole[name])


def test_what_pprof_writes_is_read(pprof, driver, written, tmp_path):
    run(*pprof, "-proto", f"-output={tmp_path / 'again.pb.gz'}", written)
    run(driver, "merge", tmp_path / "again.folded", tmp_path / "again.pb.gz")
    assert unfolded((tmp_path / "again.folded").read_text()) == STACKS


def test_merging_adds_up(driver, written, tmp_path):
    run(driver, "merge", tmp_path / "twice.folded", written, written, tmp_path / "in.folded")
    twice = unfolded((tmp_path / "twice.folded").read_text())
    assert twice == {stack: 3 * count for stack, count in STACKS.items()}


GO_PROGRAM = """package main

import (
	"os"
	"runtime/pprof"
	"sort"
)

func work() (sum int) {
	for i := 0; i < 60; i++ {
		a := make([]int, 200000)
		for k := range a {
			a[k] = (k * 7919) % 200003
		}
		sort.Ints(a)
		sum += a[i]
	}
	return
}

func main() {
	file, _ := os.Create(os.Args[1])
	pprof.StartCPUProfile(file)
	println(work())
	pprof.StopCPUProfile()
}
"""


def test_a_profile_that_go_took_is_read(driver, tmp_path):
    pprof = [*pprof_command("go tool pprof"), "-symbolize=none"]
    (tmp_path / "work.go").write_text(GO_PROGRAM)
    run("go", "run", tmp_path / "work.go", tmp_path / "cpu.pb.gz")
    wanted = raw_stacks(run(*pprof, "-raw", tmp_path / "cpu.pb.gz"))
    run(driver, "merge", tmp_path / "own.pb.gz", tmp_path / "cpu.pb.gz")
    assert sum(wanted.values()) > 10
    assert raw_stacks(run(*pprof, "-raw", tmp_path / "own.pb.gz")) == wanted


def test_bad_files_are_refused_in_one_sentence(driver, written, tmp_path):
    (tmp_path / "cut.pb.gz").write_bytes(written.read_bytes()[:-20])
    (tmp_path / "bad.folded").write_text("a;b 1\nno count\n")
    for name, words in {"cut.pb.gz": "breaks off", "bad.folded": ":2: expected", "none.pb": "cannot open"}.items():
        done = subprocess.run([str(driver), "merge", str(tmp_path / "x.pb.gz"), str(tmp_path / name)],
                              capture_output=True, text=True)
        assert done.returncode == 1 and words in done.stderr and done.stderr.count("\n") == 1
        assert not (tmp_path / "x.pb.gz").exists()


@pytest.fixture(scope="session")
def sonde():
    return ROOT / "build" / "sonde"


def test_pstats_opens_what_we_write_and_we_what_cprofile_writes(sonde, tmp_path):
    (tmp_path / "work.py").write_text(
        "def inner(n): return sum(range(n))\n"
        "def outer(): return [inner(20000) for _ in range(50)]\n"
        "def again(n): return again(n - 1) if n else inner(5000)\n"
        "outer(); again(20)\n")
    run(sys.executable, "-m", "cProfile", "-o", tmp_path / "made.prof", tmp_path / "work.py")
    run(sonde, "convert", tmp_path / "made.prof", tmp_path / "ours.pstats")
    made, ours = (pstats.Stats(str(tmp_path / name)) for name in ("made.prof", "ours.pstats"))
    assert abs(made.total_tt - ours.total_tt) < 1e-6

    def rows(stats):
        return {(file if file != "~" else "", line, name): numbers for (file, line, name), numbers in stats.stats.items()}
    seen = rows(ours)
    for key, (_, calls, own, whole, _) in rows(made).items():
        if own < 1e-6:
            continue
        got = next(numbers for k, numbers in seen.items() if k[2] == key[2] and k[1] == key[1])
        assert got[1] == calls and abs(got[2] - own) < 2e-6, key
        if key[2] in ("inner", "outer"):
            assert abs(got[3] - whole) < 0.02 * whole + 1e-5, key


def pythons():
    found = sorted(pathlib.Path.home().glob(".pyenv/versions/*/bin/python")) + [
        pathlib.Path.home() / ".cache/sonde-testbed/tail-calls/bin/python3"]
    return [path for path in found if path.exists()]


@pytest.mark.parametrize("python", pythons() or [pathlib.Path(sys.executable)], ids=lambda path: path.parts[-3])
def test_every_python_opens_what_we_write_and_we_what_its_cprofile_writes(sonde, tmp_path, python):
    """Python 2.7 to 3.14: marshal has changed four times between them."""
    (tmp_path / "work.py").write_text(
        "import re, json\n"
        "def inner(n):\n    t = 0\n    for i in range(n): t += i\n    return t\n"
        "def outer(): return [inner(20000) for _ in range(50)]\n"
        "outer(); re.compile('(a|b)+c*'); json.dumps([1, {'a': 2}])\n")
    run(python, "-m", "cProfile", "-o", tmp_path / "made.prof", tmp_path / "work.py")
    run(sonde, "convert", tmp_path / "made.prof", tmp_path / "ours.pstats")
    (tmp_path / "sums.py").write_text(
        "import pstats, sys, json\n"
        "def sums(path):\n    s = pstats.Stats(path)\n    return [s.total_tt, {str(k[1]) + k[2]: [v[1], v[2]] for k, v in s.stats.items() if v[2] > 1e-4}]\n"
        "print(json.dumps([sums(path) for path in sys.argv[1:]]))\n")
    made, ours = json.loads(run(python, tmp_path / "sums.py", tmp_path / "made.prof", tmp_path / "ours.pstats"))
    assert abs(made[0] - ours[0]) < 1e-5 and "2inner" in made[1]
    for name, (calls, own) in made[1].items():
        assert ours[1][name][0] == calls and abs(ours[1][name][1] - own) < 2e-6, name


def annotated(path):
    rows = collections.Counter()  # of a function there is one row for each file that was inlined into it
    for line in run("callgrind_annotate", "--threshold=100", "--auto=no", path).splitlines():
        found = re.match(r" *([\d,]+) \( *[\d.]+%\)  [^:]*:([^\[]+?)(?: \[.*)?$", line)
        if found:
            rows[found[2].strip()] += int(found[1].replace(",", ""))
    return rows


def test_callgrind_annotate_agrees(sonde, tmp_path):
    if not shutil.which("valgrind"):
        pytest.skip("no valgrind")
    (tmp_path / "work.c").write_text(
        "#include <stdlib.h>\n"
        "static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }\n"
        "__attribute__((noinline)) int spin(int n) { volatile int s = 0; while (n--) s += n; return s; }\n"
        "int main(void) { static int v[3000]; for (int i = 0; i < 3000; i++) v[i] = rand();\n"
        " qsort(v, 3000, sizeof(*v), compare); return spin(10000) == 1; }\n")
    run("gcc", "-g", "-O1", tmp_path / "work.c", "-o", tmp_path / "work")
    run("valgrind", "--tool=callgrind", f"--callgrind-out-file={tmp_path / 'made.out'}", tmp_path / "work")
    run(sonde, "convert", tmp_path / "made.out", tmp_path / "ours.callgrind")
    made, ours = annotated(tmp_path / "made.out"), annotated(tmp_path / "ours.callgrind")
    assert made["spin"] > 10000 and made == ours


def test_stacks_and_totals_survive_each_format(sonde, written, tmp_path):
    for ending in ("speedscope.json", "cpuprofile"):
        run(sonde, "convert", written, tmp_path / f"a.{ending}")
        run(sonde, "convert", tmp_path / f"a.{ending}", tmp_path / "b.folded")
        seen = unfolded((tmp_path / "b.folded").read_text())
        assert set(seen) == set(STACKS)
        if ending == "speedscope.json":
            assert seen == STACKS
    for ending in ("pstats", "callgrind"):
        run(sonde, "convert", written, tmp_path / f"a.{ending}")
        run(sonde, "convert", tmp_path / f"a.{ending}", tmp_path / "b.folded")
        own = collections.Counter()
        for stack, count in unfolded((tmp_path / "b.folded").read_text()).items():
            own[stack[-1]] += count
        wanted = collections.Counter()
        for stack, count in STACKS.items():
            wanted[stack[-1]] += count * (10 ** 9 if ending == "pstats" else 1)  # which has seconds
        assert own == wanted


def test_a_flight_recording_is_read_as_jfr_prints_it(sonde, tmp_path):
    if not (shutil.which("javac") and shutil.which("jfr")):
        pytest.skip("no JDK with its own flight recorder")
    (tmp_path / "Work.java").write_text(
        "import java.util.*;\npublic class Work {\n"
        " static int spin(int n) { int s = 0; for (int i = 0; i < n; i++) s += i * i % 7; return s; }\n"
        " static Object[] grow(int n) { Object[] all = new Object[n]; for (int i = 0; i < n; i++) all[i] = new byte[1000]; return all; }\n"
        " static synchronized void locked() throws Exception { Thread.sleep(30); }\n"
        " public static void main(String[] a) throws Exception {\n"
        "  Thread t = new Thread(() -> { try { for (int i = 0; i < 9; i++) locked(); } catch (Exception e) { } }, \"locker\");\n"
        "  t.start(); for (int i = 0; i < 9; i++) locked();\n"
        "  long end = System.nanoTime() + 2_000_000_000L, s = 0;\n"
        "  while (System.nanoTime() < end) { s += spin(2_000_000) + grow(2000).length; if (s % 3 == 0) locked(); }\n"
        "  t.join(); System.out.println(s);\n }\n}\n")
    run("javac", "-d", tmp_path, tmp_path / "Work.java")
    made = tmp_path / "made.jfr"
    run("java", f"-XX:StartFlightRecording=filename={made},settings=profile", "-cp", tmp_path, "Work")

    def printed(event):
        return run("jfr", "print", "--stack-depth", "64", "--events", event, made).split(event + " {")[1:]

    def functions(kind):
        rows = json.loads(run(sonde, "report", made, "--json", "--type", kind))["functions"]
        own = collections.Counter()  # a name may be in several files
        for row in rows:
            own[row["name"]] += row["self"]
        return +own
    samples = collections.Counter()
    for event in printed("jdk.ExecutionSample") + printed("jdk.NativeMethodSample"):
        found = re.search(r"stackTrace = \[\s*(\S+?)\(", event)
        samples[found[1] if found else ""] += 1
    ours = functions("samples")
    assert samples["Work.spin"] > 0 and ours.total() == samples.total()
    hidden = re.compile(r"^$|/0x|Lambda|^\[")       # no stack, or a class that the two write differently
    assert {n: c for n, c in ours.items() if not hidden.search(n)} == {n: c for n, c in samples.items() if not hidden.search(n)}
    waited = sum(float(ms) for event in printed("jdk.JavaMonitorEnter") for ms in re.findall(r"duration = ([\d.]+) ms", event))
    assert waited > 0 and abs(functions("delay")["Work.locked"] / 1e6 - waited) < 0.02 * waited
    weights = printed("jdk.ObjectAllocationSample")
    assert sum(functions("alloc_objects").values()) == len(weights) > 0
    converter = pathlib.Path.home() / ".cache/sonde-testbed/java-peers/jfr-converter-4.1.jar"     # tools/testbed java-peers
    if not converter.exists():
        return
    run("java", "-jar", converter, "--dot", "-o", "collapsed", made, tmp_path / "theirs.collapsed")
    run(sonde, "convert", made, tmp_path / "ours.columns")
    head, *lines = (tmp_path / "ours.columns").read_text().splitlines()
    column = [name.strip("*") for name in head[2:].split()].index("samples/count")
    ours = collections.Counter({stack: int(counts[column]) for stack, *counts in
                                (line.rsplit(" ", len(head.split()) - 1) for line in lines)})
    theirs = collections.Counter({re.sub(r"_\[\w\]", "", ";".join(stack)): count for stack, count in
                                  unfolded((tmp_path / "theirs.collapsed").read_text()).items()})
    own = {stack: count for stack, count in (+ours).items() if "Work." in stack}
    assert own == {stack: count for stack, count in theirs.items() if "Work." in stack}


@pytest.mark.parametrize("options, told", [("event=cpu,interval=2ms,wall=20ms", True), ("event=wall,interval=20ms", True),
                                           ("event=cpu,interval=2ms,wall", False)])
def test_wall_time_is_as_often_as_it_was_sampled(sonde, tmp_path, options, told):
    """async-profiler has an interval for wall time beside that of the CPU's: a thread cannot have waited longer than it was there."""
    agent = pathlib.Path.home() / ".cache/sonde-testbed/java-peers/libasyncProfiler.so"     # tools/testbed java-peers
    if not (shutil.which("javac") and agent.exists()):
        pytest.skip("no JDK, or no async-profiler")
    (tmp_path / "Nap.java").write_text("public class Nap { public static void main(String[] a) throws Exception {\n"
                                       " long end = System.nanoTime() + 1_000_000_000L; while (System.nanoTime() < end) Thread.sleep(20); } }\n")
    run("javac", "-d", tmp_path, tmp_path / "Nap.java")
    made = tmp_path / "made.jfr"
    run("java", f"-agentpath:{agent}=start,{options},file={made},jfr", "-cp", tmp_path, "Nap")
    count = json.loads(run(sonde, "report", made, "--json", "--type", "wall_samples"))["total"]
    if not told:
        assert "no values of type 'wall'" in subprocess.run([sonde, "report", made, "--type", "wall"], capture_output=True, text=True).stderr
        return
    assert json.loads(run(sonde, "report", made, "--json", "--type", "wall"))["total"] == count * 20_000_000 > 0
