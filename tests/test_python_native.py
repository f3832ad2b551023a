# SPDX-License-Identifier: Apache-2.0
"""The interpreter's own functions: a recording names them by symbol tables, --native looks up their lines and inlined
calls, of the same file only."""
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import languages
import pprof_min
from test_faults import sonde

PROGRAM = """\
import time
end = time.process_time() + 1
while time.process_time() < end:
    sum([i * i for i in range(20000)])
"""


def with_lines():
    """(interpreter, the file of it that has debug information: its library, where it has one)."""
    for python in languages.pythons():
        if python.root or not python.there() or "static" in python.name:
            continue
        path = os.path.realpath(python.path)
        found = re.search(r"=> (/\S*/libpython\S+)", subprocess.run(["ldd", path], capture_output=True, text=True).stdout)
        file = os.path.realpath(found[1]) if found else path
        if ".debug_line" in subprocess.run(["readelf", "-SW", file], capture_output=True, text=True).stdout:
            return path, file
    pytest.skip("no Python here has debug information")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Profiles of an interpreter that is a copy of our own, and the folder of both."""
    folder = tmp_path_factory.mktemp("native")
    path, file = with_lines()
    shutil.copy2(file, folder / "copy")
    name = path if file == path else os.path.basename(file)
    if file != path:
        (folder / name).symlink_to("copy")
    (folder / "app.py").write_text(PROGRAM)
    env = dict(os.environ, PYTHONHOME=str(pathlib.Path(path).parent.parent), LD_LIBRARY_PATH=str(folder))
    for name, flags in (("default", ()), ("native", ("--native",))):
        done = subprocess.run([os.environ.get("SONDE", "build/sonde"), "record", "-F", "999", *flags, "-o",
                               folder / f"{name}.pb.gz", "--", folder / "copy" if file == path else path, folder / "app.py"],
                              capture_output=True, text=True, env=env, timeout=60)
        assert done.returncode == 0, done.stderr
    return folder


def runtime_rows(path, *flags):
    """name -> rows of the interpreter's own functions."""
    report = json.loads(sonde("report", path, "--json", *flags).stdout)
    rows = collections.defaultdict(list)
    for row in report["functions"]:
        if row["kind"] == "runtime" and row["module"].endswith("/copy"):
            rows[row["name"]].append(row)
    return rows


def lines_in(path):
    """How many places of the interpreter's functions the file has lines for, and has not."""
    with_line = without = 0
    for sample in pprof_min.read(path).samples:
        for location in sample.locations:
            for function, line in location.lines:
                if function.name.startswith("_PyEval_EvalFrameDefault"):
                    with_line, without = with_line + (line > 0), without + (line == 0)
    return with_line, without


def test_a_recording_names_them_without_lines_unless_native_is_asked_for(recorded):
    with_line, without = lines_in(recorded / "default.pb.gz")
    assert not with_line and without
    with_line, without = lines_in(recorded / "native.pb.gz")
    assert with_line and not without


def test_native_looks_up_their_lines_and_inlined_calls(recorded):
    looked_up, from_file = (runtime_rows(recorded / name, "--native") for name in ("default.pb.gz", "native.pb.gz"))
    assert looked_up["_PyEval_EvalFrameDefault"][0]["file"].endswith("ceval.c")
    assert looked_up["_PyEval_EvalFrameDefault"][0]["file"] == from_file["_PyEval_EvalFrameDefault"][0]["file"]
    # of two runs of the same program, the costly ones: inlined functions are there in both
    costly = {name for name, rows in from_file.items() if sum(row["total"] for row in rows) > 20e6}
    assert len(costly & set(looked_up)) > 0.8 * len(costly)
    symbols = subprocess.run(["nm", recorded / "copy"], capture_output=True, text=True).stdout.split()
    assert [name for name in looked_up if name not in symbols]


def test_of_another_build_they_keep_their_names(recorded):
    before = runtime_rows(recorded / "default.pb.gz", "--native")
    (recorded / "copy").rename(recorded / "away")
    try:
        shutil.copy2("/bin/true", recorded / "copy")
        replaced = runtime_rows(recorded / "default.pb.gz", "--native")
        (recorded / "copy").unlink()
        gone = runtime_rows(recorded / "default.pb.gz", "--native")
    finally:
        (recorded / "away").rename(recorded / "copy")
    assert gone == replaced != before
    assert not any(row["file"] for rows in gone.values() for row in rows)
    assert sum(row["self"] for rows in gone.values() for row in rows) == sum(
        row["self"] for rows in before.values() for row in rows)
    assert "_PyEval_EvalFrameDefault" in gone
