# SPDX-License-Identifier: Apache-2.0
"""The classes of methods, of the programs that tools/testbed installs for Node.js, as runtime/v8/classes.c reads them of the text, against TypeScript's
own parser."""
import json
import os
import pathlib
import subprocess

import pytest

import nodejs

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = nodejs.BED / "node-programs" / "node_modules"
FILES = 300


@pytest.fixture(scope="module")
def reader():
    objects = [f"build/rel/{str(s.relative_to(ROOT / 'src'))[:-1]}o" for room in ("base", "elf", "proc", "runtime")
               for s in sorted((ROOT / "src" / room).rglob("*.c")) if not s.name.endswith(("_test.c", "_fuzz.c"))]
    out = ROOT / "build" / "tests" / "v8_classes"
    out.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["make", "-s", *objects], cwd=ROOT, check=True)
    subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Isrc", "tests/v8_classes.c", *objects, "-ldeflate", "-lzstd", "-lz",
                    "-lpthread", "-o", str(out)], cwd=ROOT, check=True)
    return out


def test_methods_of_real_programs_have_the_class_that_a_parser_gives_them(reader):
    node = next((n for n in map(nodejs.node, (24, 22, 20)) if os.access(n, os.X_OK)), None)
    if not node or not (PROGRAMS / "typescript").exists():
        pytest.skip("no Node.js or no programs (tools/testbed node-24 node-programs)")
    files = [str(p) for p in sorted(nodejs.BED.glob("node-*/node_modules/**/*.js")) if p.is_file() and "class " in p.read_text("latin-1")][:FILES]
    told = subprocess.run([reader, *files], capture_output=True, check=True).stdout.decode("latin-1")
    found, current = {}, {}
    for line in told.split("\n"):
        if line.startswith("= "):
            current = found[line[2:]] = {}
        elif line:
            position, _, name = line.partition(" ")
            current[int(position)] = name
    parsed = subprocess.run([node, nodejs.SOURCES / "classes.js"], input="\n".join(files), capture_output=True, text=True, check=True,
                            env=dict(os.environ, NODE_PATH=str(PROGRAMS))).stdout
    members = [(file, at, name, found[file].get(at, "")) for file, all_of in map(json.loads, parsed.splitlines()) for at, name in all_of]
    named = [m for m in members if m[2]]
    wrong = [m for m in members if m[3] and m[3] != m[2]]
    missing = [m for m in named if not m[3]]
    assert len(named) > 300, len(named)
    assert not wrong, wrong[:5]
    assert len(missing) <= 0.01 * len(named), missing[:5]
