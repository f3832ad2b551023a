# SPDX-License-Identifier: Apache-2.0
"""A representative part of the Go matrix; `python3 tests/golang.py --all` runs and prints all of it."""
import re
import subprocess
import sys
import time

import pytest

import golang
import matrix
import truth


@pytest.mark.parametrize("row", [r for r in golang.rows() if r.quick], ids=lambda r: r.name.replace(" ", "-"))
def test_a_profile_shows_what_the_go_program_says(row):
    verdict = golang.try_row(row, golang.SECONDS / 2)
    if verdict.skipped:
        pytest.skip(verdict.skipped)
    assert not verdict.failures, "\n".join(verdict.failures)


def program(version, kind):
    try:
        return str(golang.build(golang.Row(version, kind, "mixed")))
    except matrix.Skip as why:
        pytest.skip(str(why))


WITHOUT_BPF = [sys.executable, str(truth.HERE / "refuse.py"), "bpf,perf_event_open"]


def record(path, *arguments, through=()):
    done = subprocess.run([*through, truth.SONDE, "record", "-F", "199", "-o", str(path), *arguments], capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("version", ["1.22.12", "1.26.8"])
def test_labels_among_ten_thousand_goroutines(tmp_path, version):
    target = subprocess.Popen([program(version, "plain"), "many", "10000"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    try:
        assert target.stdout.readline() == "ready\n"
        record(tmp_path / "p.pb.gz", "-d", "2", "-p", str(target.pid))
    finally:
        target.communicate("\n", timeout=60)
    samples = [s for s in golang.pprof_min.read(tmp_path / "p.pb.gz").samples
               if any(f.name == "main.worker" for l in s.locations for f, _ in l.lines)]
    workers = {s.labels.get("worker"): s.labels.get("goroutine") for s in samples}
    assert set(workers) == {"0", "1", "2", "3"}
    assert len(set(workers.values())) == 4, "each worker is one goroutine"
    assert all(s.labels["key"] == "value" and workers[s.labels["worker"]] == s.labels["goroutine"] for s in samples)


def test_attaching_while_it_starts_and_while_it_ends(tmp_path):
    """Whenever one comes, no stack has a wrong name: main's frames are under runtime.main or a goroutine's start."""
    prog = program("1.26.8", "cgo")
    seen = 0
    for delay in (0.0, 0.01, 0.05):
        target = subprocess.Popen([prog, "0.4"], stdout=subprocess.DEVNULL)
        time.sleep(delay)
        record(tmp_path / "p.pb.gz", "-d", "1", "-p", str(target.pid))
        target.wait(timeout=60)
        for stack in truth.read_sonde(tmp_path / "p.pb.gz").stacks:
            seen += stack.count
            if "main.main" in stack.names:
                assert "runtime.main" in stack.names or stack.names[0].startswith("[stack cut"), stack.names
    assert seen


@pytest.fixture(scope="module")
def offsets_of(tmp_path_factory):
    """What the DWARF of a program says of runtime.g."""
    folder = tmp_path_factory.mktemp("offsets")
    if not golang.shutil.which("go"):
        pytest.skip("no go")
    done = subprocess.run(["go", "build", "-o", str(folder / "offsets"), str(truth.SOURCES / "go_offsets.go")],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return lambda path: [int(n) for n in subprocess.run([str(folder / "offsets"), path], capture_output=True, text=True,
                                                        check=True).stdout.split()]


@pytest.mark.parametrize("version", golang.VERSIONS)
def test_what_is_known_of_a_goroutine_by_version_is_what_dwarf_says(version, offsets_of):
    """Sonde takes it from a table, since most programs that run are stripped; this is what proves the table."""
    source = (golang.pathlib.Path(truth.__file__).parent.parent / "src/runtime/go/go.c").read_text()
    minor = int(version.split(".")[1])
    rows = [[int(n) for n in row] for row in re.findall(r"{ (\d+), (\d+), (\d+), (\d+), GO_LABELS", source)]
    known = next(row for row in rows if row[0] <= minor <= row[1])
    always = [int(re.search(rf"#define {name} (\d+)u", source).group(1)) for name in ("G_M", "G_SCHED_SP", "G_SCHED_PC")]
    assert offsets_of(program(version, "plain")) == known[2:] + always


WORK_GO = """\
package main

%s
//go:noinline
func spin(n int) uint64 {
\tx := uint64(7)
\tfor i := 0; i < n; i++ {
\t\tx = x*1103515245 + 12345
\t}
\treturn x
}

%sfunc Work(n int) uint64 {
\treturn spin(n) + 1
}
%s"""

HOST_GO = """\
package main

import (
\t"os"
\t"plugin"
\t"time"
)

func main() {
\tloaded, err := plugin.Open(os.Args[1])
\tif err != nil {
\t\tpanic(err)
\t}
\twork, _ := loaded.Lookup("Work")
\tfor began := time.Now(); time.Since(began) < time.Second; {
\t\twork.(func(int) uint64)(1000000)
\t}
}
"""

HOST_C = """\
#include <time.h>
unsigned long Work(long n);
__attribute__((noinline)) int c_caller(void) { return Work(1000000) & 1; }
int main(void)
{
\tint x = 0;
\tfor (clock_t end = clock() + CLOCKS_PER_SEC; clock() < end;)
\t\tx += c_caller();
\treturn x & 128;
}
"""


def go_build(folder, output, *arguments, version="1.26.8"):
    env = dict(golang.os.environ, GOTOOLCHAIN=f"go{version}", CGO_ENABLED="1", GOFLAGS="-buildvcs=false", GOWORK="off")
    done = subprocess.run(["go", "build", "-o", str(output), *arguments, "."], cwd=folder, env=env, capture_output=True,
                          text=True, timeout=300)
    if done.returncode and "toolchain" in done.stderr:
        pytest.skip(done.stderr.strip()[-150:])
    assert done.returncode == 0, done.stderr


def go_module(folder, text):
    folder.mkdir()
    (folder / "go.mod").write_text(f"module example.com/{folder.name}\n\ngo 1.18\n")
    (folder / "main.go").write_text(text)
    return folder


def stacks_through(path, function):
    """Of all samples, how many have both functions of work.go, how many of these reach the root, and their stacks."""
    stacks = truth.read_sonde(path).stacks
    total = sum(s.count for s in stacks)
    through = [s for s in stacks if any(n.endswith(".spin") for n in s.names) and any(n.endswith(function) for n in s.names)]
    whole = sum(s.count for s in through if not s.names[0].startswith("["))
    return sum(s.count for s in through) / total, whole / max(sum(s.count for s in through), 1), through


@pytest.mark.skipif(not golang.shutil.which("go") or not golang.shutil.which("gcc"), reason="no go, or no gcc")
def test_a_plugin_has_names_and_callers(tmp_path):
    go_build(go_module(tmp_path / "work", WORK_GO % ("", "", "")), tmp_path / "work.so", "-buildmode=plugin")
    go_build(go_module(tmp_path / "host", HOST_GO), tmp_path / "host.bin")
    record(tmp_path / "p.pb.gz", "--", str(tmp_path / "host.bin"), str(tmp_path / "work.so"))
    share, whole, through = stacks_through(tmp_path / "p.pb.gz", ".Work")
    assert share > 0.8 and whole > 0.99
    assert all("main.main" in s.names and "runtime.main" in s.names for s in through if not s.names[0].startswith("["))


@pytest.mark.skipif(not golang.shutil.which("go") or not golang.shutil.which("gcc"), reason="no go, or no gcc")
@pytest.mark.parametrize("through", [(), WITHOUT_BPF], ids=["bpf", "ptrace"])
def test_a_go_library_in_a_c_program_has_names_and_its_c_callers(tmp_path, through):
    folder = go_module(tmp_path / "work", WORK_GO % ('import "C"\n', "//export Work\n", "\nfunc main() {}\n"))
    go_build(folder, tmp_path / "libwork.so", "-buildmode=c-shared")
    (tmp_path / "host.c").write_text(HOST_C)
    subprocess.run(["gcc", "-O1", "-o", str(tmp_path / "host.bin"), str(tmp_path / "host.c"), f"-L{tmp_path}", "-lwork",
                    f"-Wl,-rpath,{tmp_path}"], check=True)
    record(tmp_path / "p.pb.gz", "--", str(tmp_path / "host.bin"), through=through)
    share, whole, through = stacks_through(tmp_path / "p.pb.gz", "Work")
    assert share > 0.8 and whole > 0.99
    assert all("c_caller" in s.names for s in through if not s.names[0].startswith("["))
