#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Profiles programs that know where their own CPU time went, and compares.

    python3 tests/truth.py --all            the whole matrix, one table
    python3 tests/truth.py --quick          the rows that ./check runs
    python3 tests/truth.py NAME...          rows whose name holds a NAME
    --with perf                             the same judge over `perf record --call-graph dwarf`
    --keep DIR                              keep each profile there

A row passes when, for every function the program timed, |profile's share - truth| is within three
standard errors of the sampling (or 0.1 points, what measuring costs); complete stacks are >= 99.5 %
where CFI exists, named frames >= 99 % where symbols exist, and events = recorded + drops. One failed
row in a few hundred is chance: a row that fails runs once more, and "tries" says so.

Workloads are built once into $SONDE_TESTBED (~/.cache/sonde-testbed)/truth-HASH.
"""
import argparse
import bisect
import contextlib
import fcntl
import functools
import hashlib
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

import pprof_min

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE / "workloads"
SONDE = os.environ.get("SONDE", str(HERE.parent / "build" / "sonde"))
TESTBED = pathlib.Path(os.environ.get("SONDE_TESTBED", "~/.cache/sonde-testbed")).expanduser()

RATE = 499
SECONDS = 3
C = "-O2 -g"
NO_FP = "-fomit-frame-pointer"
FP = "-fno-omit-frame-pointer -mno-omit-leaf-frame-pointer"
# Debian's musl has no CFI: a stack that begins in its read() ends there.
MUSL = ("main", "in_kernel")


@dataclass(frozen=True)
class Case:
    name: str
    source: str                  # files of tests/workloads, separated by blanks
    flags: str = C
    cc: str = ""                 # told from the source's suffix when empty
    args: tuple = ()             # after the seconds; {dir} is the build folder
    post: tuple = ()             # commands on the binary after linking; {out} is its path
    also: tuple = ()             # other builds it needs: (output, source, flags)
    how: str = "command"         # command, attach, chroot, unshare, pidns, unprivileged, ptrace, ptrace-attach
    setup: str = ""              # replace: copies its two binaries into a scratch folder
    rate: int = RATE
    seconds: float = SECONDS
    cfi: bool = True             # complete >= 99.5 % is demanded
    symbols: bool = True         # named >= 99 % is demanded
    ignore: tuple = ()           # timed regions that a profile cannot show here
    twin: bool = False           # names come from an unstripped twin, by address
    forbid: str = ""             # a frame with such a name is a lie
    quick: bool = False
    note: str = ""


def matrix():
    rows = [
        Case("c-O0-fp", "plain.c", f"-O0 -g {FP}"),
        Case("c-O0-nofp", "plain.c", f"-O0 -g {NO_FP}"),
        Case("c-O2-fp", "plain.c", f"-O2 -g {FP}"),
        Case("c-O2-nofp", "plain.c", f"-O2 -g {NO_FP}", quick=True),
        Case("c-O3-nofp", "plain.c", f"-O3 -g {NO_FP}"),
        Case("c-clang-O2", "plain.c", C, "clang"),
        Case("c-clang-O3-fp", "plain.c", f"-O3 -g {FP}", "clang"),
        Case("c-nodebug", "plain.c", "-O2"),
        Case("c-static", "plain.c", f"{C} -static", quick=True),
        Case("c-static-pie", "plain.c", f"{C} -static-pie"),
        Case("c-no-pie", "plain.c", f"{C} -no-pie"),
        Case("c-lld", "plain.c", f"{C} -fuse-ld=lld", "clang"),
        Case("c-stripped", "plain.c", C, post=("strip {out}",), twin=True, symbols=False, quick=True),
        Case("c-static-stripped", "plain.c", f"{C} -static", post=("strip {out}",), twin=True, symbols=False),
        Case("c-no-build-id", "plain.c", f"{C} -Wl,--build-id=none"),
        Case("c-compressed-debug", "plain.c", f"{C} -gz"),
        Case("c-split-dwarf", "plain.c", f"{C} -gsplit-dwarf"),
        Case("c-dwarf4", "plain.c", f"{C} -gdwarf-4"),
        Case("c-dwarf2", "plain.c", f"{C} -gdwarf-2 -gstrict-dwarf"),
        Case("c-no-eh-frame-hdr", "plain.c", f"{C} -Wl,--no-eh-frame-hdr"),
        Case("c-no-cfi-nofp", "plain.c", f"-O2 -fno-asynchronous-unwind-tables -fno-unwind-tables {NO_FP}",
             cfi=False, note="no CFI, no frame pointers"),
        Case("c-no-cfi-fp", "plain.c", f"-O2 -fno-asynchronous-unwind-tables -fno-unwind-tables {FP}",
             cfi=False, note="no CFI, frame pointers"),
        Case("c-debug-frame-only", "plain.c", f"{C} -fno-asynchronous-unwind-tables -fno-unwind-tables {NO_FP}"),
        Case("musl-dynamic", "plain.c", C, "musl-gcc", cfi=False, ignore=MUSL, note="musl's libc has no CFI"),
        Case("musl-static", "plain.c", f"{C} -static", "musl-gcc", cfi=False, ignore=MUSL, quick=True,
             note="musl's libc has no CFI"),
        Case("musl-static-pie", "plain.c", f"{C} -static-pie", "musl-gcc", cfi=False, ignore=MUSL,
             note="musl's libc has no CFI"),
        Case("musl-threads", "threads.c", f"{C} -static", "musl-gcc", cfi=False, ignore=("thread_main",),
             note="musl's libc has no CFI"),
        Case("deep-60", "recurse.c", f"{C} {NO_FP}", args=("60",)),
        Case("deep-500", "recurse.c", f"{C} {NO_FP}", args=("500",)),
        Case("deep-1100", "recurse.c", f"{C} {NO_FP}", args=("1100",), quick=True),
        Case("deep-1100-fp", "recurse.c", f"{C} {FP}", args=("1100",)),
        Case("deep-500-O0", "recurse.c", "-O0 -g", args=("500",)),
        Case("deep-500-clang", "recurse.c", C, "clang", args=("500",)),
        Case("qsort", "callback.c", quick=True),
        Case("qsort-static", "callback.c", f"{C} -static"),
        Case("qsort-clang-O3", "callback.c", "-O3 -g", "clang"),
        Case("qsort-musl", "callback.c", f"{C} -static", "musl-gcc", cfi=False,
             ignore=("main", "sort_some"), note="musl's libc has no CFI"),
        # their timer expires at the kernel's tick (250 or 1,000 a second): 499 would look at nearly the same places of it for a second
        Case("signal", "handler.c", rate=467, quick=True),
        Case("signal-altstack", "handler.c", rate=467, args=("alt",), quick=True),
        Case("signal-altstack-nofp-O3", "handler.c", f"-O3 -g {NO_FP}", args=("alt",), rate=467),
        Case("signal-static", "handler.c", f"{C} -static", rate=467),
        Case("signal-fp-clang", "handler.c", f"{C} {FP}", "clang", rate=467),
        Case("signal-musl", "handler.c", f"{C} -static", "musl-gcc", cfi=False, rate=467,
             ignore=("main", "interrupted_in_kernel"), note="musl's libc has no CFI"),
        Case("vfork", "vfork.c", quick=True),
        Case("threads", "threads.c", f"{C} -pthread", quick=True),
        Case("threads-attach", "threads.c", f"{C} -pthread", how="attach"),
        Case("threads-static", "threads.c", f"{C} -pthread -static"),
        Case("forks", "family.c", args=("fork",)),
        Case("threads-brief", "family.c", args=("brief",), quick=True),
        Case("main-thread-ends", "family.c", args=("mainexit",)),
        Case("thread-execs", "family.c", args=("threadexec",)),
        Case("coroutines", "coroutine.c", quick=True),
        Case("coroutines-clang-O3", "coroutine.c", "-O3 -g", "clang"),
        Case("plugin", "plugin.c", f"{C} -ldl", args=("{dir}/one.so", "{dir}/two.so"), also=(
            ("one.so", "plugin_lib.c", f"{C} -shared -fPIC"),
            ("two.so", "plugin_lib.c", f"{C} -shared -fPIC -DPLUGIN=plugin_two -DSEED=5")), quick=True),
        Case("plugin-churn", "plugin.c", f"{C} -ldl", args=("{dir}/one.so", "{dir}/two.so", "8"), also=(
            ("one.so", "plugin_lib.c", f"{C} -shared -fPIC"),
            ("two.so", "plugin_lib.c", f"{C} -shared -fPIC -DPLUGIN=plugin_two -DSEED=5"))),
        Case("children-200x20ms", "children.c", args=("200", "20"), quick=True),
        Case("children-static", "children.c", f"{C} -static", args=("200", "20")),
        Case("children-attach", "children.c", args=("100", "20"), how="attach"),
        Case("brief-50ms", "plain.c", C, rate=4999, seconds=0.05, quick=True),
        Case("replaced-stay", "replace.c", args=("stay", "{scratch}/new"), setup="replace",
             also=(("new", "replace.c", f"{C} -DNEW"),), forbid="^new_", quick=True),
        Case("replaced-exec", "replace.c", args=("exec", "{scratch}/new"), setup="replace",
             also=(("new", "replace.c", f"{C} -DNEW"),), quick=True),
        Case("replaced-no-build-id", "replace.c", f"{C} -Wl,--build-id=none", args=("stay", "{scratch}/new"),
             setup="replace", also=(("new", "replace.c", f"{C} -DNEW -Wl,--build-id=none"),), forbid="^new_"),
        Case("deleted", "replace.c", args=("delete",), setup="replace",
             also=(("new", "replace.c", f"{C} -DNEW"),)),
        Case("chroot", "plain.c", how="chroot", quick=True),
        Case("mount-namespace", "plain.c", how="unshare", also=(("new", "replace.c", f"{C} -DNEW"),),
             forbid="^new_", quick=True),
        Case("jit-perfmap", "jit.c", args=("perfmap",), quick=True),
        Case("jit-perfmap-attach", "jit.c", args=("perfmap",), how="attach"),
        Case("jit-perfmap-memfd", "jit.c", args=("perfmap", "-", "memfd")),
        Case("jit-perfmap-pid-namespace", "jit.c", args=("perfmap",), how="pidns"),
        Case("jit-jitdump", "jit.c", args=("jitdump", "{scratch}"), quick=True),
        Case("jit-nothing", "jit.c", args=("nothing",), symbols=False, cfi=False,
             ignore=("jit_spin", "jit_caller with spaces"), note="nothing names or unwinds it but rbp"),
        Case("frames", "frames.c", "-O2 -g -mavx2", quick=True),
        Case("frames-O0", "frames.c", "-O0 -g -mavx2"),
        Case("frames-O3-clang", "frames.c", "-O3 -g -mavx2", "clang"),
        Case("frames-nofp", "frames.c", f"-O2 -g -mavx2 {NO_FP}"),
        Case("tailcall", "tailcall.c", quick=True),
        Case("tailcall-clang-fp", "tailcall.c", f"{C} {FP}", "clang"),
        Case("edges", "edges.c", f"{C} {{dir}}/libedges.so -Wl,-z,lazy",
             also=(("libedges.so", "edges_lib.c", f"{C} -shared -fPIC"),), quick=True),
        Case("edges-cet", "edges.c", f"{C} -fcf-protection {{dir}}/libedges.so -Wl,-z,lazy,-z,ibtplt",
             also=(("libedges.so", "edges_lib.c", f"{C} -shared -fPIC -fcf-protection"),)),
        Case("edges-now-clang", "edges.c", f"{C} {{dir}}/libedges.so -Wl,-z,now", "clang",
             also=(("libedges.so", "edges_lib.c", f"{C} -shared -fPIC"),)),
        Case("longjmp", "jump.c"),
        Case("lto", "split_main.c split_far.c", f"{C} -flto", quick=True),
        Case("lto-clang-thin", "split_main.c split_far.c", f"{C} -flto=thin -fuse-ld=lld", "clang"),
        Case("cpp-O2", "cpp.cc", f"-O2 -g {NO_FP}", quick=True),
        Case("cpp-O0", "cpp.cc", "-O0 -g"),
        Case("cpp-O3-fp", "cpp.cc", f"-O3 -g {FP}"),
        Case("cpp-clang", "cpp.cc", C, "clang++"),
        Case("cpp-static", "cpp.cc", f"{C} -static"),
        Case("cpp-lto", "cpp.cc", f"{C} -flto"),
        Case("cpp-stripped", "cpp.cc", C, post=("strip {out}",), twin=True, symbols=False),
        Case("exceptions", "exceptions.cc", quick=True),
        Case("exceptions-O0", "exceptions.cc", "-O0 -g"),
        Case("exceptions-static", "exceptions.cc", f"{C} -static"),
        Case("exceptions-clang-O3", "exceptions.cc", "-O3 -g", "clang++"),
        Case("rust-O0", "rust.rs", "-g -C opt-level=0"),
        Case("rust-O2", "rust.rs", "-g -C opt-level=2", quick=True),
        Case("rust-O3-abort-nofp", "rust.rs", "-g -C opt-level=3 -C panic=abort -C force-frame-pointers=no"),
        Case("rust-O2-fp", "rust.rs", "-g -C opt-level=2 -C force-frame-pointers=yes"),
        Case("rust-v0-names", "rust.rs", "-g -C opt-level=2 -C symbol-mangling-version=v0"),
        Case("rust-stripped", "rust.rs", "-g -C opt-level=2", post=("strip {out}",), twin=True, symbols=False),
        Case("rust-lto", "rust.rs", "-g -C opt-level=3 -C lto=fat -C codegen-units=1"),
        Case("unprivileged-qsort", "callback.c", f"{C} {NO_FP}", how="unprivileged", quick=True),
        Case("unprivileged-threads", "threads.c", f"{C} -pthread", how="unprivileged"),
        Case("unprivileged-cpp", "cpp.cc", how="unprivileged"),
        Case("unprivileged-frames", "frames.c", "-O2 -g -mavx2", how="unprivileged"),
        Case("unprivileged-rust", "rust.rs", "-g -C opt-level=2", how="unprivileged"),
        Case("ptrace-plain", "plain.c", f"-O2 -g {NO_FP}", how="ptrace"),
        Case("ptrace-qsort", "callback.c", how="ptrace"),
        Case("ptrace-threads", "threads.c", f"{C} -pthread", how="ptrace", quick=True),
        Case("ptrace-threads-attach", "threads.c", f"{C} -pthread", how="ptrace-attach"),
        Case("ptrace-signal", "handler.c", how="ptrace"),
        Case("ptrace-main-thread-ends", "family.c", args=("mainexit",), how="ptrace"),
        Case("ptrace-children", "children.c", args=("200", "20"), how="ptrace", quick=True),
        Case("ptrace-plugin-churn", "plugin.c", f"{C} -ldl", args=("{dir}/one.so", "{dir}/two.so", "8"), also=(
            ("one.so", "plugin_lib.c", f"{C} -shared -fPIC"),
            ("two.so", "plugin_lib.c", f"{C} -shared -fPIC -DPLUGIN=plugin_two -DSEED=5")), how="ptrace"),
        Case("ptrace-replaced-exec", "replace.c", args=("exec", "{scratch}/new"), setup="replace", how="ptrace",
             also=(("new", "replace.c", f"{C} -DNEW"),)),
        Case("ptrace-jit-perfmap", "jit.c", args=("perfmap",), how="ptrace"),
        Case("ptrace-deep-500", "recurse.c", f"{C} {NO_FP}", args=("500",), how="ptrace"),
        Case("ptrace-rust", "rust.rs", "-g -C opt-level=2", how="ptrace"),
        Case("rust-attach", "rust.rs", "-g -C opt-level=2", how="attach"),
    ]
    return rows


# Building


def sources_hash():
    digest = hashlib.sha256()
    for path in sorted(SOURCES.iterdir()):
        if path.suffix in (".c", ".cc", ".h", ".rs"):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def cache_dir():
    path = TESTBED / f"truth-{sources_hash()}"
    path.mkdir(parents=True, exist_ok=True)
    return path


def compiler_of(case, source):
    if source.endswith(".rs"):
        return "rustc"
    if source.endswith(".cc"):
        return case.cc or "g++"
    return {"clang++": "clang"}.get(case.cc, case.cc or "gcc")


def compile_one(case, out, source, flags):
    flags = flags.format(dir=out.parent)
    cc = compiler_of(case, source)
    files = [str(SOURCES / name) for name in source.split()]
    if cc == "rustc":
        command = [cc, "--edition", "2021", "--crate-name", "rust", *flags.split(), "-o", str(out), *files]
    else:
        # libraries must follow the sources that need them
        late = [f for f in flags.split() if f.startswith("-l") or f.endswith(".so")]
        early = [f for f in flags.split() if f not in late]
        command = [cc, "-D_GNU_SOURCE", *early, "-o", str(out), *files, *late]
        if out.parent != out and any(f.endswith(".so") for f in late):
            command.append(f"-Wl,-rpath,{out.parent}")
    done = subprocess.run(command, capture_output=True, text=True, cwd=out.parent)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")


class CannotBuild(Exception):
    pass


def build(case):
    """The folder that holds the case's `prog` (and `prog.full`, unstripped), built when missing."""
    key = hashlib.sha256(repr((case.source, case.flags, case.cc, case.post, case.also)).encode()).hexdigest()[:10]
    folder = cache_dir() / f"{case.name}-{key}"
    if (folder / "done").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "done").exists():
            return folder
        tools = {compiler_of(case, case.source.split()[0])}
        missing = [tool for tool in tools if not shutil.which(tool)]
        if missing:
            raise CannotBuild(f"no {', '.join(missing)}")
        for out, source, flags in case.also:
            compile_one(case, folder / out, source, flags)
        compile_one(case, folder / "prog", case.source, case.flags)
        shutil.copy2(folder / "prog", folder / "prog.full")
        for command in case.post:
            subprocess.run(command.format(out=folder / "prog").split(), check=True)
        (folder / "done").touch()
    return folder


