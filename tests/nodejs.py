#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Profiles Node.js programs that know where their own CPU time went, or what their own stack is, and compares.

    python3 tests/nodejs.py --all           every version, mode and workload, one table
    python3 tests/nodejs.py --quick         the rows that ./check runs
    python3 tests/nodejs.py NAME...         rows whose "version mode workload" holds a NAME
    --install                               first installs the versions and programs that tools/testbed can install
    --seconds S, --keep DIR, --once, --list

The judge of shares is tests/truth.py's; JIT and GC threads have a share of their own ("@others"). Beside it, by what V8
tells an inspector of the same program (workloads/node/known.js): each JavaScript frame must have the name of a function of
its file ("names"), and a line and column where that function, and none inside it, stands ("lines"). The stacks that
oracle.js tells of itself (`new Error().stack`) must be met frame by frame, name, file, line and column ("stacks").
"""
import bisect
import collections
import fcntl
import functools
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
from dataclasses import dataclass, field, replace

import matrix
import pprof_min
import truth

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE / "workloads" / "node"
BED = truth.TESTBED
PROGRAMS = BED / "node-programs" / "node_modules"
SECONDS = 3
SPIN_MS = 50
RUN_S = 900         # "churn mixed" takes four minutes of two processors
VERSIONS = (16, 18, 20, 21, 22, 24, 25, 26)


@dataclass(frozen=True)
class Mode:
    name: str
    options: tuple = ()
    since: int = 16
    until: int = 99
    kinds: str = ""             # of JavaScript's frames every one must be of a kind that this matches


# "churn" makes V8 compile, throw away and collect all the time, in every program.
MODES = [
    Mode("default"),
    Mode("jitless", ("--jitless",), kinds="interpreted"),
    Mode("no-opt", ("--no-opt",), kinds="interpreted|sparkplug|jit", until=20),
    Mode("no-opt", ("--no-opt", "--no-maglev"), kinds="interpreted|sparkplug|jit", since=22),
    Mode("sparkplug", ("--sparkplug", "--always-sparkplug")),
    Mode("no-sparkplug", ("--no-sparkplug",), kinds="interpreted|maglev|turbofan|jit"),
    Mode("maglev", ("--maglev",), since=20, until=20),
    Mode("no-maglev", ("--no-maglev",), since=22, kinds="interpreted|sparkplug|turbofan|jit"),
    Mode("always-osr", ("--always-osr",)),
    Mode("max-lazy", ("--max-lazy",)),
    Mode("no-lazy", ("--no-lazy",)),
    Mode("no-inlining", ("--no-turbo-inlining",)),
    Mode("small-heap", ("--max-semi-space-size=1", "--max-old-space-size=64")),
    Mode("churn", ("--interrupt-budget=2000", "--stress-compaction", "--gc-interval=2000", "--stress-flush-code",
                   "--flush-bytecode", "--deopt-every-n-times=1000")),
    Mode("perf-basic-prof", ("--perf-basic-prof",)),
]


@dataclass(frozen=True)
class Workload:
    name: str
    arguments: tuple
    how: str = "command"        # attach, renamed, stripped
    kind: str = "mixed"         # oracle, program
    modes: str = ".*"
    versions: str = ".*"


TSC = "{programs}/typescript/lib/_tsc.js"
WORKLOADS = [
    Workload("mixed", ("mixed.js", "{seconds}"), modes="default|jitless|no-opt|sparkplug|maglev|always-osr|small-heap|churn"),
    Workload("oracle", ("oracle.js",), kind="oracle"),
    Workload("stress", ("oracle.js", "stress"), kind="oracle",
             modes="default|jitless|sparkplug|maglev|no-maglev|small-heap|no-opt"),
    Workload("attach", ("mixed.js", "{seconds}"), how="attach", modes="default|jitless"),
    Workload("oracle-attach", ("oracle.js",), how="attach", kind="oracle", modes="default"),
    Workload("renamed", ("mixed.js", "{seconds}"), how="renamed", modes="default"),
    Workload("stripped", ("oracle.js",), how="stripped", kind="oracle", modes="default"),
    Workload("express", ("server.js", "{seconds}"), modes="default|jitless", versions="18|20|24|25"),
    Workload("typescript", (TSC, "--noEmit", "--allowJs", "--checkJs", "--maxNodeModuleJsDepth", "0", "--skipLibCheck", TSC),
             kind="program", modes="default", versions="16|20|24"),
]

QUICK = ("16 default oracle", "18 default oracle-attach", "20 jitless mixed", "22 default mixed", "24 default oracle", "25 default attach", "26 default oracle")


@dataclass
class Row:
    version: int
    mode: Mode
    workload: Workload
    verdict: object = None          # truth.Verdict
    names: float = None
    lines: float = None
    stacks: float = None
    classes: float = None
    kinds: collections.Counter = field(default_factory=collections.Counter)
    errors: collections.Counter = field(default_factory=collections.Counter)
    skipped: str = ""
    failures: list = field(default_factory=list)
    tries: int = 1

    @property
    def name(self):
        return f"{self.version} {self.mode.name} {self.workload.name}"


def rows():
    return [Row(v, m, w) for v in VERSIONS for m in MODES for w in WORKLOADS
            if m.since <= v <= m.until and re.fullmatch(w.modes, m.name) and re.fullmatch(w.versions, str(v))]


def node(version):
    return str(BED / f"node-{version}" / "node_modules" / "node" / "bin" / "node")


@functools.cache
def native():
    """The addon, built when missing."""
    if not shutil.which("gcc"):
        raise matrix.Skip("no gcc for the addon that reads thread CPU time")
    text = (SOURCES / "native.c").read_bytes()
    folder = BED / f"nodejs-{hashlib.sha256(text).hexdigest()[:10]}"
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / "native.node"
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.exists():
            subprocess.run(["gcc", "-D_GNU_SOURCE", "-O2", "-g", "-shared", "-fPIC", "-o", str(folder / "new"), str(SOURCES / "native.c")],
                           check=True)
            (folder / "new").rename(out)
    return out


def environment(**more):
    return dict(os.environ, SONDE_NATIVE=str(native()), ORACLE_SPIN_MS=str(SPIN_MS), LC_ALL="C.UTF-8",
                NODE_PATH=str(PROGRAMS), **more)


# Frames


@dataclass(frozen=True)
class Frame:
    name: str
    path: str = ""
    line: int = 0
    column: int = 0
    kind: str = ""

    @property
    def wasm(self):
        return self.name == "(wasm function)" or self.path.startswith("wasm://")

    @property
    def js(self):
        return self.kind in JS_KINDS and not self.wasm and not self.name.startswith(("[v8: ", "RegExp: ", "(regular"))


JS_KINDS = ("interpreted", "jit", "sparkplug", "maglev", "turbofan")


@dataclass
class Stack:
    frames: list            # leaf first
    count: int
    thread: str = ""
    tid: int = 0
    pid: int = 0


def plain_path(path):
    return urllib.parse.unquote(path[7:]) if path.startswith("file:///") else path


def stacks_of_sonde(path):
    data = pprof_min.read(path)
    index = next((i for i, (kind, _) in enumerate(data.types) if kind == "samples"), 0)
    ranges = pprof_min.kind_ranges(data.comments)

    @functools.cache
    def frames_at(number):
        location = data.locations[number]
        kind = next((k for first, last, k in ranges if first <= number <= last), "")
        return [Frame(f.name, f.path, line, column, kind)
                for (f, line), column in zip(location.lines, location.columns)] or [Frame("", kind=kind)]

    return [Stack([f for location in s.locations for f in frames_at(location.number)], s.values[index],
                  str(s.labels.get("thread", "")), s.labels.get("tid", 0), s.labels.get("pid", 0)) for s in data.samples]


# What V8 knows of the functions


@dataclass(frozen=True)
class Function:
    name: str           # its own, or the one that V8 inferred; may be empty
    file: str
    start: tuple        # (line, column)
    end: tuple
    inside: str         # a class's name
    made: bool = False  # the constructor that a class has without writing it
    member: bool = False    # a method or accessor of that class

    def names(self):
        """What Sonde may call it (docs/nodejs.md)."""
        if not self.name:
            return {self.place_as_name()}
        return {self.name, f"{self.inside}.{self.name}"} if self.inside and self.inside != self.name else {self.name}

    def place_as_name(self):
        base = self.file if self.file.startswith("[") else self.file.rpartition("/")[2]
        return f"(anonymous {base}:{self.start[0]}:{self.start[1]})"


class Script:
    """The functions of one text, and which of them stands where. Constructors that no text has are the class."""

    def __init__(self, functions):
        self.classes = [f for f in functions if f.made]
        functions = [f for f in functions if not f.made]
        # outer ones first where two begin at one place
        self.functions = sorted(functions, key=lambda f: (f.start, (-f.end[0], -f.end[1])))
        self.starts = [f.start for f in self.functions]

    def at(self, place):
        """The innermost function around a place; None outside of all."""
        i = bisect.bisect_right(self.starts, place)
        return next((f for f in reversed(self.functions[:i]) if place < f.end), None)

    def can_be_at(self, function, place):
        """Whether the function can stand there: inside itself, and not inside another one, which it may only make there."""
        if not function.start <= place < function.end:
            return False
        inner = self.at(place)
        return inner == function or inner.start == place and self.at((place[0], place[1] - 1)) in (function, None)


class Known:
    """url -> scripts of a program, as one version of V8 has them. eager: V8 was told to compile all at once."""

    def __init__(self, told, eager=False):
        self.eager = eager
        self.files = collections.defaultdict(list)
        for url, scripts in told.items():
            path = plain_path(url)
            for functions in scripts:
                self.files[path].append(Script([Function(name, path, (a, b), (c, d), *more)
                                                for name, a, b, c, d, *more in functions]))

    def add_alias(self, path, of):
        """Code that eval() made, of which an inspector tells no name."""
        self.files[path] += [Script([replace(f, file=path) for f in script.functions + script.classes])
                             for script in self.files.get(of, [])]

    @functools.lru_cache(maxsize=None)
    def member(self, frame):
        """The class of the method or accessor that a frame is of; empty: it is of none, or one or the other has no name."""
        for script in self.files.get(frame.path, []):
            for function in script.functions:
                if function.member and function.inside and function.name and frame.name in function.names() and \
                        script.can_be_at(function, (frame.line, frame.column)):
                    return function.inside if function.inside != function.name else ""
        return ""

    def functions_at(self, path, place):
        """Those that may stand there: where one begins, also the one that makes it."""
        found = []
        for script in self.files.get(path, []):
            inner = script.at(place)
            found += [f for f in (inner, inner and inner.start == place and script.at((place[0], place[1] - 1))) if f]
        return found

    def names_at(self, told, path, place):
        """What a frame may be called of which `new Error().stack` tells a name: as V8's own table has the function. Where a
        closure was given another name, either; where V8 has thrown the function away, the name told. Each thread compiles
        Node's own files anew, and one that does so eagerly has no name where another has inferred one."""
        functions = self.functions_at(path, place)
        same = [f for f in functions if f.name == ("" if told == "eval" else told)]
        unnamed = {f.place_as_name() for f in functions} if self.eager and not told and path.startswith("node:") else ()
        return frozenset().union(*(f.names() for f in same or functions), {told} if told not in ("", "eval") else (), unnamed)

    @functools.lru_cache(maxsize=None)
    def judge(self, frame):
        """(name right, place right); None where V8 was not asked: a file that is not the program's, or a function of another
        file than the workload's own that was thrown away before."""
        if not frame.path:      # a function of the program's, whose script could not be read
            return True, False
        if frame.path not in self.files:
            return None
        named = place = False
        for script in self.files[frame.path]:
            for function in script.functions:
                if frame.name in function.names():
                    named = True
                    place = place or script.can_be_at(function, (frame.line, frame.column))
            for made in script.classes:
                named = named or frame.name == made.name
                place = place or frame.name == made.name and made.start <= (frame.line, frame.column) < made.end
        own = str(SOURCES) in frame.path or not frame.path.startswith(("node:", "/"))
        return (named, place) if named or own else None


