# SPDX-License-Identifier: Apache-2.0
"""A quick part of the language matrix; `python3 tests/languages.py --all` runs and prints all of it. First the judge
itself: it must pass what is right and fail what is wrong."""
import copy
import json
import random
import subprocess
import sys

import pytest

import languages
import truth
from languages import Frame, Stack

ME = languages.Python("this", sys.executable)
languages.SPIN_MS = 50      # for each of the oracle's stacks


# The judge. Right data is made out of what the programs print.


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What oracle.py says of itself when nobody looks."""
    done = subprocess.run([sys.executable, str(languages.SOURCES / "oracle.py")], capture_output=True, text=True,
                          env=dict(languages.environment(), ORACLE_SPIN_MS="1"), timeout=60)
    assert done.returncode == 0, done.stderr
    expected, _ = languages.expected_stacks(done.stdout)
    assert len(expected) > 30
    return expected


def stack_of(told, qualified=True):
    leaf = Frame("oracle.py:spin", str(languages.SOURCES / "oracle.py"), 60, True)
    frames = [leaf, Frame("_PyEval_EvalFrameDefault")]
    for path, line, name, full in told["frames"]:
        frames.append(Frame(path.rpartition("/")[2] + ":" + (full or name if qualified else name), path, line, True))
        frames.append(Frame("PyObject_Call"))
    if told.get("via"):
        frames.insert(frames.index([f for f in frames if f.python][1 + told["via"][0]]) + 1, Frame("list_sort getattr "
                      "pattern_sub reduce qsort"))
    return Stack(frames, 50)


def judged(told, change=None, qualified=True):
    stacks = [stack_of(one, qualified) for one in told.values()]
    if change:
        change(stacks)
    return languages.judge_oracle(told, stacks, qualified, native=True)


@pytest.mark.parametrize("qualified", [True, False])
def test_right_stacks_are_all_matched(told, qualified):
    result = judged(told, qualified=qualified)
    assert result.matched == result.total > 0 and result.frames_right == result.frames
    assert set(result.seen) == set(told) and not result.via


def find(stacks, label_frame):
    return next(s for s in stacks if any(f.name.endswith(label_frame) for f in s.frames))


def set_frame(stacks, ends, **values):
    stack = find(stacks, ends)
    frame = next(f for f in stack.frames if f.name.endswith(ends))
    for key, value in values.items():
        setattr(frame, key, value)


@pytest.mark.parametrize("change", [
    lambda stacks: set_frame(stacks, ":sorting", line=1),
    lambda stacks: set_frame(stacks, ":sorting", name="oracle.py:sort_key"),
    lambda stacks: set_frame(stacks, ":sorting", path="/elsewhere/oracle.py"),
    lambda stacks: find(stacks, ":sorting").frames.pop(),                                   # a native root changes nothing:
    lambda stacks: [find(stacks, ":sorting").frames.pop() for _ in range(2)],               # the root of Python does
    lambda stacks: find(stacks, ":recursion").frames.pop(100),
    lambda stacks: find(stacks, ":recursion").frames.insert(100, copy.copy(find(stacks, ":recursion").frames[100])),
    lambda stacks: set_frame(stacks, "naïve", name="módulo_日本.py:naive"),
], ids=["line", "name", "file", "native root", "root", "missing frame", "frame twice", "not ASCII"])
def test_a_wrong_stack_is_not_matched(told, change, request):
    result = judged(told, change)
    if request.node.callspec.id == "native root":
        assert result.matched == result.total
    else:
        assert result.matched == result.total - 50 and result.frames_right < result.frames


def test_a_missing_native_caller_is_seen(told):
    def drop(stacks):
        stack = find(stacks, ":sorting")
        stack.frames = [f for f in stack.frames if f.python or f.name == "_PyEval_EvalFrameDefault"]
    assert judged(told, drop).via == {"sort key": 50}


def test_lines_and_names_that_no_file_has_are_found(tmp_path):
    scratch = languages.scratch_folder(ME)
    path = str(scratch / "mixed.py")
    lines = open(path).read().splitlines()
    inside = next(i for i, text in enumerate(lines, 1) if "total += i" in text and i > 40)
    stacks = [Stack([Frame("mixed.py:loop_plain", path, inside, True)], 96),
              Stack([Frame("mixed.py:loop_plain", path, 1, True)], 1),
              Stack([Frame("mixed.py:no_such_thing", path, inside, True)], 3)]
    share, wrong = languages.right_share(stacks, languages.possible_frames(ME, scratch, stacks), True)
    assert share == 0.96 and sorted(wrong.values()) == [1, 3]


def sampled(told, n, seed, shift=None):
    """A profile of n samples as a fair sampler would take them of a program with these shares."""
    dice, stacks = random.Random(seed), []
    keys = [key for key in told if key not in ("@cpu_s", "mixed.py:main")]
    for _ in range(n):
        names = ["mixed.py:main"] if dice.random() < told["mixed.py:main"] else []
        names += [key for key in keys if dice.random() < told[key] + (shift or {}).get(key, 0)]
        stacks.append(truth.Stack([n for n in names if n[0] != "@"], 1,
                                  next((n[8:] for n in names if n[0] == "@"), "")))
    return truth.Profile(stacks)


@pytest.fixture(scope="module")
def shares():
    done = subprocess.run([sys.executable, str(languages.SOURCES / "mixed.py"), "0.5"], capture_output=True, text=True,
                          env=languages.environment(), timeout=60)
    told = json.loads(done.stdout)
    told["@cpu_s"] = 3000 / truth.RATE
    return told


def test_shares_of_a_fair_sampler_pass_and_others_fail(shares):
    case = truth.Case("mixed", "")
    # three standard errors fail once in 400 comparisons: of some runs, most pass
    good = [not truth.judge(case, shares, sampled(shares, 3000, seed), "py-spy").failures for seed in range(9)]
    bad = [not truth.judge(case, shares, sampled(shares, 3000, seed, {"mixed.py:loop_plain": 0.06}), "py-spy").failures
           for seed in range(9)]
    assert sum(good) >= 5 and not any(bad)


def test_names_without_classes_count_for_versions_that_have_no_others(shares):
    profile = sampled(shares, 2000, 1)
    for stack in profile.stacks:
        stack.names = [name.replace("Parser.", "").replace("Worker.", "") for name in stack.names]
    languages.name_as_truth(profile, shares, qualified=True)
    assert truth.share_of(profile, "mixed.py:Parser.parse") == 0
    languages.name_as_truth(profile, shares, qualified=False)
    assert truth.share_of(profile, "mixed.py:Parser.parse") > 0


# The matrix


QUICK = [(python, workload) for python in languages.quick_pythons() for workload in languages.WORKLOADS if workload.quick]


@pytest.mark.parametrize("python,workload", QUICK, ids=lambda x: x.name)
def test_a_python_profile_shows_what_the_program_says_of_itself(python, workload):
    row = languages.try_row(python, workload, 1.5)
    if row.skipped:
        pytest.skip(f"{row.name}: {row.skipped}")
    assert not row.failures, "\n".join(row.failures)


def test_threads_have_the_names_that_python_gave_them():
    mixed = next(w for w in languages.WORKLOADS if w.name == "mixed")
    row = languages.try_row(languages.Python("debian", "/usr/bin/python3"), mixed, 1.5, tries=1)
    assert not row.skipped and row.thread == "ok", row.thread_failures


def test_a_subinterpreter_before_3_12_has_its_own_frames():
    python = next((p for p in languages.quick_pythons() if p.there() and languages.minor_of(p) < 12), None)
    if python is None:
        pytest.skip("no CPython older than 3.12 here")
    oracle = next(w for w in languages.WORKLOADS if w.name == "oracle")
    row = languages.try_row(python, oracle, 1.5, tries=1)
    assert not row.skipped and not row.failures and not row.gaps, row.gaps


def test_a_python_of_tail_calls_has_its_stacks():
    """uv's 3.14: a function for each instruction, laid out by BOLT, stripped; ctypes maps a part of its file once more."""
    python = next(p for p in languages.pythons() if p.name == "tail-calls")
    if not python.there():
        pytest.skip("not installed: tools/testbed tail-calls")
    row = languages.try_row(python, next(w for w in languages.WORKLOADS if w.name == "oracle"), 1, "sonde", None, 2)
    if row.skipped:
        pytest.skip(row.skipped)
    assert not row.failures, "\n".join(row.failures)
