# SPDX-License-Identifier: Apache-2.0
"""JavaScript in the stack: a program of known shape, on the Node.js that is installed."""
import shutil
import subprocess

import pytest

import pprof_min
import truth

PROGRAM = """\
class Box {
	spin(n) { let s = 0; for (let i = 0; i < n; i++) s += Math.sqrt(i * n); return s; }
}
function slowFunction() { const box = new Box(); let s = 0; for (let i = 0; i < 30; i++) s += box.spin(1e6); return s; }
function sorted() { return Array.from({length: 20000}, (_, i) => i * 7919 % 20011).sort((a, b) => a - b)[0]; }
const end = Date.now() + 3000;
while (Date.now() < end) { slowFunction(); sorted(); }
"""


@pytest.mark.skipif(not shutil.which("node"), reason="no node")
def test_functions_of_node_are_named_in_their_stacks(tmp_path):
    (tmp_path / "app.js").write_text(PROGRAM)
    path = tmp_path / "p.pb.gz"
    subprocess.run([truth.SONDE, "record", "-F", "499", "-o", str(path), "--", "node", str(tmp_path / "app.js")],
                   check=True, capture_output=True, timeout=120)
    stacks = [([(f.name, f.path, line) for loc in s.locations for f, line in loc.lines], s.values[0])
              for s in pprof_min.read(path).samples]
    total = sum(n for _, n in stacks)

    def share(name):
        return sum(n for frames, n in stacks if any(f[0] == name for f in frames)) / total
    assert share("slowFunction") > 0.5
    assert share("__libc_start_main_impl") + share("__libc_start_main") > 0.5     # down to the root
    cut = sum(n for frames, n in stacks if any(name.startswith("[stack cut") for name, _, _ in frames))
    assert cut / total < 0.03
    places = {(file, line) for frames, _ in stacks for name, file, line in frames if name == "slowFunction"}
    assert (str(tmp_path / "app.js"), 4) in places, places
    assert share("sorted") > 0.01


LOOP = """\
function mix(x, j) { return (x * 31 + j) % 1000003; }
function odd(x) {
	if (x & 1)
		return x * 3 + 1;
	return x >> 1;
}
const end = Date.now() + 2000;
function main() {
	let x = 1;
	for (let i = 0; ; i++) {
		x = mix(x, i);
		if (i % 100000 === 0 && Date.now() > end)
			return x;
		x = odd(x);
	}
}
main();
"""


@pytest.mark.skipif(not shutil.which("node"), reason="no node")
def test_a_loop_that_is_compiled_while_it_runs_keeps_its_lines_and_inlined_calls(tmp_path):
    (tmp_path / "loop.js").write_text(LOOP)
    path = tmp_path / "p.pb.gz"
    subprocess.run([truth.SONDE, "record", "-F", "499", "-o", str(path), "--", "node", str(tmp_path / "loop.js")],
                   check=True, capture_output=True, timeout=120)
    ours = [([(f.name, line) for loc in s.locations for f, line in loc.lines if f.path == str(tmp_path / "loop.js")],
             s.values[0]) for s in pprof_min.read(path).samples]
    total = sum(n for frames, n in ours if frames)
    assert total > 200
    assert sum(n for frames, n in ours if frames and all(line for _, line in frames)) / total > 0.98
    lines = {"mix": {1}, "odd": {2, 3, 4, 5}, "main": {8, 9, 10, 11, 12, 13, 14}}
    assert all(line in lines[name] for frames, _ in ours for name, line in frames if name in lines and line)
    # main's one call is never returned from: all that runs is in it
    assert sum(n for frames, n in ours if frames and frames[0][0] in ("mix", "odd")) / total > 0.2