# Where all is compiled at once V8 (9.4 to 13.6 at least) infers no names for functions that are assigned to something, and says so
# itself.
NAMING_OPTIONS = ("--no-lazy",)


@functools.cache
def known(binary, arguments, options=()):
    """Of a program that is run once more, under V8's own inspector and unprofiled; options: those that names depend on."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "known.json")
        done = subprocess.run([binary, *options, "--expose-gc", "-r", str(SOURCES / "known.js"), *arguments], capture_output=True,
                              text=True, env=dict(environment(KNOWN_FILE=str(out)), ORACLE_SPIN_MS="1"), timeout=300,
                              cwd=folder)
        if not out.exists():
            raise RuntimeError(f"known.js: {done.stderr[-300:]}")
        found = Known(json.loads(out.read_text()), bool(options))
    for path in list(found.files):
        if path.startswith(str(SOURCES)):
            found.add_alias(f"[eval in {path}]", "")
    return found


# The oracle


def expected_stacks(text, functions):
    """label -> what oracle.js told, each frame as (names that are right, file, line, column); labels skipped."""
    expected, skipped = {}, []
    for line in text.splitlines():
        if line.startswith('{"label"'):
            told = json.loads(line)
            if "skipped" in told:
                skipped.append(told["label"])
            else:
                told["frames"] = [wanted_frame(functions, *frame) for frame in told["frames"]]
                expected[told["label"]] = told
    return expected, skipped


def wanted_frame(functions, name, path, line, column):
    path = plain_path(path)
    if path.startswith("wasm://"):
        return frozenset({name}), "", 0, 0
    return functions.names_at(name, path, (line, column)), path, line, column


def frame_is(got, wanted):
    names, path, line, column = wanted
    if not path:
        return got.wasm and got.name in names
    if (got.path, got.line, got.column) != (path, line, column) and not is_peeled(got, path):
        return False
    # of a function of Node's own that V8 has thrown away before it was asked nothing but the name is known, if it has one
    return got.name in names or path.startswith("node:") and (
        not names and got.name.startswith("(anonymous ") or any(got.name.endswith(f".{name}") for name in names))


def is_peeled(got, path):
    """Where Maglev has made a loop's first round apart, V8's own table places the calls inlined into it at the loop's head."""
    return got.kind == "maglev" and got.path == path and text_at(path, got.line, got.column).startswith("for (")