def copy_with_libraries(binary, root, where):
    """Puts a program with its own copies of the interpreter and libraries under `root`."""
    target = root / where
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(binary, target)
    listing = subprocess.run(["ldd", str(binary)], capture_output=True, text=True).stdout
    for library in re.findall(r"(/\S+) \(0x", listing):
        copy = root / library.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(library, copy)


# Profiles, whoever took them


@dataclass
class Stack:
    names: list         # root first
    count: int
    thread: str
    frames: list = field(default_factory=list)      # (name, module, address, pprof mapping), root first


@dataclass
class Profile:
    stacks: list
    report: dict = field(default_factory=dict)      # sonde report --json

    @property
    def n(self):
        return sum(stack.count for stack in self.stacks)


def read_sonde(path, *options):
    """`options` are more of `sonde report`'s."""
    data = pprof_min.read(path)
    index = next((i for i, (kind, _) in enumerate(data.types) if kind == "samples"), 0)
    stacks = []
    for sample in data.samples:
        frames = []
        for location in reversed(sample.locations):
            module = os.path.basename(location.mapping.path)
            for function, _ in reversed(location.lines) if location.lines else []:
                frames.append((function.name, module, location.address, location.mapping))
            if not location.lines:
                frames.append(("", module, location.address, location.mapping))
        thread = str(sample.labels.get("thread", sample.labels.get("comm", "")))
        stacks.append(Stack([f[0] for f in frames], sample.values[index], thread, frames))
    report = subprocess.run([SONDE, "report", str(path), "--json", *options], capture_output=True, text=True)
    if report.returncode:
        raise RuntimeError(f"sonde report --json: {report.returncode}: {report.stderr}")
    return Profile(stacks, json.loads(report.stdout))


