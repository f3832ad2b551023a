# SPDX-License-Identifier: Apache-2.0
"""The tables of src/runtime/python/offsets.c are what the compiler says of each version's own headers."""
import glob
import os
import re
import subprocess
from pathlib import Path

import pytest

from test_python_reader import ROOT, reader  # noqa: F401 (a fixture)


def headers():
    """{"3.13": directories to include from}: pyenv's, the system's, and those of SONDE_PYTHON_HEADERS, each a
    usr/include; where free-threading was ever to be had, a second time with it."""
    found = {}
    roots = [*glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/include")), "/usr/include",
             *filter(None, os.environ.get("SONDE_PYTHON_HEADERS", "").split(":"))]
    for root in roots:
        for path in glob.glob(f"{root}/python3.*"):
            if not Path(path, "internal").exists() and not path.endswith(("3.6m", "3.6")):
                continue
            minor = int(re.search(r"3\.(\d+)", Path(path).name)[1])
            found[f"3.{minor}"] = (root, path)
            if minor >= 13:
                found[f"3.{minor}t"] = (root, path)
    return found


HEADERS = headers()


@pytest.mark.parametrize("version", sorted(HEADERS))
def test_every_offset_is_what_the_compiler_says(reader, version, tmp_path):  # noqa: F811
    root, path = HEADERS[version]
    (tmp_path / "include").mkdir()
    for multiarch in glob.glob(f"{root}/x86_64-linux-gnu/python3.*"):  # Debian's pyconfig.h, but no other header there
        (tmp_path / "include" / "x86_64-linux-gnu").mkdir(exist_ok=True)
        (tmp_path / "include" / "x86_64-linux-gnu" / Path(multiarch).name).symlink_to(multiarch)
    subprocess.run(["gcc", "-w", *(["-DPy_GIL_DISABLED"] if version.endswith("t") else []), f"-I{path}",
                    f"-I{path}/internal", f"-I{tmp_path}/include", str(ROOT / "tests" / "python_offsets.c"), "-o",
                    tmp_path / "offsets"], check=True)
    wanted = subprocess.run([tmp_path / "offsets"], capture_output=True, text=True, check=True).stdout
    told = subprocess.run([reader, "offsets", version.strip("t").split(".")[1], version.endswith("t") and "t" or "-"],
                          capture_output=True, text=True, check=True).stdout
    told = dict(line.split() for line in told.splitlines())
    assert {name: told[name] for name in dict(line.split() for line in wanted.splitlines())} == \
        dict(line.split() for line in wanted.splitlines())
    assert len(wanted.splitlines()) > 18
