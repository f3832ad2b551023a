#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Profiles Python programs that know where their own CPU time went, or what their own stack is, and compares.

    python3 tests/languages.py --all            every version and workload, Go's too (tests/golang.py), one table
    python3 tests/languages.py --quick          the rows that ./check runs
    python3 tests/languages.py NAME...          rows whose "version workload" holds a NAME
    --install                                   first installs the versions that tools/testbed can install
    --with py-spy                               the same judge over `py-spy record`
    --seconds S, --keep DIR

The judge of shares is tests/truth.py's. Beside it, of each frame that is Python's: its file, compiled by the same
interpreter, must hold a function of that name with that line ("right"); and the stacks that oracle.py prints of
itself must be met frame by frame ("stacks"), with native code standing between where C called back.
"""
import collections
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

import golang
import matrix
import pprof_min
import truth

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE / "workloads" / "python"
BED = truth.TESTBED
PY_SPY = str(BED / "peers" / "bin" / "py-spy")
SECONDS = 3
SPIN_MS = 100


@dataclass(frozen=True)
class Python:
    name: str
    path: str                   # of the interpreter, inside `root`
    root: str = ""              # run by chroot
    bed: str = ""               # tools/testbed installs it

    def there(self):
        return os.path.exists(self.root + self.path) and (not self.root or os.geteuid() == 0)

    def command(self):
        return ["chroot", self.root, self.path] if self.root else [self.path]


def pythons():
    found = []
    for folder in pathlib.Path("~/.pyenv/versions").expanduser().glob("3.*"):
        found.append(Python(folder.name, str(folder / "bin" / "python3")))
    found.sort(key=lambda p: [int(n) for n in re.findall(r"\d+", p.name)])
    if not found:
        found = [Python("pyenv", "~/.pyenv/versions/*")]
    return found + [
        Python("debian", "/usr/bin/python3"),
        Python("trixie", "/usr/bin/python3", str(BED / "debian-trixie"), "debian-trixie"),
        Python("sid", "/usr/bin/python3", str(BED / "debian-sid"), "debian-sid"),
        Python("tail-calls", str(BED / "tail-calls/bin/python3"), "", "tail-calls"),
        Python("free-threaded", str(BED / "cpython-nogil/bin/python3"), "", "cpython-nogil"),
        Python("static", str(BED / "cpython-static/bin/python3"), "", "cpython-static"),
        Python("musl", str(BED / "cpython-musl/bin/python3"), "", "cpython-musl"),
    ]


def ask(python, script, *args, text=None):
    done = subprocess.run([*python.command(), "-c", script, *args], capture_output=True, text=True, input=text,
                          env=environment(), timeout=60)
    if done.returncode:
        raise matrix.Skip(f"{python.name}: {done.stderr.strip()[-200:]}")
    return done.stdout


def environment(**more):
    return dict(os.environ, PYTHONDONTWRITEBYTECODE="1", LC_ALL="C.UTF-8", ORACLE_SPIN_MS=str(SPIN_MS),
                PYTHONHASHSEED="0", **more)


def minor_of(python):
    return int(ask(python, "import sys; print(sys.version_info[1])"))


# What is run: each workload turns an interpreter and a scratch folder into a command.


@dataclass(frozen=True)
class Workload:
    name: str
    command: object             # (python, scratch, seconds) -> list
    how: str = "command"        # or attach
    oracle: bool = False
    children: bool = False
    quick: bool = False


def inside(python, path):
    """The path as the interpreter sees it."""
    return str(path)[len(python.root):] if python.root else str(path)


def script(name, *args):
    def command(python, scratch, seconds):
        given = [] if name == "oracle.py" else [str(seconds)]
        return [*python.command(), inside(python, scratch / name), *given, *args]
    return command


def needs_compiler(python):
    if python.root or not shutil.which("gcc"):
        raise matrix.Skip("no compiler beside that interpreter")
    paths = json.loads(ask(python, "import json, sys, sysconfig; v = sysconfig.get_config_vars(); "
                           "print(json.dumps(dict(v, prefix=sys.prefix)))"))
    if not os.path.exists(os.path.join(paths["INCLUDEPY"], "Python.h")):
        raise matrix.Skip("no Python.h")
    return paths


def compile_c(arguments):
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode:
        raise matrix.Skip(f"does not build: {done.stderr.strip()[-300:]}")


def embedder(python, scratch, seconds):
    paths = needs_compiler(python)
    library = pathlib.Path(paths["LIBDIR"]) / paths["LDLIBRARY"]
    if not library.exists():
        library = pathlib.Path(paths["LIBDIR"]) / (paths.get("MULTIARCH") or "") / paths["LDLIBRARY"]
    if not library.exists():
        raise matrix.Skip(f"no {paths['LDLIBRARY']}")
    if python.name == "musl":
        raise matrix.Skip("built with musl-gcc only")
    out = scratch / "serviced"
    compile_c(["gcc", "-O2", "-g", "-o", str(out), str(SOURCES / "embed.c"), f"-I{paths['INCLUDEPY']}", str(library),
               f"-Wl,-rpath,{library.parent}", "-Wl,-E", *(paths.get("LIBS") or "").split(),
               *(paths.get("SYSLIBS") or "").split(), "-lm", "-ldl", "-lpthread", "-lutil"])
    return ["env", f"PYTHONHOME={paths['prefix']}", str(out), str(scratch / "mixed.py"), str(seconds)]


def extension(python, scratch, seconds):
    paths = needs_compiler(python)
    if "static" in python.name or python.name == "musl":
        raise matrix.Skip("a static program loads no extension")
    compile_c(["gcc", "-O2", "-g", "-shared", "-fPIC", "-o", str(scratch / "sonde_ext.so"), str(SOURCES / "ext.c"),
               f"-I{paths['INCLUDEPY']}"])
    return script("ext.py")(python, scratch, seconds)


def renamed(python, scratch, seconds):
    binary = os.path.realpath(python.root + python.path) if not python.root else None
    if binary is None:
        name = os.readlink(python.root + python.path) if os.path.islink(python.root + python.path) else python.path
        binary = os.path.join(python.root, "usr/bin", os.path.basename(name))
    shutil.copy2(binary, scratch / "my worker")
    prefix = ask(python, "import sys; print(sys.prefix)").strip()
    chroot = ["chroot", python.root] if python.root else []
    return ["env", f"PYTHONHOME={prefix}", *chroot, inside(python, scratch / "my worker"),
            inside(python, scratch / "mixed.py"), str(seconds)]


def virtual_environment(python, scratch, seconds):
    ask(python, "import sys, venv; venv.create(sys.argv[1], with_pip=False)", inside(python, scratch / "venv"))
    chroot = ["chroot", python.root] if python.root else []
    return [*chroot, inside(python, scratch / "venv/bin/python"), inside(python, scratch / "mixed.py"), str(seconds)]


WORKLOADS = [
    Workload("mixed", script("mixed.py"), quick=True),
    Workload("attach", script("mixed.py"), how="attach"),
    Workload("100-threads-attach", script("mixed.py", "100"), how="attach"),
    Workload("oracle", script("oracle.py"), oracle=True, quick=True),
    Workload("ext", extension),
    Workload("embed", embedder),
    Workload("renamed", renamed),
    Workload("venv", virtual_environment),
    *(Workload(how, script("children.py", how), children=True)
      for how in ("fork", "spawn", "forkserver", "prefork", "subprocess")),
]


# Frames, whoever saw them


@dataclass
class Frame:
    name: str               # of Python: "file.py:Class.method"; of native code its symbol or ""
    path: str = ""
    line: int = 0
    python: bool = False

    @property
    def base(self):
        return os.path.basename(self.path)


@dataclass
class Stack:
    frames: list            # leaf first
    count: int
    thread: str = ""


def is_python(name, path):
    return bool(path) and name.startswith(os.path.basename(path) + ":") and not name.startswith("::")


def stacks_of_sonde(path):
    data = pprof_min.read(path)
    index = next((i for i, (kind, _) in enumerate(data.types) if kind == "samples"), 0)
    stacks = []
    for sample in data.samples:
        frames = []
        for location in sample.locations:
            for function, line in location.lines:
                frames.append(Frame(function.name, function.path, line, is_python(function.name, function.path)))
            if not location.lines:
                frames.append(Frame(""))
        stacks.append(Stack(frames, sample.values[index], str(sample.labels.get("thread", ""))))
    return stacks


def stacks_of_py_spy(path):
    stacks = []
    for line in pathlib.Path(path).read_text().splitlines():
        text, _, count = line.rpartition(" ")
        frames, thread = [], ""
        for part in text.split(";"):
            found = re.fullmatch(r"(.*) \((.*):(\d+)\)", part)
            if found:
                name, file, at = found.groups()
                frames.append(Frame(f"{os.path.basename(file)}:{name}", file, int(at), True))
            elif part.startswith("thread ("):
                thread = part.partition("): ")[2]
        stacks.append(Stack(frames[::-1], int(count), thread))
    return stacks


# Judging


def tails(name):
    """"a.py:X.<locals>.Y.z" -> a.py:z, a.py:Y.z ...: what a version without qualified names may say."""
    base, _, qualified = name.partition(":")
    parts = [part for part in qualified.split(".") if part != "<locals>"]
    return {f"{base}:{'.'.join(parts[i:])}" for i in range(len(parts))} | {name}


def frame_is(frame, wanted, qualified):
    path, line, name, full = wanted
    base = os.path.basename(path)
    if frame.path != path or frame.line != line:
        return False
    if qualified and full:
        return frame.name == f"{base}:{full}"
    return frame.name == f"{base}:{name}" or (frame.name.startswith(base + ":") and frame.name.endswith("." + name))


def equal_at_either_end(frames, wanted, qualified):
    """How many frames equal the wanted ones, counted from the leaf or from the root."""
    best = 0
    for a, b in ((frames, wanted), (frames[::-1], wanted[::-1])):
        n = 0
        while n < min(len(a), len(b)) and frame_is(a[n], b[n], qualified):
            n += 1
        best = max(best, n)
    return best


def below_spin(frames):
    """Index of the first frame below the innermost spin(); None elsewhere."""
    for i, frame in enumerate(frames):
        if frame.python and frame.base == "oracle.py" and re.search(r"[:.]spin$", frame.name):
            return i + 1
    return None


def variants(told):
    """The stacks that are right for one label."""
    yield told["frames"]
    if told["below"]:
        yield told["frames"][:-told["below"]]


def native_between(frames, start, index):
    """Names of the native frames directly above the Python frame of that index."""
    names, seen = [], -1
    for frame in frames[start:]:
        if frame.python:
            seen += 1
            if seen > index:
                break
            continue
        if seen == index:
            names.append(frame.name)
    return names


def judge_oracle(expected, stacks, qualified, native):
    """expected: label -> what oracle.py told. native: whether the profiler shows native frames."""
    result = matrix.OracleResult()
    by_text = {}
    for stack in stacks:
        start = below_spin(stack.frames)
        if start is None:
            continue
        result.total += stack.count
        got = [frame for frame in stack.frames[start:] if frame.python]
        key = tuple((f.name, f.path, f.line) for f in got)
        if key not in by_text:
            by_text[key] = best_match(expected, got, qualified)
        label, right, length = by_text[key]
        result.frames += max(length, len(got)) * stack.count
        result.frames_right += right * stack.count
        if right == length == len(got):
            result.matched += stack.count
            result.seen[label] += stack.count
            via = expected[label].get("via")
            if native and via and not any(n == "" or n.startswith("[") or re.search(via[1], n)
                                          for n in native_between(stack.frames, start, via[0])):
                result.via[label] += stack.count
        else:
            text = " < ".join(f"{f.name}@{f.line}" for f in got[:6]) + f" [{len(got)}]"
            result.wrong[f"nearest {label} ({right} of {length}): {text}"] += stack.count
    return result


def best_match(expected, got, qualified):
    best = ("", -1, 1)
    for label, told in expected.items():
        for wanted in variants(told):
            # a longer stack that holds a shorter one: equal lengths win
            right = equal_at_either_end(got, wanted, qualified)
            score = right - (0 if len(got) == len(wanted) else 0.5)
            if score > best[1] - (0 if len(got) == best[2] else 0.5):
                best = (label, right, len(wanted))
    return best


def expected_stacks(text):
    expected, skipped = {}, []
    for line in text.splitlines():
        if line.startswith('{"label"'):
            told = json.loads(line)
            if "skipped" in told:
                skipped.append(told["label"])
            else:
                expected[told["label"]] = told
    return expected, skipped


def possible_frames(python, scratch, stacks):
    """path -> name -> lines, of each Python file seen, compiled by the interpreter itself."""
    paths = {frame.path for stack in stacks for frame in stack.frames if frame.python and frame.path.startswith("/")}
    done = subprocess.run([*python.command(), inside(python, scratch / "codes.py")], input="\n".join(sorted(paths)),
                          capture_output=True, text=True, env=environment(), timeout=120)
    if done.returncode:
        raise RuntimeError(f"codes.py: {done.stderr[-300:]}")
    return json.loads(done.stdout)


def right_share(stacks, possible, qualified):
    """Of the Python frames whose file could be compiled, the share with a name and line that it has; the others,
    counted by text."""
    frames = right = 0
    wrong = collections.Counter()
    for stack in stacks:
        for frame in stack.frames:
            if not frame.python or frame.path not in possible:
                continue
            frames += stack.count
            name = frame.name.partition(":")[2]
            lines = possible[frame.path].get(name)
            if lines is None and not qualified:
                lines = possible[frame.path].get(name.rpartition(".")[2])
            if lines is not None and frame.line in lines:
                right += stack.count
            else:
                wrong[f"{frame.name}@{frame.line}"] += stack.count
    return (right / frames if frames else None), wrong


def name_as_truth(profile, told, qualified):
    """Where there are no qualified names, a frame named by a tail of the key is called by the key."""
    if qualified:
        return
    known = {}
    for key in told:
        if ":" in key and not key.startswith("@"):
            for tail in tails(key):
                known[tail] = key
    for stack in profile.stacks:
        stack.names[:] = [known.get(name, name) for name in stack.names]
    for function in profile.report.get("functions", []):
        function["name"] = known.get(function["name"], function["name"])


# Running


@dataclass
class Row:
    python: Python
    workload: Workload
    verdict: object = None          # truth.Verdict
    right: float = None             # of the Python frames
    stacks: float = None            # oracle: samples whose stack is the printed one
    events: str = "-"
    thread: str = "-"               # whether threads have the names that Python gave them
    skipped: str = ""
    failures: list = field(default_factory=list)
    thread_failures: list = field(default_factory=list)     # judged by itself: shares are right without names
    gaps: list = field(default_factory=list)                # what is known not to hold yet, and fails the row here
    tries: int = 1

    @property
    def name(self):
        return f"{self.python.name} {self.workload.name}"


def scratch_folder(python):
    if python.root:
        os.makedirs(python.root + "/tmp", exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sonde-languages-", dir=python.root + "/tmp" if python.root else None))
    for path in SOURCES.iterdir():
        if path.suffix == ".py":
            shutil.copy2(path, folder / path.name)
    return folder


def recorder(backend, rate, path, workload):
    if backend == "py-spy":
        return [PY_SPY, "record", "-r", str(rate), "-f", "raw", "--full-filenames", "-t", "-o", str(path),
                *(["-s"] if workload.children else [])]
    # --native: what `report --native` would look up later, the file has too, and both can be compared
    return [truth.SONDE, "record", "-F", str(rate), "--native", "-o", str(path)]


def run(python, workload, scratch, seconds, backend):
    """(standard output of the program, path of the profile)."""
    command = workload.command(python, scratch, seconds)
    path = scratch / ("p.raw" if backend == "py-spy" else "p.pb.gz")
    record = recorder(backend, truth.RATE, path, workload)
    if workload.how == "attach":
        os.environ.update({k: v for k, v in environment().items() if k not in os.environ})
        out, err, rc = truth.run_attached(record, command, scratch)
    else:
        done = subprocess.run([*record, "--", *command], capture_output=True, text=True, cwd=scratch, timeout=300,
                              env=environment())
        out, err, rc = done.stdout, done.stderr, done.returncode
    if rc:
        raise truth.RunFailed(f"exit {rc}: {err.strip()[-300:]}")
    if not path.exists():
        raise truth.RunFailed(f"no profile: {err.strip()[-300:]}")
    return out, path


def as_profile(stacks):
    return truth.Profile([truth.Stack([f.name for f in s.frames[::-1]], s.count, s.thread) for s in stacks])


def judge(row, out, path, scratch, backend, seconds):
    qualified = minor_of(row.python) >= 11 and backend == "sonde"
    stacks = stacks_of_sonde(path) if backend == "sonde" else stacks_of_py_spy(path)
    profile = truth.read_sonde(path, "--native") if backend == "sonde" else as_profile(stacks)
    if not any(frame.python for stack in stacks for frame in stack.frames):
        raise truth.RunFailed(f"not one Python frame in {len(stacks)} stacks")
    # files inside a chroot are judged by no symbols of ours; static builds of others' libc have no CFI
    case = truth.Case(row.name, "", rate=truth.RATE, seconds=seconds, symbols=not row.python.root,
                      cfi=row.python.name != "musl")
    if row.workload.oracle:
        row.verdict = truth.Verdict(case, samples=profile.n, cover=1)
        if backend == "sonde":
            truth.judge_report(row.verdict, profile)
        oracle(row, out, stacks, qualified, backend)
    else:
        told = truth.truth_line(out, "")
        threads = {key: told.pop(key) for key in list(told) if key.startswith("@thread:")}
        name_as_truth(profile, told, qualified)
        row.verdict = truth.judge(case, told, profile, backend)
        judge_threads(row, threads, profile)
    row.failures += row.verdict.failures
    if backend == "sonde":
        drops = sum(profile.report["drops"].values())
        row.events = f"{profile.report['samples']}+{drops}"
    share, wrong = right_share(stacks, possible_frames(row.python, scratch, stacks), qualified)
    if row.right is None:
        row.right = share
    if share is None or share < 0.995:
        row.failures.append(f"frames that no file has: {wrong.most_common(4)}")
    return row


def judge_threads(row, threads, profile):
    """Whether samples of threads with a name of Python's are told by that name; of many, those worth a sample."""
    worth = {key[8:]: share for key, share in threads.items() if share * profile.n > 20}
    if not worth:
        return
    off = [name for name, share in worth.items()
           if abs(truth.share_of(profile, "@thread:" + name) - share) > 4 * truth.standard_error(share, profile.n)]
    row.thread = "ok" if not off else f"{len(worth) - len(off)}/{len(worth)}"
    if off:
        row.thread_failures = [f"threads by their names: {off[:3]}"]


