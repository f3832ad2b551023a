# SPDX-License-Identifier: Apache-2.0
"""Programs that print their own stack where they spin, matched frame by frame: addresses, then names and
lines (inlined calls too) as addr2line has them."""
import collections
import json
import os
import re
import shutil
import subprocess

import pytest

import pprof_min
import truth

SPIN_MS = 100

ROWS = [
    ("c-O2", "oracle.c", "-O2 -g", "gcc"),
    ("c-O0", "oracle.c", "-O0 -g", "gcc"),
    ("c-O3-fp", "oracle.c", f"-O3 -g {truth.FP}", "gcc"),
    ("c-clang", "oracle.c", "-O2 -g", "clang"),
    ("c-static", "oracle.c", "-O2 -g -static", "gcc"),
    ("cpp-O2", "oracle_cpp.cc", "-O2 -g", "g++"),
    ("cpp-O0", "oracle_cpp.cc", "-O0 -g", "g++"),
    ("cpp-clang-O3", "oracle_cpp.cc", "-O3 -g", "clang++"),
    ("rust-O2", "oracle_rs.rs", "-g -C opt-level=2", ""),
    ("rust-O0", "oracle_rs.rs", "-g -C opt-level=0", ""),
]


def addr2line(path, addresses, tool="addr2line"):
    """address -> [(linkage name or name, file, line), ...], innermost first, as that tool has them."""
    asked = "\n".join(f"{a:#x}" for a in addresses)
    text = subprocess.run([tool, "-a", "-i", "-f", "-e", str(path)], input=asked, capture_output=True,
                          text=True).stdout.splitlines()
    out, chain, i = {}, None, 0
    while i < len(text):
        if re.fullmatch("0x[0-9a-f]+", text[i]):
            chain = out.setdefault(int(text[i], 16), [])
            i += 1
            continue
        place, _, line = text[i + 1].split(" (discriminator")[0].rpartition(":")
        chain.append((text[i], os.path.normpath(place), int(line) if line.isdigit() else 0))
        i += 2
    return out


def differs(location, chain):
    """What differs between a location's inline chain and addr2line's; None when nothing."""
    got = [(function.name, function.system_name, function.path, line) for function, line in location.lines]
    if len(got) != len(chain):
        return "inline chain"
    for (name, system_name, path, line), (wanted, place, wanted_line) in zip(got, chain):
        if line != wanted_line:
            return "line"
        if place not in ("??", ".") and os.path.normpath(path or ".") != place:
            return "file"
        if wanted != "??" and wanted not in (name, system_name):
            return "function"
    return None


def differences(path, locations):
    """[(what, location, addr2line's chain)] of the places where Sonde and binutils say different things and
    llvm-addr2line does not take Sonde's side. It has to be asked: for an innermost frame without a linkage name
    (a lambda, a static function of gcc) binutils 2.40 gives the symbol of the code around it, and it finds no inlined calls in
    clang's DWARF 5."""
    by_address = {location.address: location for location in locations}
    first = {a: (differs(by_address[a], chain), chain) for a, chain in addr2line(path, by_address).items()
             if any(line for _, _, line in chain)}
    doubtful = [a for a, (what, _) in first.items() if what]
    second = addr2line(path, doubtful, "llvm-addr2line") if doubtful and shutil.which("llvm-addr2line") else {}
    return [(first[a][0], by_address[a], first[a][1]) for a in doubtful
            if a not in second or differs(by_address[a], second[a])]


def expected_stacks(text):
    """label -> ((module, address), ...), leaf's caller first; the line of the leaf's loop."""
    stacks, line = {}, 0
    for row in text.splitlines():
        if row.startswith("{"):
            told = json.loads(row)
            line = told["line"]
            stacks[told["label"]] = tuple((f.rpartition("+")[0], int(f.rpartition("+")[2], 16)) for f in told["frames"])
    return stacks, line


def is_spin(location):
    return any("oracle_spin" in function.name for function, _ in location.lines)


def callers_of_spin(sample):
    """The locations below the leaf function, leaf's caller first; None when the sample is elsewhere."""
    at = next((i for i, location in enumerate(sample.locations) if is_spin(location)), None)
    return None if at is None else sample.locations[at + 1:]


def same_frame(location, module, address):
    """Return addresses may be kept as they are or less one, as pprof's own writers differ."""
    # a library's soname may be a link: libx.so.6 -> libx.so.6.0.30
    if module != "?" and not os.path.basename(location.mapping.path).startswith(module):
        return False
    return location.address in (address, address - 1)


def label_of(callers, expected):
    for label, frames in expected.items():
        if len(frames) == len(callers) and all(same_frame(c, *f) for c, f in zip(callers, frames)):
            return label
    return None


def text_of(callers):
    return " < ".join(f"{os.path.basename(c.mapping.path)}+{c.address:x}"
                      f"({c.lines[0][0].name if c.lines else '?'})" for c in callers[:12]) + f" [{len(callers)}]"


def record(case, tmp_path):
    folder = truth.build(case)
    path = tmp_path / "p.pb.gz"
    done = subprocess.run([truth.SONDE, "record", "-F", "499", "-o", str(path), "--", str(folder / "prog")],
                          capture_output=True, text=True, env=dict(os.environ, ORACLE_SPIN_MS=str(SPIN_MS)), timeout=120)
    assert done.returncode == 0, done.stderr
    return folder / "prog", done.stdout, pprof_min.read(path)


def check_names(prog, seen):
    """Names, lines and inlined calls of the program's own frames."""
    own = [location for location in seen if os.path.basename(location.mapping.path) == prog.name]
    wrong = differences(prog, own)
    assert not wrong, [(what, hex(l.address), [(f.name, n) for f, n in l.lines], chain) for what, l, chain in wrong[:3]]


@pytest.mark.parametrize("name,source,flags,cc", ROWS, ids=[r[0] for r in ROWS])
def test_stacks_equal_those_the_program_prints(name, source, flags, cc, tmp_path):
    case = truth.Case(f"oracle-{name}", source, flags, cc)
    prog, out, profile = record(case, tmp_path)
    expected, leaf_line = expected_stacks(out)
    assert len(expected) > 4
    seen, wrong, leaf_lines, locations = collections.Counter(), collections.Counter(), collections.Counter(), []
    for sample in profile.samples:
        callers = callers_of_spin(sample)
        if callers is None:
            continue
        label = label_of(callers, expected)
        if label is None:
            wrong[text_of(callers)] += sample.values[0]
            continue
        seen[label] += sample.values[0]
        locations.extend(callers)
        if is_spin(sample.locations[0]):
            leaf_lines[sample.locations[0].lines[-1][1]] += sample.values[0]
    total = sum(seen.values()) + sum(wrong.values())
    assert total > 0, "no sample in oracle_spin"
    assert sum(wrong.values()) <= 0.005 * total, (f"{sum(wrong.values())} of {total} match no printed stack",
                                                  wrong.most_common(5))
    rare = {label: seen[label] for label in expected if seen[label] < SPIN_MS * 0.499 / 2}
    assert not rare, f"labels with too few samples: {rare} of {dict(seen)}"
    if leaf_line:
        assert leaf_lines[leaf_line] > 0.9 * sum(leaf_lines.values()), leaf_lines
    check_names(prog, locations)