def read_perf(path):
    text = subprocess.run(["perf", "script", "-i", str(path), "-F", "comm,tid,time,ip,sym,dso"],
                          capture_output=True, text=True).stdout
    stacks = []
    for block in text.split("\n\n"):
        lines = block.strip("\n").split("\n")
        found = re.match(r"\s*(.*?)\s+\d+\s+[\d.]+:", lines[0])
        if not found:
            continue
        frames = []
        for line in lines[1:]:
            frame = re.match(r"\s*([0-9a-f]+) (.*) \((.*)\)$", line)
            if frame:
                frames.append((frame.group(2), os.path.basename(frame.group(3)), int(frame.group(1), 16), None))
        frames.reverse()
        stacks.append(Stack([f[0] for f in frames], 1, found.group(1), frames))
    return Profile(stacks)


def name_by_twin(profile, folder):
    """Replaces the names of the stripped program's frames by its twin's symbols."""
    text = subprocess.run(["nm", "-C", "--defined-only", str(folder / "prog.full")],
                          capture_output=True, text=True).stdout
    symbols = sorted((int(a, 16), name) for a, kind, name in
                     (line.split(" ", 2) for line in text.splitlines()) if kind in "tTwWiI")
    addresses = [a for a, _ in symbols]
    for stack in profile.stacks:
        for i, (name, module, address, _) in enumerate(stack.frames):
            if module == "prog":
                at = bisect.bisect_right(addresses, address) - 1
                stack.names[i] = symbols[at][1] if at >= 0 else name


