# SPDX-License-Identifier: Apache-2.0
"""10,000 sampled addresses of a C++ program full of inlined calls: function, file, line and inline chain
are what `addr2line -a -i -f` says (test_oracle.differences tells of its two known errors)."""
import fcntl
import os
import shutil
import subprocess

import pytest

import pprof_min
import truth
from test_oracle import differences

KINDS = 120     # of work, in the generated program
WANTED = 10000  # distinct addresses


@pytest.fixture(scope="module", params=["g++ -O2 -g", "clang++ -O2 -g -gdwarf-4"], ids=["gcc-dwarf5", "clang-dwarf4"])
def program(request):
    compiler = request.param.split()[0]
    if compiler != "g++" and not os.environ.get("SONDE_FULL"):
        pytest.skip("a second compiler only with SONDE_FULL=1 (building takes a minute)")
    if not shutil.which(compiler):
        pytest.skip(f"no {compiler}")
    out = truth.cache_dir() / f"inlines-{request.param.replace(' ', '')}"
    with open(f"{out}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.exists():
            source = subprocess.run(["python3", str(truth.SOURCES / "inlines.py"), str(KINDS)],
                                    capture_output=True, check=True).stdout
            out.with_suffix(".cc").write_bytes(source)
            subprocess.run([*request.param.split(), "-std=c++17", "-o", f"{out}.new", f"{out}.cc"], check=True)
            os.rename(f"{out}.new", out)
    return out


def sampled(program, path):
    """address -> Location of the program's own code, over as many runs as it takes."""
    own = {}
    for _ in range(4):
        done = subprocess.run([truth.SONDE, "record", "-F", "4999", "-o", str(path), "--", str(program), "6"],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        for location in pprof_min.read(path).locations.values():
            if os.path.basename(location.mapping.path) == program.name and location.address:
                own[location.address] = location
        if len(own) >= WANTED:
            break
    return own


def test_names_files_lines_and_inlined_calls_equal_addr2line(program, tmp_path):
    own = sampled(program, tmp_path / "p.pb.gz")
    assert len(own) >= WANTED, f"only {len(own)} distinct addresses"
    wrong = differences(program, own.values())
    print(f"{len(own)} sampled addresses, {sum(len(l.lines) for l in own.values())} frames, {len(wrong)} differ")
    assert not wrong, [(what, hex(l.address), [(f.name, f.path, n) for f, n in l.lines], chain)
                       for what, l, chain in wrong[:3]]
