# SPDX-License-Identifier: Apache-2.0
"""What speedscope's importers make of the files that Sonde writes: the table of its sandwich view."""
import json
import re
import shutil
import subprocess

import pytest

import truth
from browser import HERE, TESTBED, missing

FOLDED = "main;parse;lex 300\nmain;parse;emit 100\nmain;sort;compare 500\nmain;sort 100\n"
WANTED = {"main": (1000, 0), "parse": (400, 0), "lex": (300, 300), "emit": (100, 100), "sort": (600, 100),
          "compare": (500, 500)}      # total, self
UNITS = {"": 1, "ns": 0.001, "\u00b5s": 1, "ms": 1000}  # where times are asked for, a count is a microsecond


def amount(cell):
    number, unit = re.match(r"([\d.,]+)(\D*) \(", cell).groups()
    return float(number.replace(",", "")) * UNITS[unit]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """{ending: {function: (total, self)}}"""
    if missing() or not shutil.which("npm") or not (TESTBED / "node/node_modules/speedscope").exists():
        pytest.skip(missing() or "speedscope is not in the test bed (tools/install-deps check)")
    folder = tmp_path_factory.mktemp("speedscope")
    (folder / "in.folded").write_text(FOLDED)
    files = {ending: folder / f"out.{ending}" for ending in ENDINGS}
    for path in files.values():
        subprocess.run([truth.SONDE, "convert", folder / "in.folded", path], check=True, capture_output=True)
    done = subprocess.run(["node", HERE / "speedscope.mjs", *files.values()], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    return {ending: {name: (amount(total), amount(own)) for total, own, name in seen[str(path)]["rows"]}
            for ending, path in files.items()}


ENDINGS = ["speedscope.json", "folded", "pb.gz", "cpuprofile", "callgrind", "trace.json"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_speedscope_reads_what_was_written(told, ending):
    # .cpuprofile: speedscope ends the last sample a microsecond early
    assert told[ending] == {name: pytest.approx(values, abs=1 if ending == "cpuprofile" else 0)
                            for name, values in WANTED.items()}