@functools.cache
def has_symbols(path, build_id):
    """Whether a mapped file has a symbol table, in itself or in an installed debug file."""
    if os.path.exists(f"/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"):
        return True
    done = subprocess.run(["readelf", "-SW", path], capture_output=True, text=True)
    return done.returncode != 0 or ".symtab" in done.stdout


def named_share(profile):
    """Of the frames in files that have symbols (and of those in no file), the share that has a name."""
    frames = named = 0
    for stack in profile.stacks:
        for name, _, _, mapping in stack.frames:
            if name.startswith("[stack cut"):
                continue    # no frame: where the walk ended, which is for `complete` to tell
            if name and not name.startswith("["):
                named += stack.count
            elif mapping and mapping.path.startswith("/") and not has_symbols(mapping.path, mapping.build_id):
                continue
            frames += stack.count
    return named / frames if frames else 0


def says(key, name):
    """Whether a frame's name is the function the program calls `key`."""
    return name == key or name.startswith((key + "(", key + "<", key + "::<"))


def share_of(profile, key):
    hit = 0
    for stack in profile.stacks:
        if key.startswith("@thread:"):
            hit += stack.count if stack.thread == key[8:] else 0
        elif any(says(key, name) for name in stack.names):
            hit += stack.count
    return hit / profile.n if profile.n else 0.0