def oracle(row, out, stacks, qualified, backend):
    expected, skipped = expected_stacks(out)
    if len(expected) < 30:
        raise truth.RunFailed(f"oracle.py told {len(expected)} stacks only")
    row.verdict.case = dataclasses.replace(row.verdict.case, note=", ".join(f"no {label}" for label in skipped))
    result = judge_oracle(expected, stacks, qualified, backend == "sonde")
    if not result.total:
        raise truth.RunFailed("no sample in spin()")
    row.stacks = result.matched / result.total
    row.right = result.frames_right / result.frames
    if row.stacks < 0.995:
        row.failures.append(f"{result.total - result.matched} of {result.total} samples match no printed stack")
        row.failures += [f"{count}x {text}" for text, count in result.wrong.most_common(6)]
    if row.right < 0.995:
        row.failures.append(f"Python frames right: {row.right:.2%}")
    unseen = [label for label in expected if result.seen[label] < SPIN_MS * truth.RATE / 1000 / 4]
    # up to 3.11 the interpreter's own key names the main interpreter's state while another runs
    if unseen == ["subinterpreter"] and minor_of(row.python) < 12:
        row.gaps.append("stacks of a subinterpreter are not there")
    elif unseen:
        row.failures.append(f"too few samples of: {unseen}")
    if sum(result.via.values()) > 0.005 * result.total:
        row.failures.append(f"native caller not there: {dict(result.via)}")