@functools.cache
def lines_of(path):
    return pathlib.Path(path).read_text().split("\n") if os.path.exists(path) else []


def text_at(path, line, column):
    return lines_of(path)[line - 1][column - 1:] if 0 < line <= len(lines_of(path)) else ""


def below_spin(frames):
    for i in range(len(frames) - 1, -1, -1):
        if frames[i].js and frames[i].name == "spin" and frames[i].path.endswith("/oracle.js"):
            return i + 1
    return None


def equal_frames(got, wanted):
    """How many are equal from the leaf, and in all, counted from both ends."""
    n = m = 0
    while n < min(len(got), len(wanted)) and frame_is(got[n], wanted[n]):
        n += 1
    while m < min(len(got), len(wanted)) - n and frame_is(got[-1 - m], wanted[-1 - m]):
        m += 1
    return n, n + m


def native_behind(frames, index):
    """Names of the native frames between the shown frame of that index and its caller."""
    names, seen = [], -1
    for frame in frames:
        if frame.js or frame.wasm:
            seen += 1
        elif seen == index:
            names.append(frame.name)
    return names


def judge_oracle(expected, stacks):
    result, found = matrix.OracleResult(), {}
    for stack in stacks:
        start = below_spin(stack.frames)
        if start is None:
            continue
        result.total += stack.count
        below = stack.frames[start:]
        got = tuple(f for f in below if f.js or f.wasm)
        if got not in found:
            found[got] = nearest(expected, got)
        label, first, right, length = found[got]
        result.frames += max(length, len(got)) * stack.count
        result.frames_right += right * stack.count
        if right == length == len(got):
            result.matched += stack.count
            result.seen[label] += stack.count
            via = expected[label].get("via")
            if via and not any(n == "" or n.startswith("[") or re.search(via[1], n) for n in native_behind(below, via[0])):
                result.via[label] += stack.count
        else:
            result.wrong[describe(expected[label], label, first, got, below)] += stack.count
    return result