# Running


class RunFailed(Exception):
    pass


def truth_line(text, where):
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    raise RunFailed(f"the program printed no truth: {where}")


def opened_perf_events(pid):
    try:
        return any("perf_event" in os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return False


def is_recording(pid, target):
    """Whether a profiler has begun: it has perf events, or traces its target."""
    with contextlib.suppress(OSError):
        if "TracerPid:\t0\n" not in pathlib.Path(f"/proc/{target}/status").read_text():
            return True
    return opened_perf_events(pid)


def activity(pid):
    """CPU time of all threads in clock ticks, and how many of them are not asleep."""
    ticks = awake = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
        awake += fields[0] != "S"
    return ticks, awake


def wait_until_idle(target, looks=4, limit_s=30):
    """Until it waits for the word to begin: on a busy machine the imports of a Python take a second and more, and what a
    profiler sees of them the program does not tell."""
    before, same, until = None, 0, time.monotonic() + limit_s
    while same < looks and target.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
        try:
            now = activity(target.pid)
        except OSError:         # a thread that ended meanwhile
            continue
        same = same + 1 if now == before and not now[1] else 0
        before = now


def run_attached(record, command, cwd):
    env = dict(os.environ, TRUTH_WAIT="1")
    target = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd=cwd)
    wait_until_idle(target)
    limit = ["-d", "300"] if SONDE in record else []
    sonde = subprocess.Popen([*record, *limit, "-p", str(target.pid)], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + 15
        while time.monotonic() < until and sonde.poll() is None and not is_recording(sonde.pid, target.pid):
            time.sleep(0.05)
        time.sleep(0.5)
        out, _ = target.communicate("x", timeout=180)
        _, err = sonde.communicate(timeout=60)
    finally:
        for process in (target, sonde):
            if process.poll() is None:
                process.kill()
    return out, err, sonde.returncode


def run_case(case, scratch, backend="sonde"):
    """(truth, profile) of one run. Raises RunFailed with what was said."""
    folder = build(case)
    prog = folder / "prog"
    seconds = str(case.seconds)
    fill = {"dir": folder, "scratch": scratch}
    args = [arg.format(**fill) for arg in case.args]
    command = [str(prog), seconds, *args]
    if case.setup == "replace":
        for name in ("prog", "new"):
            shutil.copy2(folder / name, scratch / name)
        command[0] = str(scratch / "prog")
    elif case.how == "chroot":
        copy_with_libraries(prog, scratch / "root", "app/prog")
        command = ["chroot", str(scratch / "root"), "/app/prog", seconds, *args]
    elif case.how == "pidns":
        command = ["unshare", "--fork", "--pid", "--mount-proc", *command]
    elif case.how == "unshare":
        # Outside, the same path holds a decoy: a name from it is a lie.
        copy_with_libraries(prog, scratch / "inside", "app/prog")
        place = scratch / "place"
        copy_with_libraries(folder / "new", place, "app/prog")
        loader = next((scratch / "inside").rglob("ld-linux*"))
        libs = ":".join({str(place / p.parent.relative_to(scratch / "inside"))
                         for p in (scratch / "inside").rglob("lib*.so*")})
        script = (f"mount --bind {scratch}/inside {place} && "
                  f"exec {place}/{loader.relative_to(scratch / 'inside')} --library-path {libs} {place}/app/prog {seconds}")
        command = ["unshare", "-m", "sh", "-c", script]
    path = scratch / ("p.perf" if backend == "perf" else "p.pb.gz")
    if case.how == "unprivileged":
        for file in (SONDE, prog):
            shutil.copy2(file, scratch / os.path.basename(file))
        scratch.chmod(0o777)
        command[0] = str(scratch / prog.name)
    if backend == "perf":
        record = ["perf", "record", "-q", "-F", str(case.rate), "-e", "cpu-clock", "--call-graph", "dwarf,32768",
                  "-o", str(path)]
    else:
        record = [SONDE, "record", "-F", str(case.rate), "-o", str(path)]
    if case.how == "unprivileged":
        record = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all",
                  "--bounding-set=-all", str(scratch / os.path.basename(SONDE)), *record[1:]]
    if case.how.startswith("ptrace"):
        record = [sys.executable, str(HERE / "refuse.py"), "bpf,perf_event_open", *record]
    if case.how.endswith("attach"):
        out, err, rc = run_attached(record, command, scratch)
    else:
        done = subprocess.run([*record, "--", *command], capture_output=True, text=True, cwd=scratch, timeout=240)
        out, err, rc = done.stdout, done.stderr, done.returncode
    if rc:
        raise RunFailed(f"exit {rc}: {err.strip()[-300:]}")
    truth = truth_line(out, err[-300:])
    profile = read_perf(path) if backend == "perf" else read_sonde(path)
    if case.twin:
        name_by_twin(profile, folder)
    return truth, profile