def try_row(python, workload, seconds, backend="sonde", keep=None, tries=2):
    missing = "" if python.there() else f"not installed (tools/testbed {python.bed})" if python.bed else f"no {python.path}"
    if not missing and workload.name == "forkserver" and minor_of(python) == 6:
        missing = "3.6's fork server leaves its children's CPU time to nobody"
    return matrix.try_row(lambda: Row(python, workload, skipped=missing),
                          lambda row, scratch: run(python, workload, scratch, seconds, backend),
                          lambda row, out, path, scratch: judge(row, out, path, scratch, backend, seconds), tries, keep,
                          lambda: scratch_folder(python))


# Printing


def print_head():
    print(f"{'version':14} {'workload':19} {'samples':>7} {'events':>9} {'complete':>8} {'right':>7} {'stacks':>7} {'thread':>6} "
          f"{'tries':>5} {'worst SE':>8}  function")


def print_row(row):
    verdict, failures = row.verdict, row.failures + row.thread_failures + row.gaps
    matrix.print_row(f"{row.python.name:14} {row.workload.name:19}", row, verdict and
                     f"{verdict.samples:7} {row.events:>9} {truth.percent(verdict.complete):>8} "
                     f"{truth.percent(row.right):>7} {truth.percent(row.stacks):>7} {row.thread:>6} {row.tries:5} "
                     f"{verdict.worst_se:8.1f}  {'FAIL' if failures else 'ok'}: {verdict.worst}"
                     + (f" ({verdict.case.note})" if verdict.case.note else ""), failures)


