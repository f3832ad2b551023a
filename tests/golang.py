#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Profiles Go programs that know where their own CPU time went, and what their own stacks are, and compares.

    python3 tests/golang.py --all           every version and way of building, one table
    python3 tests/golang.py --quick         the rows that ./check runs
    python3 tests/golang.py NAME...         rows whose "version build workload" holds a NAME

The judge of shares is tests/truth.py's. The "oracle" rows print stacks as runtime.Callers sees them and spin in them:
every sample taken meanwhile must be one of those of its thread and goroutine, frame by frame with function, file and
line ("right"), each of them must be met ("met"), and labels must be there where pprof.Do set them and nowhere else.
Go versions come by GOTOOLCHAIN and are kept in Go's own cache.
"""
import collections
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

import matrix
import pprof_min
import truth

SOURCES = truth.SOURCES / "go_mixed"
VERSIONS = ("1.18.10", "1.20.14", "1.22.12", "1.24.9", "1.26.8")
BUILDS = {  # name: (cgo, arguments)
    "plain": (False, ()),
    "stripped": (False, ("-ldflags=-s -w",)),
    "pie": (False, ("-buildmode=pie",)),
    "cgo": (True, ()),
    "cgo-pie": (True, ("-buildmode=pie",)),
    "cgo-stripped": (True, ("-ldflags=-s -w",)),
}
SECONDS = 3
ROUNDS = 2


@dataclass(frozen=True)
class Row:
    version: str
    build: str
    workload: str       # mixed, attach, oracle, names
    quick: bool = False

    @property
    def name(self):
        return f"{self.version} {self.build} {self.workload}"


def rows():
    quick = {("1.26.8", "stripped", "mixed"), ("1.26.8", "cgo", "oracle"), ("1.26.8", "cgo-pie", "attach"),
             ("1.18.10", "cgo", "oracle"), ("1.26.8", "pie", "names"), ("1.18.10", "plain", "mixed"), ("1.22.12", "pie", "oracle")}
    return [Row(v, b, w, (v, b, w) in quick) for v in VERSIONS for b in BUILDS
            for w in ("mixed", "oracle", "names", *(("attach",) if b in ("plain", "cgo-pie") else ()))]


def build(row):
    """The program, built when missing."""
    if not shutil.which("go"):
        raise matrix.Skip("no go")
    text = b"".join(path.read_bytes() for path in sorted(SOURCES.iterdir()))
    folder = truth.TESTBED / f"golang-{hashlib.sha256(text).hexdigest()[:10]}"
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / f"go_mixed-{row.version}-{row.build}"
    with open(folder / f"{out.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if out.exists():
            return out
        cgo, arguments = BUILDS[row.build]
        if cgo and not shutil.which("gcc"):
            raise matrix.Skip("no gcc")
        env = dict(os.environ, GOTOOLCHAIN=f"go{row.version}", CGO_ENABLED=str(int(cgo)), GOFLAGS="-buildvcs=false",
                   GOWORK="off")
        done = subprocess.run(["go", "build", *arguments, "-o", str(out), "."], capture_output=True, text=True,
                              cwd=SOURCES, env=env)
        if done.returncode and "toolchain" in done.stderr:
            raise matrix.Skip(f"go{row.version} cannot be had: {done.stderr.strip()[-150:]}")
        if done.returncode:
            raise RuntimeError(f"go build: {done.stderr.strip()[-400:]}")
    return out


@dataclass
class Verdict:
    row: Row
    shares: truth.Verdict = None
    samples: int = 0
    right: float = None
    met: float = None
    complete: float = None
    failures: list = field(default_factory=list)
    tries: int = 1
    skipped: str = ""


# Shares


def try_mixed(row, program, scratch, seconds):
    path = scratch / "p.pb.gz"
    record = [truth.SONDE, "record", "-F", str(truth.RATE), "-o", str(path)]
    command = [str(program), str(seconds)]
    if row.workload == "attach":
        out, err, rc = truth.run_attached(record, command, scratch)
    else:
        done = subprocess.run([*record, "--", *command], capture_output=True, text=True, timeout=240)
        out, err, rc = done.stdout, done.stderr, done.returncode
    if rc:
        raise truth.RunFailed(f"exit {rc}: {err.strip()[-300:]}")
    # a stripped program tells no names of C functions (their frames are there all the same)
    case = truth.Case(row.name, "go_mixed", ignore=("spin_in_c", "call_back") if "stripped" in row.build else ())
    shares = truth.judge(case, truth.truth_line(out, err[-300:]), truth.read_sonde(path))
    return Verdict(row, shares, shares.samples, complete=shares.complete, failures=list(shares.failures))


# Stacks

# Frames that runtime.Callers leaves out: the way into C and C itself, for which it has one of its own, what runs
# deferred calls (1.18), and wrappers that the compiler made.
LEFT_OUT = {"runtime.asmcgocall", "runtime.systemstack_switch", "crosscall2", "c_oracle", "goOracle",
            "runtime.deferCallSave", "runtime.runOpenDeferFrame"}


def parse_stacks(text):
    """{(tid, goroutine): set of stacks}; a stack is a tuple of (function, file, line), innermost first."""
    stacks = collections.defaultdict(set)
    key, frames = None, []
    for line in [*text.splitlines(), "stack 0 0"]:
        if line.startswith("stack "):
            if key:
                stacks[key].add(tuple(frames))
            key, frames = tuple(int(word) for word in line.split()[1:]), []
        else:
            function, file, number = line.split("\t")
            if not is_left_out(function, file):
                frames.append((function, file, int(number)))
    return stacks


def is_left_out(name, path):
    return name in LEFT_OUT or name.startswith(("_cgo_", "[go_mixed")) or path == "<autogenerated>" or \
        ".gowrap" in name or ".deferwrap" in name


def frames_of(sample):
    """(function, file, line), innermost first, of what Go would tell."""
    return [(function.name, function.path, line) for location in sample.locations
            for function, line in location.lines if not is_left_out(function.name, function.path)]


def is_mixed_well(sample):
    """Whether each call from Go through C to Go shows its C function, between the two."""
    names = [function.name for location in sample.locations for function, _ in location.lines]
    if any(name.startswith("[go_mixed") for name in names):
        return True     # stripped: C has no names
    calls = [name for name in names if name in ("main.goOracle", "c_oracle")]
    return calls == ["main.goOracle", "c_oracle"] * (len(calls) // 2)


def from_spin(frames):
    """What is above the call of burn(): main.spin without its line, which is another one while it spins."""
    names = [frame[0] for frame in frames]
    at = names.index("main.spin")
    return (("main.spin", frames[at][1], 0), *frames[at + 1:])


def judge_stacks(verdict, told, samples):
    told = {key: {from_spin(list(stack)) for stack in stacks} for key, stacks in told.items()}
    met, n, right, early, wrong = set(), 0, 0, 0, []
    for sample in samples:
        frames = frames_of(sample)
        if not any(name == "main.burn" for name, _, _ in frames):
            continue
        count = sample.values[0]
        n += count
        key = (sample.labels.get("tid"), sample.labels.get("goroutine"))
        if key[1] is None:      # taken before the kernel half knew of the process
            early += count
            key = next((k for k in told if k[0] == key[0] and from_spin(frames) in told[k]), key)
        names = [name for name, _, _ in frames]
        stack = from_spin(frames) if "main.spin" in names else ()
        labelled = sample.labels.get("kind") == "oracle" and sample.labels.get("other") == "it"
        if stack not in told.get(key, ()):
            wrong.append(f"{key}: {' < '.join(f'{f[0]}:{f[2]}' for f in (stack or frames)[:12])}")
        elif not is_mixed_well(sample):
            wrong.append(f"{key}: no C between Go: {[f.name for l in sample.locations for f, _ in l.lines]}")
        elif labelled != ("runtime/pprof.Do" in names):
            wrong.append(f"{key}: labels {sample.labels} at {names[:6]}")
        else:
            right += count
            met.add((key, stack))
    verdict.samples = n
    all_told = sum(len(stacks) for stacks in told.values())
    verdict.right = right / n if n else 0
    verdict.met = len(met) / all_told if all_told else 0
    if early > 0.01 * n:
        verdict.failures.append(f"{early} of {n} samples have no goroutine")
    if verdict.right < 0.995:
        verdict.failures.append(f"{n - right} of {n} samples are no stack that was told")
        verdict.failures += wrong[:3]
    if verdict.met < 1:
        verdict.failures.append(f"{all_told - len(met)} of {all_told} stacks were not met")


def try_oracle(row, program, scratch):
    path = scratch / "p.pb.gz"
    done = subprocess.run([truth.SONDE, "record", "-F", "499", "-o", str(path), "--", str(program), "oracle", str(ROUNDS)],
                          capture_output=True, text=True, timeout=240)
    if done.returncode:
        raise truth.RunFailed(f"exit {done.returncode}: {done.stderr.strip()[-300:]}")
    verdict = Verdict(row)
    profile = truth.read_sonde(path)
    verdict.complete = profile.report.get("complete")
    if not (verdict.complete or 0) >= 0.995:
        verdict.failures.append(f"complete {verdict.complete}")
    judge_stacks(verdict, parse_stacks(done.stdout), pprof_min.read(path).samples)
    return verdict


# Names


def names_tool():
    """bench/go_names.c, built."""
    root = truth.HERE.parent
    objects = [f"build/rel/{path.relative_to(root / 'src').with_suffix('.o')}"
               for room in ("base", "elf", "runtime/go") for path in sorted((root / "src" / room).glob("*.c"))
               if not path.stem.endswith(("_test", "_fuzz"))]
    (root / "build" / "bench").mkdir(parents=True, exist_ok=True)
    with open(root / "build" / "bench" / "go_names.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(["make", "-s", *objects], cwd=root, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([*"gcc -std=gnu17 -D_GNU_SOURCE -O2 -Isrc bench/go_names.c".split(), *objects,
                        *"-ldeflate -lzstd -lz -lpthread -o build/bench/go_names".split()], cwd=root, check=True)
    return root / "build" / "bench" / "go_names"


def short(name):
    """Generic functions as Go prints them: main.Map[...]."""
    at, end = name.find("["), name.rfind("]")
    return name[:at] + "[...]" + name[end + 1:] if 0 <= at < end else name


def try_names(row, program):
    own = subprocess.run([names_tool(), program, "37"], capture_output=True, text=True, check=True).stdout.splitlines()
    asked = "\n".join(line.split("\t")[0] for line in own[1:])
    told = subprocess.run([program, "names", own[0]], input=asked, capture_output=True, text=True, check=True).stdout
    wrong, nameless = [], set()
    for mine, line in zip(own[1:], told.splitlines(), strict=True):
        address, name, file, number = mine.split("\t")
        at, wanted, wanted_file, wanted_number = line.split("\t")
        if not wanted:      # the first name of all: the run-time takes its offset, 0, for none
            nameless.add(name)
            wanted = short(name)
        if (address, short(name), file or "?", number) != (at, wanted, wanted_file, wanted_number):
            wrong.append(f"{mine}  wanted  {line}")
    if len(nameless) > 1:
        wrong.append(f"the run-time has no name for {sorted(nameless)}")
    verdict = Verdict(row, samples=len(own) - 1, right=1 - len(wrong) / max(1, len(own) - 1))
    if wrong or len(own) < 1000:
        verdict.failures = [f"{len(wrong)} of {len(own) - 1} addresses differ", *wrong[:3]]
    return verdict


def try_row(row, seconds=SECONDS, tries=2, keep=None):
    verdict = Verdict(row)
    for attempt in range(1, tries + 1):
        scratch = pathlib.Path(tempfile.mkdtemp(prefix="sonde-golang-"))
        try:
            program = build(row)
            if row.workload == "oracle":
                verdict = try_oracle(row, program, scratch)
            elif row.workload == "names":
                verdict = try_names(row, program)
            else:
                verdict = try_mixed(row, program, scratch, seconds)
        except matrix.Skip as why:
            return Verdict(row, skipped=str(why))
        except (truth.RunFailed, RuntimeError, subprocess.TimeoutExpired, ValueError, KeyError) as why:
            verdict = Verdict(row, failures=[str(why)[:400]])
        finally:
            if keep and (scratch / "p.pb.gz").exists():
                keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(scratch / "p.pb.gz", keep / f"{row.name.replace(' ', '-')}.pb.gz")
            shutil.rmtree(scratch, ignore_errors=True)
        verdict.tries = attempt
        if not verdict.failures:
            break
    return verdict


def print_row(verdict):
    shares, mark = verdict.shares, "FAIL" if verdict.failures else "ok"
    matrix.print_row(f"{verdict.row.name:28}", verdict, f"{verdict.samples:7} {truth.percent(verdict.complete):>8} "
                     f"{truth.percent(verdict.right):>6} {truth.percent(verdict.met):>6} {verdict.tries:5} "
                     f"{shares.worst_se if shares else 0:5.1f}  {mark}{': ' + shares.worst if shares else ''}")


def main():
    parser = matrix.parser("profiles of Go programs against what they say of themselves", SECONDS, installs=False)
    options = parser.parse_args()
    chosen = matrix.choose(rows(), options, lambda row: row.quick)
    if not chosen:
        parser.error("name rows, or say --all or --quick")
    if options.list:
        print("\n".join(row.name for row in chosen))
        return 0
    print(f"{'version, build, workload':28} {'samples':>7} {'complete':>8} {'right':>6} {'met':>6} {'tries':>5} {'worst':>5}")
    done = []
    for row in chosen:
        done.append(try_row(row, options.seconds, 1 if options.once else 2, options.keep))
        print_row(done[-1])
    return matrix.print_sum(done)


if __name__ == "__main__":
    sys.exit(main())
