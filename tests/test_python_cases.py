# SPDX-License-Identifier: Apache-2.0
"""Python where people run it: bundled, behind a server, in pools, with many threads, starting, in a namespace."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

import languages
import pprof_min
import truth
from test_faults import sonde

PROGRAMS = truth.TESTBED / "python-programs" / "bin"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="Python's frames are walked by the first tier: root only")

WORK = """\
def reply(n):
    total = 0
    for i in range(n):
        total += i * i % 7
    return total


class Page:
    def render(self, n):
        return str(reply(n)).encode()
"""
SHOP = """\
import time
from pages import Page

end = time.process_time() + 1.2
while time.process_time() < end:
    Page().render(20000)
"""
SERVICE = """\
from pages import Page


def application(environ, start_response):
    body = Page().render(30000)
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""
POOL = """\
import multiprocessing, sys, time
from pages import reply

if __name__ == "__main__":
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        end = time.monotonic() + float(sys.argv[2])
        rounds = 0
        print("ready", flush=True)
        while rounds < 50 or time.monotonic() < end:  # on a busy machine too, more work than starting is
            pool.map(reply, [20000] * 20)
            rounds += 1
"""
THREADS = """\
import sys, threading, time
from pages import reply


def busy():
    end = time.monotonic() + 60
    while time.monotonic() < end:
        reply(3000)
        time.sleep(0.02)


for k in range(int(sys.argv[1])):
    threading.Thread(target=busy, name="worker-%03d" % k, daemon=True).start()
print("ready", flush=True)
time.sleep(60)
"""
STARTS = """\
import argparse, asyncio, concurrent.futures, decimal, difflib, email.message, fractions, http.server, json, logging
import multiprocessing.pool, pydoc, random, statistics, tarfile, typing, unittest.mock, urllib.request, zipfile
import time
from pages import Page

end = time.process_time() + 0.3
while time.process_time() < end:
    Page().render(20000)
"""
LINES = {"pages.py:reply": range(1, 6), "pages.py:Page.render": range(9, 11)}


def write(folder, name, text):
    (folder / "pages.py").write_text(WORK)
    (folder / name).write_text(text)
    return str(folder / name)


def needs(tool):
    if not (PROGRAMS / tool).exists():
        pytest.skip(f"{tool} is not installed (tools/testbed python-programs)")
    return str(PROGRAMS / tool)


def record(out, *args):
    done = sonde("record", "-F", 499, "-o", out, *args, timeout=120)
    assert done.returncode == 0, done.stderr
    return done


def stacks(out):
    return languages.stacks_of_sonde(out)


def share_of_reply(out):
    """The share of samples in reply(); each frame of pages.py has a name and a line that the file has."""
    seen = total = 0
    for stack in stacks(out):
        ours = [frame for frame in stack.frames if frame.base == "pages.py" and frame.python]
        for frame in ours:
            assert frame.line in LINES.get(frame.name, range(1, 11)), frame
            assert frame.name in LINES or frame.name == "pages.py:<module>" or frame.name == "pages.py:Page", frame
        seen += stack.count * any(frame.name == "pages.py:reply" for frame in ours)
        total += stack.count
    return seen / total if total else 0


def pids_in_reply(out):
    return {s.labels["pid"] for s in pprof_min.read(out).samples
            if any(function.name == "pages.py:reply" for place in s.locations for function, _ in place.lines)}


def complete(out):
    return json.loads(sonde("report", out, "--json").stdout)["complete"]


def end(process):
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def started(command, folder):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)
    assert process.stdout.readline() == "ready\n"
    return process


