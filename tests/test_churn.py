# SPDX-License-Identifier: Apache-2.0
"""A program that makes and drops its code all the time: a frame has the name of what ran then, or says why it has none."""
import collections
import json
import os
import re
import subprocess

import pytest

import languages
import pprof_min
import truth

RATE = 4999
MADE = re.compile(r"<made (\d{7})>:(?:outer_(\d{7})(?:\.<locals>\.(?:inner_(\d{7})|<genexpr>))?|inner_(\d{7})|<genexpr>|<module>)$")
LINES = {"outer": range(2, 9), "inner": range(3, 8), "<genexpr>": (0, 8), "<module>": range(0, 3)}     # a generator's second instruction has none

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="Python's frames are walked by the first tier: root only")


def judge(stacks, times):
    """(samples with such a frame, those without a name there, what is wrong). Each stack is [(name, line), ...]; times are
    microseconds by number: who has more samples than its time is worth stands for another."""
    seen, nameless, wrong = collections.Counter(), 0, collections.Counter()
    for frames in stacks:
        numbers = set()
        for name, line in frames:
            found = MADE.match(name)
            if found:
                numbers |= {n for n in found.groups() if n}
                what = name.rpartition(":")[2].rpartition(".")[2].partition("_")[0]
                if line not in LINES[what]:
                    wrong[f"{what} has no line {line}"] += 1
            elif name.startswith("<made"):
                wrong[name] += 1
        nameless += any(name.startswith("[python: ") for name, _ in frames)
        if len(numbers) > 1:
            wrong[f"one stack of {sorted(numbers)}"] += 1
        elif numbers:
            seen[int(numbers.pop())] += 1
    for number, count in seen.items():
        if count > times.get(number, 0) * RATE / 1e6 + 3:
            wrong[f"{number}: {count} samples in {times.get(number)} us"] += count
    return sum(seen.values()), nameless, wrong


TIMES = {k: 600 for k in range(100)}
RIGHT = [[("<made %07d>:outer_%07d.<locals>.inner_%07d" % (k, k, k), 6), ("<made %07d>:outer_%07d" % (k, k), 8)]
         for k in range(100) for _ in range(3)]


@pytest.mark.parametrize("change, right", [
    (None, True),
    ((0, "<made 0000001>:outer_0000002", 8), False),                # a name of another file
    ((1, "<made 0000050>:outer_0000050", 8), False),                # a caller of another call
    ((1, "<made 0000000>:outer_0000000", 9), False),                # a line that it has not
    ((0, "[python: code object changed before it was read]", 0), True),
], ids=["right", "file", "caller", "line", "no name"])
def test_the_judge_finds_names_that_are_not_right(change, right):
    stacks = [list(stack) for stack in RIGHT]
    if change:
        stacks[0][change[0]] = change[1:]
    assert not judge(stacks, TIMES)[2] == right


def test_the_judge_finds_a_whole_stack_that_is_an_older_ones():
    assert judge([RIGHT[0]] * 20 + RIGHT, TIMES)[2]


def stacks_of(path):
    stacks = []
    for sample in pprof_min.read(path).samples:
        stacks += [[(function.name, line) for location in sample.locations for function, line in location.lines]] * sample.values[0]
    return stacks


@pytest.mark.parametrize("python", [p for p in languages.pythons() if not p.root and not p.bed], ids=lambda p: p.name)
def test_a_python_that_makes_and_drops_functions(python, tmp_path):
    if not python.there():
        pytest.skip(f"no {python.path}")
    out = tmp_path / "x.pb.gz"
    done = subprocess.run([truth.SONDE, "record", "-F", str(RATE), "-o", out, "--", *python.command(),
                           languages.SOURCES / "churn.py", "2"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    times = {int(k): us for k, us in json.loads(done.stdout).items()}
    seen, nameless, wrong = judge(stacks_of(out), times)
    assert not wrong, wrong.most_common(5)
    assert seen > 1000
    print(f"{python.name}: {len(times)} functions, {seen} samples named, {nameless} say why not")