# Judging


@dataclass
class Verdict:
    case: Case
    samples: int = 0
    cover: float = 0.0           # samples taken of those the CPU time should have given
    complete: float = None
    named: float = None
    worst: str = ""              # the function furthest from its truth
    worst_se: float = 0.0
    failures: list = field(default_factory=list)
    tries: int = 1
    skipped: str = ""


def standard_error(p, n):
    """Of a share seen in n samples; Agresti and Coull's, which does not vanish at 0 and 1."""
    p = (p * n + 2) / (n + 4)
    return math.sqrt(p * (1 - p) / (n + 4))


def without_clock(profile):
    """Without the samples in truth_now(). A thread that ptrace stops goes on until the kick reaches its CPU, which takes
    long on some virtual machines; by then one that reads the clock every 0.3 ms may stand in that system call
    (docs/tiers.md). A fifth at most may do so."""
    stacks = [stack for stack in profile.stacks if not any(says("truth_now", name) for name in stack.names)]
    kept = Profile(stacks, profile.report)
    return kept if kept.n >= 0.8 * profile.n else profile


def judge_shares(verdict, truth, profile):
    case, n = verdict.case, profile.n
    if case.how.startswith("ptrace"):
        profile = without_clock(profile)
    for key, wanted in truth.items():
        if key == "@cpu_s" or key in case.ignore:
            continue
        got = share_of(profile, key)
        se = standard_error(wanted, n)
        off = abs(got - wanted)
        if off / se > verdict.worst_se:
            verdict.worst_se = off / se
            verdict.worst = f"{key} {got:.1%} of {wanted:.1%}"
        if off > max(3 * se, 0.001):
            verdict.failures.append(f"{key}: profile {got:.2%}, truth {wanted:.2%}, {off / se:.1f} standard errors")


