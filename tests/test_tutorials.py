# SPDX-License-Identifier: Apache-2.0
"""The commands of docs/tutorials, run as they stand there: the programs are cut out of the pages."""
import collections
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

import truth

PAGES = pathlib.Path(__file__).resolve().parent.parent / "docs" / "tutorials"


def follow(page, folder):
    """Saves a page's programs and runs its commands in one shell, ten seconds cut to three."""
    text = (PAGES / page).read_text()
    assert "OUTPUT-" not in text, f"{page}: its output is not filled in"
    for name, program in re.findall(r"^Save as `([\w.]+)`:\n\n```\w+\n(.*?)^```$", text, re.S | re.M):
        (folder / name).write_text(program)
    commands = "".join(re.findall(r"^```sh\n(.*?)^```$", text, re.S | re.M)).replace("-d 10", "-d 3")
    assert "sonde record" in commands
    (folder / "bin").mkdir()
    (folder / "bin" / "sonde").symlink_to(os.path.abspath(truth.SONDE))
    env = dict(os.environ, PATH=f"{folder}/bin:{os.environ['PATH']}")
    shell = subprocess.Popen(["bash", "-e", "-c", commands], cwd=folder, env=env, text=True, start_new_session=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = shell.communicate(timeout=180)
    finally:
        try:
            os.killpg(shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    assert shell.returncode == 0, err
    return out


def totals(folder, profile):
    """name -> share, of all functions."""
    report = json.loads(subprocess.run([truth.SONDE, "report", str(folder / profile), "--json"], capture_output=True,
                                       text=True, check=True).stdout)
    shares = collections.Counter()
    for function in report["functions"]:    # one row for each compiler that made its code
        shares[function["name"]] += function["total"] / report["total"]
    return shares


def ends_with(shares, name):
    return sum(share for full, share in shares.items() if re.search(rf"[:.]{re.escape(name)}$", full))


def test_app_shows_its_slow_function(tmp_path):
    out = follow("python.md", tmp_path)
    shares = totals(tmp_path, "app.pb.gz")
    assert "app.py:slow_function" in out
    assert shares["app.py:slow_function"] > 1.5 * shares["app.py:fast_function"] > 0
    assert shares["app.py:main"] >= shares["app.py:slow_function"] + shares["app.py:fast_function"] - 0.01
    assert "app.py:slow_function" in (tmp_path / "app.html").read_text() or (tmp_path / "app.html").stat().st_size > 9999


def test_a_running_python_program_shows_what_it_does(tmp_path):
    follow("python-attach.md", tmp_path)
    shares = totals(tmp_path, "long_app.pb.gz")
    assert shares["long_app.py:process_data"] > 0.9
    assert ends_with(shares, "<genexpr>") > 0.5
    assert (tmp_path / "long_app.html").exists()


def test_a_go_service_from_outside_and_from_inside(tmp_path):
    if not shutil.which("go"):
        pytest.skip("go is not installed")
    follow("go.md", tmp_path)
    assert totals(tmp_path, "outside.pb.gz")["main.slowFunction"] > 0.7
    assert totals(tmp_path, "inside.pb.gz")["main.slowFunction"] > 0.7
    assert (tmp_path / "heap.pb.gz").exists()
    top = subprocess.run(["go", "tool", "pprof", "-top", "-cum", str(tmp_path / "outside.pb.gz")], capture_output=True,
                         text=True).stdout
    assert "main.slowFunction" in top


def test_a_node_service_by_its_pid_and_from_its_start(tmp_path):
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    out = follow("nodejs.md", tmp_path)
    assert "slowFunction" in out and "app.js:5" in out
    attached, launched = totals(tmp_path, "app.pb.gz"), totals(tmp_path, "launched.pb.gz")
    assert attached["slowFunction"] > 0.9 and attached["(anonymous app.js:14:13)"] >= attached["slowFunction"]
    assert launched["slowFunction"] > 0.2 and launched["_start"] > launched["slowFunction"]
    assert (tmp_path / "app.html").exists()


def test_a_java_service_by_its_pid_and_from_its_start(tmp_path):
    if not shutil.which("javac"):
        pytest.skip("javac is not installed")
    out = follow("java.md", tmp_path)
    assert "App.slowMethod" in out and "App.java:" in out
    attached, launched = totals(tmp_path, "app.pb.gz"), totals(tmp_path, "launched.pb.gz")
    assert attached["App.slowMethod"] > 0.9 and attached["App.main"] >= attached["App.slowMethod"]
    assert sum(share for name, share in attached.items() if "fmod" in name) > 0.3
    assert launched["App.slowMethod"] > 0.2 and launched["App.main"] >= launched["App.slowMethod"]
    assert (tmp_path / "app.html").exists()
