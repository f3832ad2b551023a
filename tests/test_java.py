# SPDX-License-Identifier: Apache-2.0
"""A quick part of the Java matrix; `python3 tests/java.py --all` runs and prints all of it. First the judge itself: it
must pass what is right and fail what is wrong."""
import collections
import dataclasses
import re
import subprocess

import pytest

import java
import java_archives
import matrix
from java import Frame, Stack

java.SPIN_MS = 50      # for each of the oracle's kinds


# The judge. Right data is made out of what the program prints when nobody looks.


@pytest.fixture(scope="module")
def built():
    try:
        return java.build()
    except matrix.Skip as why:
        pytest.skip(str(why))


def run_java(built, *arguments):
    done = subprocess.run([f"{java.own_jdks()[-1]}/bin/java", f"-Dwork.native={built.native}", "-Dwork.spinMs=1", "-cp",
                           built.classes, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def told(built):
    if not built.native:
        pytest.skip("no gcc, or no jni.h")
    expected, _ = java.expected_stacks(run_java(built, "work.Oracle"))
    assert len({label for label, _ in expected.values()}) > 50
    return expected


def stack_of(frames, thread):
    all_frames = [Frame("java.lang.System.nanoTime", "System.java", 0, True), Frame("work.Spin.work", "Spin.java", 45, True),
                  Frame("work.Spin.spin", "Spin.java", 38, True)]
    for name, file, line in frames:
        all_frames.append(Frame(name, "java/lang/" + file if line else "", line, True))
        if name == "work.Native.called":
            all_frames += [Frame("jni_CallStaticIntMethod"), Frame("call_java")]
        if name.startswith("work.Oracle.lambda$nativeThreads"):
            all_frames += [Frame("thread_in_c"), Frame("start_thread")]
    return Stack(all_frames + [Frame("JavaMain"), Frame("start_thread")], 10, thread)


def judged(told, change=None):
    stacks = [stack_of(frames, thread) for frames, (_, (thread, *_)) in told.items()]
    if change:
        change(stacks)
    return java.judge_oracle(told, stacks)


def test_right_stacks_are_all_matched(told):
    result = judged(told)
    assert result.matched == result.total == 10 * len(told), result.wrong
    assert not result.threads and not result.via


def swap(stacks, wanted, **values):
    """Changes the first frame of that name."""
    stack, i = at(stacks, wanted)
    stack.frames[i] = dataclasses.replace(stack.frames[i], **values)


def at(stacks, name):
    return next((s, i) for s in stacks for i, f in enumerate(s.frames) if f.name == name and i > 2)


def drop(stacks, name):
    stack, i = at(stacks, name)
    del stack.frames[i]


def double(stacks, name):
    stack, i = at(stacks, name)
    stack.frames.insert(i, stack.frames[i])


@pytest.mark.parametrize("change", [
    lambda stacks: swap(stacks, "work.Oracle.plain", line=1),
    lambda stacks: swap(stacks, "work.Oracle.plain", name="work.Oracle.plane"),
    lambda stacks: swap(stacks, "work.Oracle.plain", path="Elsewhere.java"),
    lambda stacks: swap(stacks, "work.Oracle.plain", name="[stale method]", java=False),
    lambda stacks: drop(stacks, "work.Oracle.recursion"),
    lambda stacks: double(stacks, "work.Oracle.recursion"),
    lambda stacks: drop(stacks, "work.Oracle.main"),
    lambda stacks: double(stacks, "work.Oracle$Größe.数える"),
], ids=["line", "name", "file", "error frame", "missing frame", "frame twice", "root", "not ASCII"])
def test_a_wrong_stack_is_not_matched(told, change):
    result = judged(told, change)
    assert result.matched == result.total - 10 and len(result.wrong) == 1


def test_another_thread_and_missing_c_are_seen(told):
    def change(stacks):
        stacks[0].thread = "another"
        for stack in stacks:
            stack.frames = [f for f in stack.frames if f.name != "call_java"]
    result = judged(told, change)
    assert sum(result.threads.values()) == 10
    assert set(result.via) == {"called by C", "called by C again"}


LOADED = """[0.1s][info][class,load] java.lang.Object source: shared objects file
[0.1s][info][class,load] work.Mixed source: %s
[0.1s][info][class,load] work.Mixed$$Lambda$7/0x0000000840062840 source: work.Mixed
"""


@pytest.mark.parametrize("source,wanted", [("shared objects file (top)", {"archive": 1, "memory": 1}),
                                           ("shared objects file", {"archive": 1, "memory": 1}),
                                           ("file:/tmp/work.jar", {"file": 1, "memory": 1})])
def test_an_archive_that_is_not_used_is_seen(tmp_path, source, wanted):
    (tmp_path / "loaded").write_text(LOADED % source)
    assert java_archives.sources(tmp_path, "work.") == wanted
    row = java.Row(java.Jdk("own", "", 0), java.MODES[0], java.WORKLOADS[0])
    java.judge_archive(row, tmp_path)
    assert row.failures     # one class is too few


def test_names_and_lines_that_no_class_has_are_found(built):
    row = java.Row(java.Jdk("own", java.own_jdks()[-1], 0), java.MODES[0], java.WORKLOADS[0])
    lines = run_java(built, "work.Mixed", "0.2")        # it must run at all
    assert lines.startswith("{")
    source = (java.SOURCES / "work" / "Mixed.java").read_text().splitlines()
    inside = next(i for i, text in enumerate(source, 1) if "total += numbers[i] % 7" in text)
    stacks = [Stack([Frame("work.Mixed.loopPlain", "Mixed.java", inside, True)], 90),
              Stack([Frame("java.util.HashMap.putVal", "HashMap.java", 1, True)], 1),
              Stack([Frame("work.Mixed.loopPlain", "Mixed.java", 1, True)], 2),
              Stack([Frame("work.Mixed.noSuchMethod", "Mixed.java", inside, True)], 3),
              Stack([Frame("work.Churned0012.step0013", "", 0, True)], 4)]
    java.judge_frames(row, stacks, java.known_classes(row, built, stacks))
    assert row.names == 0.93 and row.lines == 0.9
    assert any("WRONG NAMES: 7 frames" in failure for failure in row.failures)


@pytest.mark.parametrize("name,wanted", [
    ("work.Oracle$$Lambda$14/0x0000000800c03000.run", "work.Oracle$$Lambda.run"),
    ("work.Oracle$$Lambda/0x00007f0dac0bb2e8.run", "work.Oracle$$Lambda.run"),
    ("work.Oracle$$Lambda+0x00007f0dac0bb2e8.run", "work.Oracle$$Lambda.run"),
    ("java.lang.invoke.LambdaForm$MH/0x1f.invoke", "java.lang.invoke.LambdaForm$MH.invoke"),
    ("work.Oracle.lambda$sorting$0", "work.Oracle.lambda$sorting$0"),
])
def test_what_differs_from_run_to_run_is_masked(name, wanted):
    assert java.masked(name) == wanted


# The matrix


@pytest.mark.parametrize("name", java.QUICK)
def test_a_java_profile_shows_what_the_program_says_of_itself(name):
    asked = next(row for row in java.rows() if row.name == name)
    java.install([asked])
    row = java.try_row(asked, 1.5)
    if row.skipped:
        pytest.skip(f"{row.name}: {row.skipped}")
    assert not row.failures, "\n".join(row.failures)


def test_threads_that_c_attached_have_their_names_from_their_first_sample(built, tmp_path):
    jdk = next((jdk for jdk in java.jdks() if jdk.there()), None)
    if not built.embed or not built.native or not jdk:
        pytest.skip("no C compiler, no jni.h, or no JDK")
    path = tmp_path / "p.pb.gz"
    done = subprocess.run([*java.recorder(path), "--", built.embed, str(java.libjvm_of(jdk)), built.classes, built.native,
                           "work.Oracle", "nativeThreads"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    names = {"embedding": collections.Counter(), "thread_in_c": collections.Counter()}
    for stack in java.stacks_of_sonde(path):
        for function, seen in names.items():
            if any(frame.name == function for frame in stack.frames):
                seen[stack.thread] += stack.count
    assert set(names["embedding"]) == {"main"}, names      # most of it is JNI_CreateJavaVM, before Java knows the thread
    assert names["thread_in_c"] and all(re.fullmatch(r"Thread-\d+", name) for name in names["thread_in_c"]), names


SCALA_NAMES = ["work.<+>.++=", "work.<+>.unary_!", "work.<+>.::", "work.<+>.value_=", "work.<+>.a word", "work.<+>.≤",
               "work.Operators$.$anonfun$main$1"]


def test_scala_names_are_as_they_are_written(tmp_path):
    jdk = next((jdk for jdk in java.jdks() if jdk.there()), None)
    if not jdk:
        pytest.skip("no JDK")
    try:
        jars = ":".join(java.jar_files("scala"))
    except matrix.Skip as why:
        pytest.skip(str(why))
    path = tmp_path / "p.pb.gz"
    java.run_tool([jdk.java, "-cp", jars, "scala.tools.nsc.Main", "-encoding", "UTF-8", "-usejavacp", "-d", str(tmp_path),
                   str(java.SOURCES / "scala" / "Operators.scala")])
    java.run_tool([*java.recorder(path), "--", jdk.java, "-Dwork.spinMs=40", "-cp", f"{tmp_path}:{jars}", "work.Operators"])
    frames = [stack.frames for stack in java.stacks_of_sonde(path)]
    callers = {f[i + 1].name for f in frames for i, frame in enumerate(f[:-1]) if frame.name == "work.Operators$.spin"}
    assert callers == set(SCALA_NAMES), callers


# Frames between two calls: the judge, then the program.


def test_a_caller_that_is_left_out_or_another_is_found():
    right = [Frame("vtable chunks"), Frame("work.Stubs.vtables", java=True), Frame("work.Stubs.main", java=True)]
    through = [Frame("work.Native.trivial", java=True), Frame("jni_CallStaticIntMethod"), Frame("call_many"),
               Frame("Java_work_Native_many"), Frame("work.Native.many", java=True),
               Frame("work.Stubs.fromC", java=True), Frame("work.Stubs.main", java=True)]
    seen, wrong = java.stub_counts([Stack(right, 3), Stack(through, 4)])
    assert seen == {"vtable chunks": 3, "work.Native.trivial": 4} and not wrong
    for i in range(2, 6):
        _, wrong = java.stub_counts([Stack(through[:i] + through[i + 1:], 4)])
        assert sum(wrong.values()) == 4
    _, wrong = java.stub_counts([Stack([right[0], Frame("work.Stubs.itsCaller", java=True), right[2]], 1)])
    assert sum(wrong.values()) == 1