def judge_report(verdict, profile):
    report, case = profile.report, verdict.case
    verdict.complete = report.get("complete")
    if case.cfi and not (verdict.complete or 0) >= 0.995:
        verdict.failures.append(f"complete {verdict.complete}")
    verdict.named = named_share(profile)
    if case.symbols and verdict.named < 0.99:
        verdict.failures.append(f"named {verdict.named:.4f}")
    told = report.get("named") or 0
    if told > verdict.named + 1e-6:
        verdict.failures.append(f"report claims {told:.4f} of frames named, the file shows {verdict.named:.4f}")
    drops = sum(report.get("drops", {}).values())
    if report["events"] != report["samples"] + drops:
        verdict.failures.append(f"events {report['events']} != samples {report['samples']} + drops {report['drops']}")
    if report["samples"] != profile.n:
        verdict.failures.append(f"report says {report['samples']} samples, the file holds {profile.n}")
    # The report's own totals must be the file's.
    for function in report["functions"][:20]:
        hit = sum(s.count for s in profile.stacks if function["name"] in s.names)
        same = [f for f in report["functions"] if f["name"] == function["name"]]
        if len(same) == 1 and not case.twin and report["total"] and \
                abs(function["total"] / report["total"] - hit / profile.n) > 0.002:
            verdict.failures.append(f"report: {function['name']} {function['total'] / report['total']:.2%}, "
                                    f"the file says {hit / profile.n:.2%}")