def nearest(expected, got):
    best = None
    for label, told in expected.items():
        first, right = equal_frames(got, told["frames"])
        score = right - abs(len(told["frames"]) - len(got)) / 2
        if best is None or score > best[0]:
            best = (score, label, first, right, len(told["frames"]))
    return best[1:]


def describe(told, label, first, got, frames):
    odd = sorted({f.name for f in frames if f.name.startswith("[")})[:2]
    have = " < ".join(f"{f.name}@{os.path.basename(f.path)}:{f.line}:{f.column} {f.kind}" for f in got[first:first + 2])
    want = " < ".join(f"{'|'.join(sorted(names))}@{os.path.basename(path)}:{line}:{column}"
                      for names, path, line, column in told["frames"][first:first + 2])
    return (f"{label!r} frame {first} of {len(told['frames'])} ({len(got)}): got {have or 'the end'}, "
            f"wanted {want or 'the end'}{f' beside {odd}' if odd else ''}")


# Names and lines


def judge_frames(row, stacks, functions):
    frames = names = lined = unknown = members = classed = 0
    wrong, astray, bare = collections.Counter(), collections.Counter(), collections.Counter()
    for stack in stacks:
        for frame in stack.frames:
            if frame.name.startswith("["):
                row.errors[frame.name] += stack.count
            if not frame.js:
                continue
            row.kinds[frame.kind] += stack.count
            verdict = functions.judge(frame)
            if verdict is None:
                unknown += stack.count * (not frame.path.startswith("node:"))
                continue
            frames += stack.count
            names += verdict[0] * stack.count
            lined += verdict[1] * stack.count
            inside = functions.member(frame)
            members += bool(inside) * stack.count
            if inside and frame.name.startswith(f"{inside}."):
                classed += stack.count
            elif inside:
                bare[f"{frame.name}@{frame.path}:{frame.line}"] += stack.count
            if not verdict[0]:
                wrong[f"{frame.name}@{frame.path}:{frame.line}"] += stack.count
            elif not verdict[1]:
                astray[f"{frame.name}@{frame.line}:{frame.column} ({frame.kind})"] += stack.count
    if not frames:
        raise truth.RunFailed(f"not one JavaScript frame in {sum(s.count for s in stacks)} samples; {row.errors.most_common(4)}")
    lost = sum(n for text, n in row.errors.items() if text.startswith("[v8"))
    row.names, row.lines = names / (frames + lost), lined / frames
    if wrong:
        row.failures.append(f"WRONG NAMES: {frames - names} frames, {wrong.most_common(3)}")
    if row.names < 0.99:
        row.failures.append(f"names {row.names:.2%}: {row.errors.most_common(3)}")
    if row.lines < 0.98:
        row.failures.append(f"lines {row.lines:.2%}: {astray.most_common(4)}")
    row.classes = classed / members if members else None
    if members > 100 and row.classes < 0.99:
        row.failures.append(f"classes: {row.classes:.2%} of {members} frames of methods tell theirs, not {bare.most_common(3)}")
    if unknown > 0.05 * (frames + unknown):
        row.failures.append(f"{unknown} of {frames + unknown} frames are in files that V8 was not asked about")
    judge_kinds(row)


