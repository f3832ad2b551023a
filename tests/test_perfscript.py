# SPDX-License-Identifier: Apache-2.0
"""Text of `perf script` gives the stacks and totals that were in it, whichever of its fields were asked for, and those
that inferno-collapse-perf gives, where it is installed."""
import collections
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess

import pytest

import nodejs
import pprof_min

ROOT = pathlib.Path(__file__).resolve().parent.parent
SONDE = ROOT / "build/sonde"
INFERNO = shutil.which("inferno-collapse-perf", path=f"{os.environ['PATH']}:{pathlib.Path.home()}/.cargo/bin")


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def unfolded(text, skip=0):
    stacks = collections.Counter()
    for line in text.splitlines():
        stack, count = line.rsplit(" ", 1)
        stacks[tuple(stack.split(";")[skip:])] += int(count)
    return stacks


def convert(path, *options):
    return unfolded(run(SONDE, "convert", path, "-", "-f", "folded", *options))


def made(seed, event="cycles:P", offsets=True):
    """Samples of 1 to 60 frames, and their stacks weighed by period."""
    dice = random.Random(seed)
    functions = [(f"{word}::{verb}{i}", dice.choice(["/opt/server", "/usr/lib/libc.so.6", "[kernel.kallsyms]"]))
                 for i, (word, verb) in enumerate((w, v) for w in ("a", "lex", "std") for v in ("run", "at<int>", "f"))]
    text, stacks = [], collections.Counter()
    for number in range(400):
        stack = [dice.choice(functions) for _ in range(dice.randint(1, 60))]
        period = dice.randint(1, 1 << 33)
        comm = dice.choice(["worker 7", "kworker/0:1-ev", "a (b)"])
        text.append(f"{comm} {number:7}/{number:<7} [{number % 4:03}] {number + 1}.{number:06}: {period:10} {event}: \n")
        for name, module in reversed(stack):
            where = dice.randint(0xffffffff80000000, 0xffffffffffffffff) if module[0] == "[" else dice.randint(1, 1 << 40)
            text.append(f"\t{where:16x} {name}{'+0x%x' % dice.randint(0, 999) if offsets else ''} ({module})\n")
        text.append("\n")
        stacks[tuple(name for name, _ in stack)] += period
    return "".join(text), stacks


@pytest.mark.parametrize("offsets", [True, False])
def test_the_stacks_are_those_in_the_text(tmp_path, offsets):
    text, stacks = made(1, offsets=offsets)
    (tmp_path / "x.txt").write_text(text)
    assert convert(tmp_path / "x.txt") == stacks
    run("gzip", "-k", tmp_path / "x.txt")
    assert convert(tmp_path / "x.txt.gz") == stacks
    run(SONDE, "convert", tmp_path / "x.txt", tmp_path / "x.pb.gz")
    assert convert(tmp_path / "x.pb.gz") == stacks


def test_inferno_finds_the_same(tmp_path):
    if not INFERNO:
        pytest.skip("no inferno-collapse-perf")
    (tmp_path / "x.txt").write_text(made(2)[0])
    assert convert(tmp_path / "x.txt") == unfolded(run(INFERNO, tmp_path / "x.txt"), skip=1)


