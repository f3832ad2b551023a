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
