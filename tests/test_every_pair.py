# SPDX-License-Identifier: Apache-2.0
"""From a profile that has everything to each format, from there to each other one, and back: whatever `convert` did not
say was lost on the way is still there, and whatever it said was lost is not."""
import collections
import itertools
import pathlib
import re
import subprocess

import pytest

import pprof_min
from pprof_made import Strings, of_bytes, of_number, varint

ROOT = pathlib.Path(__file__).resolve().parent.parent
SONDE = ROOT / "build/sonde"
FORMATS = re.findall(r'\.name = "(\w+)"(?:(?!\.name).)*?\.keeps', (ROOT / "src/format/format.c").read_text(), re.S)
SECOND, START = 10 ** 9, 1_700_000_000 * 10 ** 9

# function: linkage name, file, first line
FUNCTIONS = {"main": ("main", "/src/main.c", 10), "parse(int)": ("_Z5parsei", "/src/parse.cc", 20),
             "lex": ("lex", "/src/lex.c", 30), "peek": ("peek", "/src/lex.h", 5), "do_read": ("do_read", "", 0),
             "handler": ("handler", "/app/app.py", 3)}
# place: module, address, kind, its lines innermost first: (function, line, column)
PLACES = {"main": (1, 0x1100, "native", [("main", 14, 7)]),
          "main2": (1, 0x1180, "native", [("main", 15, 9)]),
          "parse": (1, 0x1200, "native", [("parse(int)", 25, 0)]),
          "peek in lex": (1, 0x1300, "native", [("peek", 6, 3), ("lex", 33, 1)]),
          "handler": (0, 0, "interpreted", [("handler", 8, 0)]),
          "read": (2, 0x2000, "kernel", [("do_read", 0, 0)])}
WHO = ({"thread": "worker", "tid": 8, "process": "server", "pid": 7}, {"thread": "server", "tid": 7, "process": "server", "pid": 7})
# stack outermost first, labels, time, (samples, cpu, alloc_space)
SAMPLES = [(("main", "parse", "peek in lex"), {**WHO[0], "task": "fetch"}, 0, (1, 1_000, 64)),
           (("main", "parse"), {**WHO[0], "task": "fetch"}, 1_000_000, (1, 3_000, 0)),
           (("main2", "parse", "peek in lex"), {**WHO[0], "request": 17}, 4_000_000, (2, 2_000, 128)),
           (("main", "handler", "read"), WHO[1], 5_000_000, (1, 2_000, 0)),
           (("main", "handler", "handler", "handler"), WHO[1], 7_000_000, (1, 4_000, 32)),
           (("main",), WHO[1], 11_000_000, (1, 1_000, 0))]
TYPES = (("samples", "count"), ("cpu", "nanoseconds"), ("alloc_space", "bytes"))


