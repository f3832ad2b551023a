# SPDX-License-Identifier: Apache-2.0
"""V8's log of node --prof says what node --prof-process says of it: every tick in the same function, with the same callers."""
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import pprof_min
from test_faults import check_refused, sonde

PROGRAM = """
function hot(n) { let s = 0; for (let i = 0; i < n; i++) s = (s * 31 + i) | 0; return s; }
function outer(n) { let t = 0; for (let i = 0; i < n; i++) t += hot(20000); return t; }
class Shape {
  area(n) { return outer(n); }
  get size() { let t = 0; for (let i = 0; i < 30; i++) t += hot(i * 100); return t; }
}
const end = Date.now() + 1500;
let x = 0, kept = [];
while (Date.now() < end) {
  x += new Shape().area(20) + new Shape().size;
  x += JSON.stringify(Array.from({ length: 2000 }, (_, i) => ({ i }))).length + "abcabc".repeat(500).replace(/(a|b)+c/g, "").length;
  kept = kept.slice(-50); kept.push(new Array(20000).fill(x).map(String));
}
"""


TESTBED = pathlib.Path(os.environ.get("SONDE_TESTBED", pathlib.Path.home() / ".cache/sonde-testbed"))


@pytest.fixture(scope="module", params=["node", "16", "18", "20", "22", "24", "25"])
def node(request):
    """The system's, and what `tools/testbed node-N` installs."""
    path = shutil.which("node") if request.param == "node" else TESTBED / f"node-{request.param}/node_modules/node/bin/node"
    if not path or not pathlib.Path(path).exists():
        pytest.skip(f"no Node.js {request.param}")
    return path


@pytest.fixture(scope="module")
def log(node, tmp_path_factory):
    folder = tmp_path_factory.mktemp("v8log")
    (folder / "app.js").write_text(PROGRAM)
    subprocess.run([node, "--prof", "--no-logfile-per-isolate", "--logfile=v8.log", "app.js"], cwd=folder, check=True)
    return folder / "v8.log"


def plain(code):
    """V8's entry of a function as Sonde names it, with its line."""
    found = re.match(r"((?:[gs]et )?\S*) (.*):(\d+):(\d+)$", code["name"])
    if not found:
        return None
    name, file, line, column = found.groups()
    return name or f"(anonymous {file.rpartition('/')[2]}:{line}:{column})", int(line)


def preprocessed(node, log):
    text = subprocess.run([node, "--prof-process", "--preprocess", log], capture_output=True, text=True, check=True).stdout
    return json.loads(text)


def theirs(node, log):
    data = preprocessed(node, log)
    js = {i: plain(code) for i, code in enumerate(data["code"]) if code["type"] == "JS"}
    stacks = collections.Counter()
    for tick in data["ticks"]:
        stacks[tuple(js[code] for code in reversed(tick["s"][::2]) if js.get(code))] += 1
    return stacks, len(data["ticks"])


def ours(log, folder):
    done = sonde("convert", log, folder / "out.pb.gz")
    assert done.returncode == 0, done.stderr
    profile = pprof_min.read(folder / "out.pb.gz")
    stacks = collections.Counter()
    for sample in profile.samples:
        frames = [f for location in reversed(sample.locations) for f, _ in location.lines if f.start_line and f.path]
        stacks[tuple((f.name, f.start_line) for f in frames if not f.path.endswith((".cc", ".h", ".c", ".S")))] += sample.values[0]
    return stacks, sum(s.values[0] for s in profile.samples)


def test_every_tick_is_in_the_same_javascript(node, log, tmp_path):
    wanted, n = theirs(node, log)
    got, n_ours = ours(log, tmp_path)
    same = sum((wanted & got).values())
    print(f"\n{node}: {same} of {n} ticks have the same stack")
    assert n == n_ours > 100
    assert same >= 0.995 * n, (wanted - got, got - wanted)
    assert sum(count for stack, count in got.items() if stack and stack[-1][0] in ("hot", "outer")) > 0.2 * n


def nameless(node, log):
    """Ticks whose instruction node's processor cannot name (it asks nm, which knows few functions of libc, and none of some handlers), by
    the first function above. Its summary counts some of them for that one and some for nobody; Sonde knows more. So with those in
    handlers of bytecodes, of baseline code and of inline caches, which the summary gives to who runs them."""
    data = preprocessed(node, log)
    passed_over = {-1} | {i for i, code in enumerate(data["code"]) if code["type"] == "CODE" and
                          (code["kind"] == "BytecodeHandler" or re.search(r"_Baseline(_|$)|IC(_|$)", code["name"]))}
    found = collections.Counter()
    for tick in data["ticks"]:
        named = [code for code in tick["s"][::2] if code not in passed_over]
        if tick["s"][0] in passed_over and named:
            name = re.match(r"(\w+) \S+app.js", data["code"][named[0]]["name"])
            found[name[1] if name else ""] += 1
    return found


def test_ticks_of_functions_and_states_are_those_of_the_summary(node, log):
    text = subprocess.run([node, "--prof-process", log], capture_output=True, text=True, check=True).stdout
    rows_of = collections.defaultdict(list)     # a function has one for each kind of its code
    for f in json.loads(sonde("report", log, "--limit", 0, "--json", "--native").stdout)["functions"]:
        rows_of[f["name"]].append(f)
    doubtful = nameless(node, log)
    rows = re.findall(r"^ +(\d+) +[\d.]+% +[\d.]+% +(?:JS|LazyCompile|Function): (?:[*^+~]'?)?(\w+) \S+app.js", text, re.M)
    wanted = collections.Counter()
    for count, name in rows:
        wanted[name] += int(count)
    assert wanted["hot"] + wanted["outer"] > 20  # the one may be inlined in the other
    for name in {"hot", "outer"} & set(wanted):
        assert wanted[name] - doubtful[name] <= sum(f["self"] for f in rows_of[name]) <= wanted[name], (name, doubtful)
        assert all(f["kind"] in ("turbofan", "maglev", "sparkplug", "interpreted") for f in rows_of[name])
    collected = int(re.search(r"^ +(\d+) .* GC$", text, re.M)[1])
    by_state = sonde("report", log, "--label", "state=^gc$", "--json", "--native")
    assert json.loads(by_state.stdout)["total"] == collected > 0


def test_a_log_without_ticks_is_refused(log, tmp_path):
    lines = [line for line in log.read_text().splitlines() if not line.startswith("tick,")]
    (tmp_path / "none.log").write_text("\n".join(lines))
    check_refused(sonde("report", tmp_path / "none.log"), 1, "none.log", "no ticks")