def judge(case, truth, profile, backend="sonde"):
    verdict = Verdict(case, samples=profile.n)
    verdict.cover = profile.n / (truth["@cpu_s"] * case.rate)
    if profile.n == 0:
        verdict.failures.append("no samples")
        return verdict
    judge_shares(verdict, truth, profile)
    # (a tracer is a process among others: on a machine where ten wait for a processor it does not come to all its ticks)
    if verdict.cover < (0.6 if case.how.startswith("ptrace") else 0.8):
        verdict.failures.append(f"only {verdict.cover:.0%} of the samples that {truth['@cpu_s']} s should give")
    if case.forbid:
        lies = {name for stack in profile.stacks for name in stack.names if re.search(case.forbid, name)}
        if lies:
            verdict.failures.append(f"wrong names: {sorted(lies)}")
    if backend == "sonde":
        judge_report(verdict, profile)
    return verdict


def remove_perf_maps():
    """The maps that jit.c left in /tmp, as run-time compilers do: a profiler reads them after the end."""
    for path in pathlib.Path("/tmp").glob("perf-*.map"):
        try:
            if "jit_spin" in path.read_text(errors="replace"):
                path.unlink()
        except OSError:
            pass


def try_case(case, backend="sonde", keep=None, tries=2):
    verdict = Verdict(case)
    for attempt in range(1, tries + 1):
        scratch = pathlib.Path(tempfile.mkdtemp(prefix="sonde-truth-"))
        try:
            truth, profile = run_case(case, scratch, backend)
            verdict = judge(case, truth, profile, backend)
        except CannotBuild as why:
            return Verdict(case, skipped=str(why))
        except (RunFailed, RuntimeError, subprocess.TimeoutExpired, ValueError, KeyError) as why:
            verdict = Verdict(case, failures=[str(why)[:400]])
        finally:
            if keep and (scratch / "p.pb.gz").exists():
                keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(scratch / "p.pb.gz", keep / f"{case.name}.pb.gz")
            shutil.rmtree(scratch, ignore_errors=True)
            if case.source == "jit.c":
                remove_perf_maps()
        verdict.tries = attempt
        if not verdict.failures:
            break
    return verdict


# Printing


def percent(value):
    return "-" if value is None else f"{value * 100:.2f}"


def print_head():
    print(f"{'workload':24} {'samples':>7} {'cover':>5} {'complete':>8} {'named':>6} {'tries':>5} {'worst':>5}  function")


def print_row(verdict):
    if verdict.skipped:
        print(f"{verdict.case.name:24} SKIPPED: {verdict.skipped}")
        return
    mark = "FAIL" if verdict.failures else "ok"
    print(f"{verdict.case.name:24} {verdict.samples:7} {verdict.cover:5.0%} {percent(verdict.complete):>8} "
          f"{percent(verdict.named):>6} {verdict.tries:5} {verdict.worst_se:5.1f}  {mark}: {verdict.worst}"
          f"{' (' + verdict.case.note + ')' if verdict.case.note else ''}")
    for failure in verdict.failures:
        print(f"{'':24} - {failure}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description="profiles against self-measured truth")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--with", dest="backend", default="sonde", choices=("sonde", "perf"))
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--build", action="store_true", help="build the programs only")
    parser.add_argument("--once", action="store_true", help="no second try")
    options = parser.parse_args()
    cases = [c for c in matrix() if options.all or (options.quick and c.quick) or any(n in c.name for n in options.names)]
    if not cases:
        parser.error("name rows, or say --all or --quick")
    if options.list:
        print("\n".join(c.name for c in cases))
        return 0
    bad = 0
    if not options.build:
        print_head()
    for case in cases:
        if options.build:
            try:
                build(case)
            except (CannotBuild, RuntimeError) as why:
                print(f"{case.name}: {why}")
                bad += 1
            continue
        verdict = try_case(case, options.backend, options.keep, 1 if options.once else 2)
        print_row(verdict)
        bad += bool(verdict.failures)
    print(f"{len(cases) - bad} of {len(cases)} rows {'built' if options.build else 'pass'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
