# SPDX-License-Identifier: Apache-2.0
"""CPython read from outside, against what each interpreter says of itself."""
import glob
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "tests"
ROOMS = ("base", "elf", "proc", "runtime")


def interpreters():
    """{name: executable}: pyenv's, Debian's own, and what SONDE_PYTHONS adds (paths, ':' between)."""
    found = {}
    for path in sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python3"))):
        found["pyenv-" + path.split("/")[-3]] = path
    for path in ["/usr/bin/python3", *filter(None, os.environ.get("SONDE_PYTHONS", "").split(":"))]:
        if Path(path).exists():
            found[path] = path
    return found


PYTHONS = interpreters()
NAMES = list(PYTHONS) + ([] if any(name.startswith("pyenv-") for name in PYTHONS) else [
    pytest.param("pyenv", marks=pytest.mark.skip(reason="no ~/.pyenv/versions/3.*: only Debian's own CPython is read"))])


@pytest.fixture(scope="session")
def reader():
    sources = [s for room in ROOMS for s in glob.glob(str(ROOT / "src" / room / "**" / "*.c"), recursive=True)
               if not s.endswith(("_test.c", "_fuzz.c"))]
    objects = ["build/rel/" + str(Path(s).relative_to(ROOT / "src"))[:-1] + "o" for s in sources]
    subprocess.run(["make", "-s", *objects], cwd=ROOT, check=True)
    BUILD.mkdir(parents=True, exist_ok=True)
    out = BUILD / "python_reader"
    subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Isrc", "tests/python_reader.c", *objects,
                    "-ldeflate", "-lzstd", "-lz", "-lpthread", "-o", str(out)], cwd=ROOT, check=True)
    return out


LINES = r"""
import dis, glob, os, sys, sysconfig
minor = sys.version_info[1]
def expected(code):
    n = len(code.co_code) // 2
    if minor >= 10:
        lines = [0] * n
        for start, end, line in code.co_lines():
            for at in range(start // 2, min(end // 2, n)):
                lines[at] = line or 0
        return lines
    lines, starts = [], dict(dis.findlinestarts(code))
    line = 0
    for at in range(n):
        line = starts.get(at * 2, line)
        lines.append(line)
    return lines
def show(code):
    table = code.co_linetable if minor >= 10 else code.co_lnotab
    print(minor, code.co_firstlineno, "-" + table.hex(), 2 if minor <= 9 else 1, ",".join(map(str, expected(code))))
    for const in code.co_consts:
        if hasattr(const, "co_code"):
            show(const)
home = sysconfig.get_paths()["stdlib"]
for path in sorted(glob.glob(home + "/*.py") + glob.glob(home + "/asyncio/*.py") + glob.glob(home + "/test/test_[a-d]*.py")):
    try:
        show(compile(open(path, "rb").read(), path, "exec"))
    except (OSError, SyntaxError, ValueError):
        pass
"""


@pytest.mark.parametrize("name", NAMES)
def test_every_instruction_has_the_line_that_the_interpreter_gives_it(reader, name):
    told = subprocess.run([PYTHONS[name], "-W", "ignore", "-c", LINES], capture_output=True, text=True, check=True)
    done = subprocess.run([reader, "lines"], input=told.stdout, capture_output=True, text=True)
    codes, instructions, wrong = map(int, re.findall(r"\d+", done.stdout.splitlines()[-1]))
    assert wrong == 0, done.stdout
    assert codes > 1000 and instructions > 100000, done.stdout


TARGET = r"""# -*- coding: utf-8 -*-
import json, os, sys, threading, time
ready = threading.Semaphore(0)
def leaf(prefix):
    ready.release()
    while True:
        time.sleep(1000)
class Größe:
    def method(self):
        leaf("thread")
    def 数量(self):
        self.method()
    @staticmethod
    def outer():
        def inner():
            (lambda: Größe().数量())()
        inner()
def generator():
    yield 1
    exec(compile("def run():\n\n    Größe.outer()\nrun()", "<made>", "exec"), {"Größe": Größe})
def recurse(n):
    if n:
        return recurse(n - 1)
    for _ in generator():
        pass
async def coroutine():
    [recurse(n) for n in [30]]
def drive():
    try:
        coroutine().send(None)
    except StopIteration:
        pass
threads = [threading.Thread(target=Größe.outer), threading.Thread(target=recurse, args=(300,)),
           threading.Thread(target=drive)]
for t in threads:
    t.daemon = True
    t.start()
for t in threads:
    ready.acquire()
time.sleep(0.3)
def qualified(frame):
    return getattr(frame.f_code, "co_qualname", "%s@%d" % (frame.f_code.co_name, frame.f_code.co_firstlineno))
def tell():
    stacks = {}
    for ident, frame in sys._current_frames().items():
        stack = stacks.setdefault(ident, [])
        while frame:
            name = frame.f_code.co_filename
            base = name if name[:1] == "<" else name.rsplit("/", 1)[-1]
            stack.append("%s:%s:%d %s" % (base, qualified(frame), frame.f_lineno, name))
            frame = frame.f_back
    sys.stdout.buffer.write((json.dumps(stacks) + "\n").encode())
    sys.stdout.buffer.flush()
    sys.stdin.read(1)
tell()
"""