def test_a_text_of_only_other_lines_is_refused(tmp_path):
    (tmp_path / "x.txt").write_text("# ========\n# captured on    : today\n# hostname : x\n")
    done = subprocess.run([SONDE, "convert", tmp_path / "x.txt", tmp_path / "x.pb"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "there is no sample in it" in done.stderr


COUNTING = ("python3", "-c", "sum(len(str(i)) for i in range(300000))")


def recorded(place, *options, command=COUNTING):
    """A recording of this machine's perf; None where it cannot."""
    data = place / "perf.data"
    done = subprocess.run(["perf", "record", "-B", "-N", "-e", "cpu-clock", "-F", "999", *options, "-o", data, "--", *command],
                          capture_output=True)
    if done.returncode:
        return None
    # While another recording on the machine asks for build ids, Linux marks ours as having them too, and perf 6.1 dies.
    raw = bytearray(data.read_bytes())
    at, size = struct.unpack_from("<QQ", raw, 40)
    end = at + size
    while at < end:
        kind, misc, size = struct.unpack_from("<IHH", raw, at)
        if kind == 10 and misc & 0x4000 and raw[at + 40] > 20:
            struct.pack_into("<H", raw, at + 4, misc & ~0x4000)
        at += size or end
    data.write_bytes(raw)
    return data


FIELDS = ["comm,tid,time,event,ip,sym,dso", "comm,pid,tid,time,period,event,ip,sym,symoff,dso", "comm,tid,period,event,ip,sym",
          "ip,sym,dso", "comm,pid,time,ip,sym,dso,srcline", "comm,tid,time,period,event,ip"]


@pytest.mark.parametrize("options", [["-g"], []], ids=["chains", "no chains"])
def test_all_samples_are_found_whatever_fields_were_asked_for(tmp_path, options):
    data = shutil.which("perf") and recorded(tmp_path, *options)
    if not data:
        pytest.skip("perf cannot record here")
    for fields in FIELDS:
        done = subprocess.run(["perf", "script", "-i", data, "-F", fields], capture_output=True, text=True, errors="replace")
        if done.returncode:
            pytest.skip(f"perf script failed: {done.stderr[:60]}")
        (tmp_path / "x.txt").write_text(done.stdout)
        report = run(SONDE, "convert", tmp_path / "x.txt", tmp_path / "x.pb")
        assert report == ""
        stacks = convert(tmp_path / "x.pb")
        heads = len(re.findall(r"^[^\t\n# ]" if options else r"^(?!  [^ ])", done.stdout.rstrip("\n"), re.M))
        if fields == "ip,sym,dso" and options:
            heads = len(re.findall(r"(?:^|\n)\n\t", done.stdout))
        total = sum(stacks.values())
        assert total and (total == heads or "period" in fields)


def test_the_generator_of_the_bench_is_read_whole(tmp_path):
    generator = tmp_path / "gen"
    run("gcc", "-O2", "-D_GNU_SOURCE", ROOT / "bench/gen_perfscript.c", "-o", generator)
    text = run(generator, "4")
    (tmp_path / "x.txt").write_text(text)
    periods = sum(int(period) for period in re.findall(r": +(\d+) cycles:P: \n", text))
    stacks = convert(tmp_path / "x.txt")
    assert sum(stacks.values()) == periods
    if INFERNO:
        assert stacks == unfolded(run(INFERNO, tmp_path / "x.txt"), skip=1)


LOOP = """\
function spinning(n) { let s = 0; for (let i = 0; i < n; i++) s = (s * 31 + i) % 1000003; return s; }
class Box { spin(n) { return spinning(n); } }
const until = Date.now() + 1000, box = new Box();
while (Date.now() < until) { box.spin(30000); [3, 2, 1].map((x) => spinning(x * 3000)); /(a|b)*c$/.test('ab'.repeat(150)); }
"""


@pytest.mark.parametrize("how", ["perf.data", "perf script"])
@pytest.mark.parametrize("version", nodejs.VERSIONS)
def test_names_of_nodes_perf_map_are_told_apart(tmp_path, version, how):
    """What `node --perf-basic-prof` writes: function, file, line and compiler, as Sonde itself tells them."""
    if not os.access(nodejs.node(version), os.X_OK):
        pytest.skip(f"node {version} is not installed")
    (tmp_path / "app.js").write_text(LOOP)
    data = shutil.which("perf") and recorded(tmp_path, "-g", command=[nodejs.node(version), "--perf-basic-prof",
                                                                       "--interpreted-frames-native-stack", str(tmp_path / "app.js")])
    if not data:
        pytest.skip("no perf here, or it may not record")
    try:
        if how == "perf script":
            (tmp_path / "text").write_text(run("perf", "script", "-i", data))
            data = tmp_path / "text"
        run(SONDE, "convert", data, tmp_path / "out.pb.gz")
    finally:
        for path in pathlib.Path("/tmp").glob("perf-*.map"):
            if str(tmp_path) in path.read_text(errors="replace"):
                path.unlink(missing_ok=True)
    functions = pprof_min.read(tmp_path / "out.pb.gz")
    frames = {(f.name, f.path, f.start_line) for s in functions.samples for location in s.locations for f, _ in location.lines}
    kinds = {frame.kind for stack in nodejs.stacks_of_sonde(tmp_path / "out.pb.gz") for frame in stack.frames if frame.name == "spinning"}
    own = str(tmp_path / "app.js")
    assert ("spinning", own, 1) in frames and ("spin", own, 2) in frames, frames
    assert any(name.startswith("(anonymous app.js:") and path == own for name, path, _ in frames), frames
    assert "RegExp: (a|b)*c$" in {name for name, *_ in frames}, frames
    assert not [name for name, *_ in frames if re.match(r"(JS|LazyCompile|Function|Script|Eval|RegExp):[o~^+*.]", name)]
    assert kinds & {"turbofan", "maglev"}, kinds