def judge_kinds(row):
    for kind, count in row.kinds.items():
        if row.mode.kinds and not re.fullmatch(row.mode.kinds, kind) and count > 0.002 * sum(row.kinds.values()):
            row.failures.append(f"{count} frames are {kind} under {' '.join(row.mode.options)}")


# Running


def arguments_of(row, seconds):
    if any("{programs}" in a for a in row.workload.arguments) or row.workload.name == "express":
        if not PROGRAMS.exists():
            raise matrix.Skip("programs are not installed (tools/testbed node-programs)")
    arguments = [a.format(seconds=seconds, programs=PROGRAMS) for a in row.workload.arguments]
    return (str(SOURCES / arguments[0]), *arguments[1:])


def binary_of(row, scratch):
    if row.workload.how == "renamed":
        shutil.copy2(node(row.version), scratch / "my service")
        return str(scratch / "my service")
    if row.workload.how == "stripped":
        subprocess.run(["strip", "-o", str(scratch / "node"), node(row.version)], check=True)
        return str(scratch / "node")
    return node(row.version)


def accepted(row):
    """Whether this version knows the mode's options at all."""
    done = subprocess.run([node(row.version), *row.mode.options, "-e", "0"], capture_output=True, text=True, timeout=60,
                          cwd=tempfile.gettempdir())
    if done.returncode:
        raise matrix.Skip(f"node {row.version} does not take {' '.join(row.mode.options)}")


def run(row, scratch, seconds):
    accepted(row)
    path = scratch / "p.pb.gz"
    command = [binary_of(row, scratch), *row.mode.options, "--expose-gc", *arguments_of(row, seconds)]
    record = [truth.SONDE, "record", "-F", str(truth.RATE), "-o", str(path)]
    if row.workload.how == "attach":
        os.environ.update({k: v for k, v in environment().items() if k not in os.environ})
        out, err, rc = truth.run_attached(record, command, scratch)
    else:
        done = subprocess.run([*record, "--", *command], capture_output=True, text=True, cwd=scratch, timeout=RUN_S, env=environment())
        out, err, rc = done.stdout, done.stderr, done.returncode
    if rc and not (row.workload.name == "typescript" and path.exists()):     # tsc finds fault with what it is given
        raise truth.RunFailed(f"exit {rc}: {(err + out).strip()[-300:]}")
    return out, path


# Functions that mixed.js times, as they are called with their class.
CLASSES = {"Shape.sum_areas": "sum_areas"}


def name_as_truth(profile):
    for stack in profile.stacks:
        stack.names[:] = [CLASSES.get(name, name) for name in stack.names]
    for one in profile.report.get("functions", []):
        one["name"] = CLASSES.get(one["name"], one["name"])