def everything(path):
    strings, numbers = Strings({"": 0}), {name: i for i, name in enumerate(PLACES, 1)}
    functions = {name: i for i, name in enumerate(FUNCTIONS, 1)}
    body = [of_bytes(1, of_number(1, strings[t]) + of_number(2, strings[u])) for t, u in TYPES]
    for stack, labels, time, values in SAMPLES:
        sample = b"".join(of_number(1, numbers[place]) for place in reversed(stack))
        sample += of_bytes(2, b"".join(map(varint, values)))
        for key, value in {**labels, "time": time}.items():
            kind = of_number(2, strings[value]) if isinstance(value, str) else of_number(3, value)
            unit = of_number(4, strings["nanoseconds"]) if key == "time" else b""
            sample += of_bytes(3, of_number(1, strings[key]) + kind + unit)
        body.append(of_bytes(2, sample))
    for i, (file, build_id) in enumerate((("/opt/server", "00112233445566778899aabb"), ("[kernel.kallsyms]", "")), 1):
        body.append(of_bytes(3, of_number(1, i) + of_number(2, 0x1000 * i) + of_number(3, 0x1000 * i + 0x1000) +
                             of_number(5, strings[file]) + of_number(6, strings[build_id]) + of_number(7, 1)))
    for name, (module, address, _, lines) in PLACES.items():
        body.append(of_bytes(4, of_number(1, numbers[name]) + of_number(2, module) + of_number(3, address) + b"".join(
            of_bytes(4, of_number(1, functions[f]) + of_number(2, line) + of_number(3, column)) for f, line, column in lines)))
    for name, (linkage, file, line) in FUNCTIONS.items():
        body.append(of_bytes(5, of_number(1, functions[name]) + of_number(2, strings[name]) + of_number(3, strings[linkage]) +
                             of_number(4, strings[file]) + of_number(5, line)))
    comments = ["a note", "sonde: times", "sonde: events 9", "sonde: recorded 7", "sonde: complete 7", "sonde: frames 20",
                "sonde: named 20", "sonde: drop 2 ring full"]
    comments += [f"sonde: kind {kind} {numbers[name]}" for name, (_, _, kind, _) in PLACES.items()]
    body += [of_number(13, strings[comment]) for comment in comments]
    body += [of_number(9, START), of_number(10, SECOND), of_number(14, strings["cpu"]),
             of_bytes(11, of_number(1, strings["cpu"]) + of_number(2, strings["nanoseconds"])), of_number(12, 1_000_000)]
    body += [of_bytes(6, text.encode()) for text in strings]
    path.write_bytes(b"".join(body))
    return path