def children_of(pid):
    return {int(n) for n in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def test_a_one_file_bundle_of_pyinstaller(tmp_path):
    app = write(tmp_path, "shop.py", SHOP)
    done = subprocess.run([needs("pyinstaller"), "--onefile", "--log-level", "ERROR", app], cwd=tmp_path,
                          capture_output=True, text=True, timeout=180)
    if done.returncode:
        pytest.skip(f"pyinstaller builds nothing here: {done.stderr.strip()[-200:]}")
    out = tmp_path / "x.pb.gz"
    record(out, "--", tmp_path / "dist" / "shop")
    assert share_of_reply(out) > 0.6        # the rest: it unpacks itself
    assert complete(out) > 0.98


SERVERS = {
    "uwsgi": ["--http-socket", "127.0.0.1:{}", "--master", "--processes", "2", "--die-on-term", "--disable-logging",
              "--wsgi-file", "service.py"],
    "gunicorn": ["-w", "2", "-b", "127.0.0.1:{}", "service:application"],
}


def load(port, seconds):
    script = ("import sys, time, urllib.request\nend = time.monotonic() + float(sys.argv[2])\n"
              "while time.monotonic() < end:\n"
              "    try: urllib.request.urlopen(sys.argv[1], timeout=5).read()\n    except OSError: time.sleep(.05)\n")
    return subprocess.Popen([sys.executable, "-c", script, f"http://127.0.0.1:{port}/", str(seconds)])


@pytest.mark.parametrize("name,port", [("uwsgi", 18791), ("gunicorn", 18792)])
def test_workers_of_a_prefork_server(name, port, tmp_path):
    write(tmp_path, "service.py", SERVICE)
    log = open(tmp_path / "log", "w")
    master = subprocess.Popen([needs(name), *(a.format(port) for a in SERVERS[name])], cwd=tmp_path, stdout=log,
                              stderr=log)
    clients = []
    try:
        until = time.monotonic() + 20
        while len(children_of(master.pid)) < 2 and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(1)
        old = children_of(master.pid)
        clients = [load(port, 30), load(port, 30)]
        out = tmp_path / "x.pb.gz"
        record(out, "-d", 2, "-p", ",".join(map(str, [master.pid, *old])))
        assert share_of_reply(out) > 0.5 and complete(out) > 0.98
        assert pids_in_reply(out) <= old
        record(out, "-d", 2, "-n", f"^{name}")
        assert share_of_reply(out) > 0.5 and pids_in_reply(out) <= old
        # by the master alone: those that it starts from then on
        recording = subprocess.Popen([truth.SONDE, "record", "-F", "499", "-d", "5", "-o", out, "-p", str(master.pid)])
        time.sleep(1)
        os.kill(min(old), signal.SIGKILL)       # the master starts another
        assert recording.wait(timeout=60) == 0
        assert pids_in_reply(out) and not pids_in_reply(out) & old
    finally:
        for process in [*clients, master]:
            end(process)
        log.close()


@pytest.mark.parametrize("how", ["fork", "spawn", "forkserver"])
def test_a_pool_is_followed_from_its_start(how, tmp_path):
    out = tmp_path / "x.pb.gz"
    record(out, "--", sys.executable, write(tmp_path, "pool.py", POOL), how, 1.5)
    assert len(pids_in_reply(out)) == 2 and share_of_reply(out) > 0.5 and complete(out) > 0.98


def test_children_that_a_process_had_before_are_not_its_recording(tmp_path):
    parent = started([sys.executable, write(tmp_path, "pool.py", POOL), "fork", "30"], tmp_path)
    try:
        out = tmp_path / "x.pb.gz"
        record(out, "-d", 1, "-p", parent.pid)
        assert not pids_in_reply(out)
        record(out, "-d", 1, "-p", ",".join(map(str, [parent.pid, *children_of(parent.pid)])))
        assert len(pids_in_reply(out)) == 2
    finally:
        for pid in children_of(parent.pid):
            os.kill(pid, signal.SIGTERM)
        parent.kill()
        parent.wait()


def some_pythons():
    return languages.quick_pythons() + [p for p in languages.pythons() if p.name in ("free-threaded", "sid")]


@pytest.mark.parametrize("python", some_pythons(), ids=lambda p: p.name)
def test_a_hundred_threads_have_their_frames_and_names(python, tmp_path):
    if not python.there() or python.root:
        pytest.skip(f"{python.name}: not installed" if not python.there() else f"{python.name}: in a namespace below")
    process = started([*python.command(), write(tmp_path, "threads.py", THREADS), "100"], tmp_path)
    try:
        out = tmp_path / "x.pb.gz"
        before = sum(os.times()[2:4])
        record(out, "-d", 3, "-p", process.pid)
        assert sum(os.times()[2:4]) - before < 1        # CPU time of Sonde's, not time that passed
        threads, bare = {}, 0
        for stack in stacks(out):
            threads[stack.thread] = threads.get(stack.thread, 0) + stack.count
            bare += stack.count * (not any(frame.python for frame in stack.frames))
        assert all(re.fullmatch(r"worker-\d{3}", name) for name in threads), threads
        assert len(threads) > 60 and bare <= 0.02 * sum(threads.values())
        assert complete(out) > 0.98
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("python", languages.quick_pythons(), ids=lambda p: p.name)
def test_attaching_while_python_starts(python, tmp_path):
    if not python.there():
        pytest.skip(f"{python.name}: no {python.path}")
    app = write(tmp_path, "starts.py", STARTS)
    judged = 0
    for i in range(10):
        target = subprocess.Popen([*python.command(), app])
        time.sleep(i * 0.008)
        out = tmp_path / f"{i}.pb.gz"
        record(out, "-d", 20, "-p", target.pid)      # ends with its target, whose data is kept
        assert target.wait() == 0
        seen = stacks(out)
        possible = languages.possible_frames(python, languages.SOURCES, seen)
        share, wrong = languages.right_share(seen, possible, languages.minor_of(python) >= 11)
        assert not wrong, (i, share, wrong)
        # on a loaded machine a recording may begin when the target is nearly at its end
        if sum(stack.count for stack in seen) >= 10:
            judged += 1
            assert languages.minor_of(python) < 11 or share_of_reply(out) > 0.3, i
    assert judged >= 3


def test_a_python_of_another_root_in_another_pid_namespace():
    python = next(p for p in languages.pythons() if p.name == "sid")
    if not python.there():
        pytest.skip("not installed (tools/testbed debian-sid)")
    folder = languages.scratch_folder(python)
    app = languages.inside(python, write(folder, "threads.py", THREADS))
    unshare = started(["unshare", "-m", "-p", "--fork", "--kill-child", "chroot", python.root, python.path, app, "5"],
                      folder)
    try:
        out = folder / "x.pb.gz"
        record(out, "-d", 2, "-p", children_of(unshare.pid).pop())
        assert {stack.thread for stack in stacks(out)} == {f"worker-{k:03}" for k in range(5)}
        assert share_of_reply(out) > 0.5 and complete(out) > 0.98
    finally:
        unshare.kill()
        unshare.wait()
        for path in folder.iterdir():
            if path.is_file():
                path.unlink()
