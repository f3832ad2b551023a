# SPDX-License-Identifier: Apache-2.0
"""Heap profiles of V8: what `node --heap-prof` writes, summed up by Python and by Sonde."""
import collections
import json
import shutil
import subprocess

import pytest

from test_help import SONDE

PROGRAM = """globalThis.kept = [];
function keep(n) { for (let i = 0; i < n; i++) globalThis.kept.push({ i, s: 'x' + i }); }
function both() { keep(200000); const a = []; for (let i = 0; i < 100000; i++) a.push([i]); globalThis.kept.push(a); }
both(); keep(100000);
setTimeout(() => console.log(globalThis.kept.length), 50);    // what nobody needs any more would be gone
"""


def test_each_function_holds_what_v8_says(tmp_path):
    if not shutil.which("node"):
        pytest.skip("no node")
    (tmp_path / "x.js").write_text(PROGRAM)
    subprocess.run(["node", "--heap-prof", "--heap-prof-name", "x.heapprofile", "x.js"], cwd=tmp_path, check=True, capture_output=True)
    own, total = collections.Counter(), collections.Counter()

    def walk(node, callers):
        frame = node["callFrame"]
        name = frame["functionName"]
        below = node["selfSize"] + sum(walk(child, callers | {name}) for child in node["children"])
        own[name] += node["selfSize"]
        if name not in callers:
            total[name] += below
        return below
    everything = walk(json.loads((tmp_path / "x.heapprofile").read_text())["head"], frozenset())
    done = subprocess.run([SONDE, "report", "x.heapprofile", "--json"], cwd=tmp_path, capture_output=True, text=True, check=True)
    got = json.loads(done.stdout)
    assert (got["type"], got["unit"], got["total"]) == ("inuse_space", "bytes", everything)
    rows = {f["name"]: (f["self"], f["total"]) for f in got["functions"]}
    for name in ("keep", "both"):
        assert rows[name] == (own[name], total[name]) and total[name] > 100000
