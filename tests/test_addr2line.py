# SPDX-License-Identifier: Apache-2.0
"""10,000 sampled addresses of a C++ program full of inlined calls: function, file, line and inline chain
are what `addr2line -a -i -f` says."""
import fcntl
import os
import shutil
import subprocess

import pytest

import pprof_min
import truth
from test_oracle import addr2line

KINDS = 120     # of work, in the generated program
WANTED = 10000  # distinct addresses


@pytest.fixture(scope="module", params=["g++ -O2 -g", "clang++ -O2 -g -gdwarf-4"], ids=["gcc-dwarf5", "clang-dwarf4"])
def program(request):
    compiler = request.param.split()[0]
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


def differences(location, chain):
    """What differs between a location's inline chain and addr2line's; None when nothing."""
    got = [(function.name, function.system_name, os.path.normpath(function.path) if function.path else "", line)
           for function, line in location.lines]
    if len(got) != len(chain):
        return "inline chain"
    for i, ((name, system_name, path, line), (wanted, place, wanted_line)) in enumerate(zip(got, chain)):
        if line != wanted_line:
            return "line"
        if wanted != "??" and wanted not in (name, system_name):
            return "function"
        # pprof keeps a function's own file; addr2line's is the line's: equal unless a file is included in a body
        if place not in ("??", ".") and path and os.path.basename(path) != os.path.basename(place):
            return "file"
    return None


def test_names_files_lines_and_inlined_calls_equal_addr2line(program, tmp_path):
    own = sampled(program, tmp_path / "p.pb.gz")
    assert len(own) >= WANTED, f"only {len(own)} distinct addresses"
    said = addr2line(program, sorted(own))
    counts, examples = {}, {}
    for address, chain in said.items():
        kind = differences(own[address], chain)
        if kind:
            counts[kind] = counts.get(kind, 0) + 1
            examples.setdefault(kind, []).append(
                (hex(address), [(f.name, f.path, line) for f, line in own[address].lines], chain))
    print(f"{len(said)} addresses, different: {counts or 'none'}")
    assert not counts, (counts, {kind: rows[:3] for kind, rows in examples.items()})
