# SPDX-License-Identifier: Apache-2.0
"""Pages in headless Chromium: what that needs, and the tables of tests in tests/page/ (visit.mjs says how they are called).

Needs node, chromium and npm's playwright-core in the test bed's folder; skips by name without them."""
import functools
import json
import os
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent / "page"
TESTBED = pathlib.Path(os.environ.get("SONDE_TESTBED", pathlib.Path.home() / ".cache/sonde-testbed"))
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


def missing():
    if not shutil.which("node"):
        return "node is not installed"
    if not (TESTBED / "node/node_modules/playwright-core").exists():
        return "playwright-core is not in the test bed (npm i playwright-core in " + str(TESTBED / "node") + ")"
    return "" if os.path.exists(CHROMIUM) else "chromium is not installed"


def need():
    if missing():
        pytest.skip(missing())


@functools.cache
def cases(script):
    """The sentences of a table's tests."""
    if not shutil.which("node"):
        return ["(node is not installed)"]
    done = subprocess.run(["node", HERE / script, "--list"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def evaluate(page, fragment, function):
    """What a function of JavaScript returns in a page that is open."""
    done = subprocess.run(["node", HERE / "evaluate.mjs", page, fragment, function], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def run(script, folder):
    """Runs them all over the pages in a folder: sentence -> what failed, or ''."""
    done = subprocess.run(["node", HERE / script, folder], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