def name_others(profile, stacks, tids):
    """Threads that run no JavaScript, as one thread of that name."""
    for of_truth, stack in zip(profile.stacks, stacks):
        of_truth.thread = "js" if stack.tid in tids else "others"


def judge(row, out, path, seconds):
    stacks = stacks_of_sonde(path)
    profile = truth.read_sonde(path, "--native")
    case = truth.Case(row.name, "", rate=truth.RATE, seconds=seconds, symbols=row.workload.how != "stripped")
    if row.workload.kind == "mixed":
        told = truth.truth_line(out, "")
        tids = told.pop("@tids")
        name_as_truth(profile)
        name_others(profile, stacks, tids)
        row.verdict = truth.judge(case, told, profile)
    else:
        row.verdict = truth.Verdict(case, samples=profile.n, cover=1)
        truth.judge_report(row.verdict, profile)
    row.failures += row.verdict.failures
    functions = known(node(row.version), arguments_of(row, 0.3), tuple(o for o in row.mode.options if o in NAMING_OPTIONS))
    judge_frames(row, stacks, functions)
    if row.workload.kind == "oracle":
        judge_told(row, out, stacks, functions)


def judge_told(row, out, stacks, functions):
    expected, _ = expected_stacks(out, functions)
    if len(expected) < 90:
        raise truth.RunFailed(f"oracle.js told {len(expected)} stacks only")
    result = judge_oracle(expected, stacks)
    if not result.total:
        raise truth.RunFailed("no sample in spin()")
    row.stacks = result.matched / result.total
    if row.stacks < 0.99:
        row.failures.append(f"{result.total - result.matched} of {result.total} samples match no told stack "
                            f"({result.frames_right / result.frames:.2%} of frames do)")
        row.failures += [f"{count}x {text}" for text, count in result.wrong.most_common(8)]
    unseen = sorted(set(expected) - set(result.seen))
    if unseen:
        row.failures.append(f"no sample of: {unseen[:12]}")
    if sum(result.via.values()) > 0.01 * result.total:
        row.failures.append(f"native code is not there: {dict(result.via)}")


def try_row(asked, seconds=SECONDS, keep=None, tries=2):
    missing = "" if os.access(node(asked.version), os.X_OK) else f"not installed (tools/testbed node-{asked.version})"
    return matrix.try_row(lambda: Row(asked.version, asked.mode, asked.workload, skipped=missing),
                          lambda row, scratch: run(row, scratch, seconds),
                          lambda row, out, path, scratch: judge(row, out, path, seconds), tries, keep)


# Printing


def print_head():
    print(f"{'node':4} {'mode':15} {'workload':13} {'samples':>7} {'complete':>8} {'names':>7} {'lines':>7} {'classes':>7} {'stacks':>7} "
          f"{'tries':>5} {'worst SE':>8}  function; kinds of frames, %")


def kinds_text(row):
    total = sum(row.kinds.values())
    return ", ".join(f"{kind} {100 * n / total:.0f}" for kind, n in row.kinds.most_common())


def print_row(row):
    verdict, mark = row.verdict, "FAIL" if row.failures else "ok"
    matrix.print_row(f"{row.version:<4} {row.mode.name:15} {row.workload.name:13}", row, verdict and
                     f"{verdict.samples:7} {truth.percent(verdict.complete):>8} {truth.percent(row.names):>7} "
                     f"{truth.percent(row.lines):>7} {truth.percent(row.classes):>7} {truth.percent(row.stacks):>7} {row.tries:5} {verdict.worst_se:8.1f}  "
                     f"{mark}: {verdict.worst}; {kinds_text(row)}")


def install(versions):
    matrix.install([*(f"node-{v}" for v in versions), "node-programs"])


def main():
    parser = matrix.parser("profiles of Node.js programs against what they say of themselves", SECONDS)
    options = parser.parse_args()
    chosen = matrix.choose(rows(), options, lambda row: row.name in QUICK)
    if not chosen:
        parser.error("name rows, or say --all or --quick")
    if options.list:
        print("\n".join(row.name for row in chosen))
        return 0
    if options.install:
        install(sorted({row.version for row in chosen}))
    print_head()
    done = []
    for asked in chosen:
        done.append(try_row(asked, options.seconds, options.keep, 1 if options.once else 2))
        print_row(done[-1])
    return matrix.print_sum(done)


if __name__ == "__main__":
    sys.exit(main())