def qualnames(path):
    """{"name@first line": qualified name}, as our own interpreter compiles the file."""
    def collect(code):
        found[f"{code.co_name}@{code.co_firstlineno}"] = code.co_qualname
        for const in code.co_consts:
            if hasattr(const, "co_code"):
                collect(const)
    found = {}
    if sys.version_info < (3, 11):
        pytest.skip("the tests' own interpreter has no qualified names")
    if Path(path).exists():
        collect(compile(Path(path).read_bytes(), path, "exec"))
    return found


def qualify(line):
    """A line of an interpreter that has no qualified names, with what it would have."""
    place, path = line.split(" ", 1)
    base, name, at = place.rsplit(":", 2)
    return f"{base}:{qualnames(path).get(name, name.split('@')[0])}:{at} {path}"


@pytest.mark.parametrize("name", NAMES)
def test_stacks_are_what_the_program_says_of_itself(reader, name, tmp_path):
    script = tmp_path / "prögram.py"
    script.write_text(TARGET, encoding="utf-8")
    target = subprocess.Popen([PYTHONS[name], script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env={**os.environ, "PYTHONUTF8": "1"})
    try:
        wanted = json.loads(target.stdout.readline())
        done = subprocess.run([reader, "stacks", str(target.pid)], capture_output=True, text=True)
    finally:
        target.kill()
        target.wait()
    assert done.returncode == 0, done.stdout + done.stderr
    got = {}
    for line in done.stdout.splitlines():
        if line.startswith("thread "):
            stack = got.setdefault(line[7:], [])
        else:
            stack.append(line)
    if "@" in str(wanted):
        wanted = {ident: [qualify(line) for line in stack] for ident, stack in wanted.items()}
    main = [ident for ident, stack in wanted.items() if any(":tell:" in frame for frame in stack)]
    for ident in main:  # it has gone on from the line that told to the one that waits
        at = next(i for i, frame in enumerate(got[ident]) if ":tell:" in frame)
        got[ident] = [re.sub(r":tell:\d+", ":tell", f) for f in got[ident][at:]]
        wanted[ident] = [re.sub(r":tell:\d+", ":tell", f) for f in wanted[ident]]
    assert got == wanted


@pytest.mark.parametrize("name", NAMES)
def test_an_interpreter_is_found_in_one_of_its_files(reader, name):
    if open(PYTHONS[name], "rb").read(4) != b"\x7fELF":
        pytest.skip("a script that starts one")
    libraries = glob.glob(str(Path(PYTHONS[name]).parent.parent / "lib" / "libpython3*.so.1.0"))
    done = subprocess.run([reader, "detect", PYTHONS[name], *libraries], capture_output=True, text=True, check=True)
    version = subprocess.run([PYTHONS[name], "-c", "import sys; print('3.%d' % sys.version_info[1])"],
                             capture_output=True, text=True, check=True).stdout.strip()
    assert [line.split()[0] for line in done.stdout.splitlines() if line != "no interpreter"] == [version]


def test_other_files_are_no_interpreters(reader):
    files = ["/bin/bash", *glob.glob("/lib/x86_64-linux-gnu/libc.so.6"), *glob.glob("/lib/x86_64-linux-gnu/libcrypto.so*")]
    done = subprocess.run([reader, "detect", *files], capture_output=True, text=True, check=True)
    assert set(done.stdout.splitlines()) == {"no interpreter"}


THREADS = r"""
import json, sys, threading, time
class Own(threading.Thread):
    def __init__(self):
        super().__init__(name="\u6570-own", daemon=True)
        for i in range(40):  # more attributes than a class shares
            setattr(self, "field%d" % i, i)
    def run(self):
        time.sleep(1000)
threads = [threading.Thread(target=time.sleep, args=(1000,), name="worker-%d" % i, daemon=True) for i in range(20)]
threads += [Own(), threading.Thread(target=time.sleep, args=(1000,), daemon=True)]
for t in threads:
    t.start()
threads[3].__dict__["x"] = 1
threads[4].name = "renamed"
time.sleep(0.3)
print(json.dumps(sorted([t.ident, getattr(t, "native_id", 0), t.name] for t in threading.enumerate())), flush=True)
sys.stdin.read(1)
"""


@pytest.mark.parametrize("name", NAMES)
def test_threads_have_the_names_that_the_program_gave_them(reader, name):
    target = subprocess.Popen([PYTHONS[name], "-c", THREADS], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        wanted = json.loads(target.stdout.readline())
        done = subprocess.run([reader, "threads", str(target.pid)], capture_output=True, text=True)
    finally:
        target.kill()
        target.wait()
    got = sorted([int(a), int(b), c] for a, b, c in (line.split(" ", 2) for line in done.stdout.splitlines()))
    assert got == wanted


TASKS = r"""
import asyncio, json, sys
named = {"name": 1} if sys.version_info >= (3, 8) else {}
def start(coroutine, name):
    return asyncio.get_event_loop().create_task(coroutine, **({"name": name} if named else {}))
class Derived(asyncio.Task):
    pass
async def idle():
    await asyncio.sleep(1000)
async def read():
    await asyncio.sleep(0.05)
    task = asyncio.current_task()
    print(json.dumps([id(task._coro), id(others[7]._coro)]), flush=True)
    sys.stdin.read(1)
async def fetch():
    task = start(read(), "r\u00e9ader")
    await task
async def crowd():
    await asyncio.gather(idle(), fetch(), idle())
async def group():
    if not hasattr(asyncio, "TaskGroup"):
        return await start(crowd(), "crowd")
    async with asyncio.TaskGroup() as g:
        g.create_task(idle())
        g.create_task(crowd(), name="crowd")
async def main():
    others.extend(start(idle(), "idle-%d" % i) for i in range(500))
    await asyncio.wait_for(Derived(group(), **({"name": "group"} if named else {})), 1000)
others = []
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.run_until_complete(main())
"""


@pytest.mark.parametrize("name", NAMES)
def test_a_coroutine_has_its_task_and_those_that_wait_for_it(reader, name):
    if "3.6" in name:
        pytest.skip("3.6 has no list of running tasks")
    target = subprocess.Popen([PYTHONS[name], "-W", "ignore", "-c", TASKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        running, waiting = json.loads(target.stdout.readline())
        run, wait = [subprocess.run([reader, "tasks", str(target.pid), str(coroutine)], capture_output=True,
                                    text=True).stdout.splitlines() for coroutine in (running, waiting)]
    finally:
        target.kill()
        target.wait()
    wanted = ["réader read", "Task-N fetch", "crowd crowd", "group group"]
    if "3.7" in name:
        wanted = [" " + line.split()[1] for line in wanted]
    assert [re.sub(r"Task-\d+", "Task-N", line) for line in run][:4] == wanted
    assert [line.split(" ")[-1] for line in wait] == ["idle"]


EMBEDDER = """
#include <Python.h>
int main(int argc, char **argv) { return Py_BytesMain(argc, argv); }
"""
EARLY = EMBEDDER.replace("Py_BytesMain", "_Py_UnixMain")
EARLIEST = """
#include <Python.h>
int main(int argc, char **argv) {
	wchar_t *wide[argc + 1];
	for (int i = 0; i <= argc; i++) wide[i] = argv[i] ? Py_DecodeLocale(argv[i], NULL) : NULL;
	return Py_Main(argc, wide);
}
"""
STATIC = {path.split("/")[-5]: path
          for path in glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/lib/python3*/config-*/libpython3*.a"))}


@pytest.mark.parametrize("how", ["as it is", "exported and stripped", "stripped"])
@pytest.mark.parametrize("version", sorted(STATIC))
def test_an_embedder_that_holds_the_interpreter_is_found_and_read(reader, version, how, tmp_path):
    minor = int(version.split(".")[1])
    home = Path(STATIC[version]).parents[3]
    (tmp_path / "embedder.c").write_text(EARLIEST if minor == 6 else EARLY if minor == 7 else EMBEDDER)
    include = glob.glob(str(home / "include" / "python3*"))[0]
    subprocess.run(["gcc", "-O2", "-w", f"-I{include}", "embedder.c", STATIC[version], "-lpthread", "-ldl", "-lutil",
                    "-lm", "-lz", "-o", "embedder", *(["-rdynamic"] if "exported" in how else []),
                    *(["-s"] if "stripped" in how else [])], cwd=tmp_path, check=True)
    found = subprocess.run([reader, "detect", "embedder"], cwd=tmp_path, capture_output=True, text=True).stdout
    if how == "stripped" and minor < 10:
        assert found == "no interpreter\n"  # nothing says where its state is
        return
    assert found.startswith(f"3.{minor} loops ")
    target = subprocess.Popen([tmp_path / "embedder", "-S", "-E", "-c", "import time\ndef waits():\n    print(1, flush=True)\n"
                               "    time.sleep(99)\nwaits()"], stdout=subprocess.PIPE, env={**os.environ, "PYTHONHOME": str(home)})
    try:
        target.stdout.readline()
        time.sleep(0.3)
        done = subprocess.run([reader, "stacks", str(target.pid)], capture_output=True, text=True)
    finally:
        target.kill()
        target.wait()
    assert re.sub(r"\d{9,}", "N", done.stdout) == "thread N\n<string>:waits:4 <string>\n<string>:<module>:5 <string>\n"