def print_go_row(verdict):
    """golang.py's verdict in our columns: its "met" are the stacks."""
    row, shares = verdict.row, verdict.shares
    matrix.print_row(f"{'go ' + row.version:14} {row.build + ' ' + row.workload:19}", verdict,
                     f"{verdict.samples:7} {'-':>9} {truth.percent(verdict.complete):>8} {truth.percent(verdict.right):>7} "
                     f"{truth.percent(verdict.met):>7} {'-':>6} {verdict.tries:5} {shares.worst_se if shares else 0:8.1f}  "
                     f"{'FAIL' if verdict.failures else 'ok'}{': ' + shares.worst if shares else ''}")


def go_rows(options):
    if options.quick or options.backend != "sonde":
        return []
    return [row for row in golang.rows() if options.all or any(name in f"go {row.name}" for name in options.names)]


def quick_pythons():
    """Debian's, and the oldest and the newest that pyenv has."""
    own = [p for p in pythons() if not p.bed and p.name != "debian"]    # without pyenv a row that says so
    return [Python("debian", "/usr/bin/python3"), *dict.fromkeys([*own[:1], *own[-1:]])]


def rows(options):
    if options.quick:
        return [(p, w) for p in quick_pythons() for w in WORKLOADS if w.quick]
    return [(p, w) for p in pythons() for w in WORKLOADS
            if options.all or any(name in f"{p.name} {w.name}" for name in options.names)]


def main():
    parser = matrix.parser("Python profiles against what the programs say of themselves", SECONDS, ("sonde", "py-spy"))
    options = parser.parse_args()
    chosen, go_chosen = rows(options), go_rows(options)
    if not chosen and not go_chosen:
        parser.error("name rows, or say --all or --quick")
    if options.list:
        print("\n".join([f"{p.name} {w.name}" for p, w in chosen] + [f"go {row.name}" for row in go_chosen]))
        return 0
    if options.install:
        matrix.install(p.bed for p, _ in chosen)
    if options.backend == "py-spy" and not os.path.exists(PY_SPY):
        parser.error("py-spy is not installed: tools/testbed peers")
    tries, done = 1 if options.once else 2, []
    print_head()
    for python, workload in chosen:
        done.append(try_row(python, workload, options.seconds, options.backend, options.keep, tries))
        print_row(done[-1])
    for go_row in go_chosen:
        done.append(golang.try_row(go_row, options.seconds, tries, options.keep))
        print_go_row(done[-1])
    return matrix.print_sum(done, lambda row: row.failures or
                            isinstance(row, Row) and (row.thread_failures or row.gaps))


if __name__ == "__main__":
    sys.exit(main())