def convert(source, to, name):
    """What was said to be lost."""
    done = subprocess.run([SONDE, "convert", source, to, "-f", name, "--native"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(re.sub(r"^sonde: not kept in .*?, whose format cannot hold it: |\n", "", done.stderr).split(", ")) - {""}


def parts(path):
    """{part: what the profile holds of it}; the words are those of src/format/losses.h. Values are of the default type."""
    profile = pprof_min.read(path)
    kinds = {i: kind for first, last, kind in pprof_min.kind_ranges(profile.comments) for i in range(first, last + 1)}
    shown = [name for name, _ in profile.types].index(profile.default_type or profile.types[-1][0])
    types = collections.defaultdict(collections.Counter)
    by = collections.defaultdict(collections.Counter)

    for sample in profile.samples:
        places = list(reversed(sample.locations))
        lines = [(place, *line) for place in places for line in
                 reversed(list(zip(place.lines, place.columns, itertools.chain(range(len(place.lines) - 1, -1, -1)))))]
        names = tuple(function.name for _, (function, _), _, _ in lines)
        time = sample.labels.pop("time", None)
        for (name, unit), value in zip(profile.types, sample.values):
            types[name, unit][names] += value
        value = sample.values[shown]
        if not value:
            continue

        def add(part, seen):
            by[part][names, seen] += value
        add("whole stacks (who called whom is kept)", None)
        add("times of samples", time)
        for part, keys in {"threads": ("thread", "tid"), "processes": ("process", "pid")}.items():
            add(part, tuple(sample.labels.get(key) for key in keys))
        add("other labels", tuple(sorted((k, v) for k, v in sample.labels.items()
                                         if k not in ("thread", "tid", "process", "pid"))))
        # a line that is the function's first is the function's; where there is no file some formats have the module in its place
        add("lines", tuple(0 if line == f.start_line else line for _, (f, line), _, _ in lines))
        add("columns", tuple(column for _, _, column, _ in lines))
        add("source files", tuple((f.path or place.mapping.path, f.start_line) for place, (f, _), _, _ in lines))
        add("linkage names", tuple(f.system_name or f.name for _, (f, _), _, _ in lines))
        add("modules", tuple(place.mapping.path for place, _, _, _ in lines))
        add("build ids", tuple(place.mapping.build_id for place, _, _, _ in lines))
        add("addresses", tuple(place.address for place, _, _, _ in lines))
        add("kinds of frames", tuple(kinds.get(place.number, "native") for place, _, _, _ in lines))
        add("which calls were inlined", tuple(len(place.lines) - 1 - k for place, _, _, k in lines))
    types = {key: +counter for key, counter in types.items()}
    key = profile.types[shown]
    own = [c for c in profile.comments if not re.match("sonde: (kind|locations|samples|times)", c)]
    return {**by, "name and unit of the values": key,
            "the other value types": {k: v for k, v in types.items() if k != key and v},
            "start and duration": (profile.time_ns, profile.duration_ns), "the period": profile.period,
            "comments": {c for c in own if not c.startswith("sonde: ")},
            "statistics of the recording": {c for c in own if c.startswith("sonde: ")}}


def by_name(own):
    """What is left of stacks where only calls are kept: what each function costs by itself."""
    sums = collections.Counter()
    for (names, _), value in own.items():
        sums[names[-1]] += value
    return sums


STACKS = "whole stacks (who called whom is kept)"
UNIT = "name and unit of the values"


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """{format: (file, what was lost, what is there when it is read)}, and the source under None."""
    folder = tmp_path_factory.mktemp("pairs")
    source = everything(folder / "source.pb")
    files = {None: (source, set(), parts(source))}
    for name in FORMATS:
        lost = convert(source, folder / f"x.{name}", name)
        convert(folder / f"x.{name}", folder / f"{name}.pb", "pb")
        files[name] = folder / f"x.{name}", lost, parts(folder / f"{name}.pb")
    return files


def wrong(before, after, lost):
    """The parts that were not said to be lost, and are not what they were."""
    if STACKS in lost:      # then rows are of other stacks: what each function costs is what there is to compare
        a, b = by_name(before[STACKS]), by_name(after[STACKS])
        scale = sum(b.values()) / sum(a.values()) if UNIT in lost else 1
        return [] if b == {name: value * scale for name, value in a.items()} else ["own costs"]
    same = sum(before[STACKS].values()) == sum(after[STACKS].values())
    return sorted(part for part in before.keys() - lost
                  if after[part] != before[part] and (same or UNIT not in lost or not isinstance(before[part], dict)))


def test_the_documented_table_is_what_is_kept(there):
    """Of a profile that has everything, what is said to be lost is what the table in docs/formats.md does not have."""
    table = (ROOT / "docs/formats.md").read_text().split("## What each holds")[1].split("\n## ")[0]
    head, _, *rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in re.findall(r"^\|.*", table, re.M)]
    documented = {name: {row[0] for row in rows if row[i] == "-"} for i, name in enumerate(head) if name}
    assert documented.keys() | {"pb"} == set(FORMATS) == there.keys() - {None}
    for name, lost in documented.items():
        # without its own name cpu/nanoseconds is what gecko reads anyway
        assert there[name][1] == lost - ({UNIT} if name == "gecko" else set()), name


def test_that_values_below_zero_are_lost_is_said(tmp_path):
    (tmp_path / "x.folded").write_text("a;b -5\na;c 10\n")
    lossy = {name for name in FORMATS if "values below zero" in convert(tmp_path / "x.folded", tmp_path / name, name)}
    assert lossy == {"callgrind", "cpuprofile", "pstats"}
    for name in set(FORMATS) - lossy:
        convert(tmp_path / name, tmp_path / "back", "folded")
        assert sorted((tmp_path / "back").read_text().split("\n")) == ["", "a;b -5", "a;c 10"], name


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_said_to_be_lost_is_and_nothing_else(there, name):
    _, lost, after = there[name]
    before = there[None][2]
    assert wrong(before, after, lost) == []
    if STACKS not in lost:
        assert [part for part in sorted(lost) if after[part] == before[part]] == []


@pytest.mark.parametrize("a, b", [(a, b) for a in FORMATS for b in FORMATS if a != b])
def test_from_one_to_another_and_back(there, tmp_path, a, b):
    """What both hold is there afterwards."""
    file, lost, before = there[a]
    lost = convert(file, tmp_path / "there", b) | convert(tmp_path / "there", tmp_path / "back", a)
    lost |= convert(tmp_path / "back", tmp_path / "back.pb", "pb")
    assert wrong(before, parts(tmp_path / "back.pb"), lost) == []
