# SPDX-License-Identifier: Apache-2.0
"""What the tools print that stop a process and show its threads is read: all threads, with the functions that run."""
import os
import pathlib
import shutil
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SONDE = ROOT / "build/sonde"
TESTBED = pathlib.Path(os.environ.get("SONDE_TESTBED", pathlib.Path.home() / ".cache/sonde-testbed"))

PYTHON = """
import threading, time
def spin():
    while True: sum(range(1000))
def waits(): time.sleep(60)
def deep(n): deep(n - 1) if n else waits()
threading.Thread(target=spin, daemon=True, name="spin (x)").start()
print("ready", flush=True)
deep(3)
"""

GO = """package main
import ("os"; "runtime/pprof"; "time")
func hold(n int) { if n > 0 { hold(n - 1); return }; time.Sleep(time.Minute) }
func main() {
	go hold(3)
	go hold(3)
	time.Sleep(100 * time.Millisecond)
	for i := 1; i < 3; i++ {
		f, _ := os.Create(os.Args[i])
		pprof.Lookup("goroutine").WriteTo(f, i)
		f.Close()
	}
	panic("enough")
}
"""


def folded(*paths, out):
    done = subprocess.run([SONDE, "convert", *paths, out, "-f", "folded"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    stacks = {}
    for line in pathlib.Path(out).read_text().splitlines():
        stack, count = line.rsplit(" ", 1)
        stacks[tuple(stack.split(";"))] = int(count)
    return stacks


def dump(tmp_path, name, command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
    path = tmp_path / name
    path.write_text(done.stdout)
    if done.returncode or "#0" not in done.stdout and "Thread" not in done.stdout:
        pytest.skip(f"{command[0]} failed: {done.stderr[-80:]}")
    return path


@pytest.fixture(scope="module")
def program():
    process = subprocess.Popen([sys.executable, "-c", PYTHON], stdout=subprocess.PIPE)
    process.stdout.readline()
    time.sleep(0.3)
    yield process.pid
    process.kill()
    process.wait()


@pytest.mark.parametrize("tool", [["py-spy", "dump", "-p"], ["py-spy", "dump", "--native", "--locals", "-p"]])
def test_py_spy(tmp_path, program, tool):
    path = shutil.which(tool[0]) or TESTBED / "peers/bin/py-spy"
    if not pathlib.Path(path).exists():
        pytest.skip("no py-spy")
    first = dump(tmp_path, "a", [path, *tool[1:], program])
    second = dump(tmp_path, "b", [path, *tool[1:], program])
    stacks = folded(first, second, out=tmp_path / "x.folded")
    assert sum(stacks.values()) == 4
    assert any("deep" in stack and "waits" in stack and stack.count("deep") == 4 for stack in stacks)
    assert sum(count for stack, count in stacks.items() if "spin" in stack) == 2


@pytest.mark.parametrize("tool", [["gdb", "-q", "-batch", "-ex", "thread apply all bt", "-p"], ["eu-stack", "-p"],
                                  ["eu-stack", "-m", "-s", "-i", "-b", "-p"], ["eu-stack", "-a", "-p"]])
def test_debuggers(tmp_path, program, tool):
    if not shutil.which(tool[0]):
        pytest.skip(f"no {tool[0]}")
    path = dump(tmp_path, "a", [*tool, program])
    frames = sum(line.startswith("#") for line in path.read_text().splitlines())
    stacks = folded(path, out=tmp_path / "x.folded")
    assert sum(stacks.values()) == 2
    assert sum(len(stack) * count for stack, count in stacks.items()) == frames
    assert any("nanosleep" in frame or "select" in frame for stack in stacks for frame in stack)


def test_jstack(tmp_path):
    if not shutil.which("jstack"):
        pytest.skip("no jstack")
    (tmp_path / "T.java").write_text("""public class T {
        static void deep(int n) throws Exception { if (n == 0) Thread.sleep(60000); else deep(n - 1); }
        public static void main(String[] a) throws Exception { System.out.println("ready"); deep(5); } }""")
    process = subprocess.Popen(["java", tmp_path / "T.java"], stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        time.sleep(0.5)
        path = dump(tmp_path, "a", ["jstack", process.pid])
    finally:
        process.kill()
        process.wait()
    text = path.read_text()
    stacks = folded(path, out=tmp_path / "x.folded")
    assert sum(len(stack) * count for stack, count in stacks.items()) == text.count("\n\tat ")
    assert sum(stack.count("T.deep") for stack in stacks) == 6


def test_go(tmp_path):
    if not shutil.which("go"):
        pytest.skip("no go")
    (tmp_path / "m.go").write_text(GO)
    done = subprocess.run(["go", "run", "m.go", "counts", "stacks"], cwd=tmp_path, capture_output=True, text=True)
    if not (tmp_path / "stacks").exists():
        pytest.skip(f"go failed: {done.stderr[-80:]}")
    (tmp_path / "panic").write_text(done.stderr)
    for name, goroutines in ("counts", 3), ("stacks", 3), ("panic", 1):
        stacks = folded(tmp_path / name, out=tmp_path / f"{name}.folded")
        assert sum(stacks.values()) == goroutines
        assert any("main.main" in stack for stack in stacks)
    for name in "counts", "stacks":
        stacks = folded(tmp_path / name, out=tmp_path / f"{name}.folded")
        assert sum(count for stack, count in stacks.items() if stack.count("main.hold") == 4) == 2


def test_the_file_to_write_is_not_taken_for_one_to_read(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(f"main;{name} 1\n")
    done = subprocess.run([SONDE, "convert", *sorted(tmp_path.glob("*.txt"))], capture_output=True, text=True)
    assert done.returncode == 2 and "must not be there" in done.stderr
    assert (tmp_path / "c.txt").read_text() == "main;c 1\n"
