#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the DWARF resolver with the peers that are installed, address by address.

    tests/dwarf_oracle.py BINARY [-n COUNT] [--peer NAME]...

Compared are the chain of inlined calls (linkage names), and each frame's path and line; columns where
the peer prints them. docs/symbols.md says where peers disagree with one another and who is right.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
Frame = collections.namedtuple("Frame", "name path line column")


def resolver(variant="rel"):
    """Builds the command-line driver and returns its path."""
    done = subprocess.run([str(ROOT / "bench" / "build-resolve"), variant], capture_output=True, text=True, check=True)
    return ROOT / done.stdout.strip()


def feed(command, addresses):
    text = "".join(f"0x{a:x}\n" for a in addresses)
    return subprocess.run([str(c) for c in command], input=text, capture_output=True, text=True, errors="replace",
                          check=True).stdout


def path(text):
    return "" if text in ("??", "") else os.path.normpath(text)


def ours(binary, addresses, driver=None):
    found, at = {}, None
    for line in feed([driver or resolver(), binary], addresses).splitlines():
        if line.startswith("0x") and "\t" not in line:
            at = found.setdefault(int(line, 16), [])
            continue
        name, file, number, column, _ = line.split("\t")
        at.append(Frame(name, path(file), int(number), int(column)))
    return found


def llvm(binary, addresses):
    found = {}
    command = [shutil.which("llvm-symbolizer"), "-e", binary, "--no-demangle", "--inlines", "--output-style=JSON"]
    for line in feed(command, addresses).splitlines():
        row = json.loads(line)
        frames = [Frame(f["FunctionName"], path(f["FileName"]), f["Line"], f["Column"]) for f in row.get("Symbol", [])]
        found[int(row["Address"], 16)] = [f for f in frames if f.name or f.path]
    return found


def gnu_style(command, binary, addresses):
    """What addr2line -a -f -i prints: an address, then two lines per frame."""
    found, at, name = {}, None, None
    for line in feed([*command, "-a", "-f", "-i", "-e", binary], addresses).splitlines():
        if name is None and re.fullmatch(r"0x[0-9a-f]+", line):
            at = found.setdefault(int(line, 16), [])
        elif name is None:
            name = line
        else:
            place = re.sub(r" \(discriminator \d+\)$", "", line)
            file, _, number = place.rpartition(":")
            frame = Frame("" if name == "??" else name, path(file), int(number) if number.isdigit() else 0, None)
            if frame.name or frame.path:
                at.append(frame)
            name = None
    return found


def gnu(binary, addresses):
    return gnu_style(["addr2line"], binary, addresses)


def gimli(binary, addresses):
    return gnu_style([os.environ.get("GIMLI_ADDR2LINE", "gimli-addr2line")], binary, addresses)


PEERS = {"llvm": (llvm, "llvm-symbolizer"), "gnu": (gnu, "addr2line"),
         "gimli": (gimli, os.environ.get("GIMLI_ADDR2LINE", "gimli-addr2line"))}


def instructions(binary, count):
    """`count` addresses of instructions, spread over all of .text (and its hot and cold parts)."""
    out = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "-j", ".text", binary], capture_output=True, text=True,
                         check=True).stdout
    found = [int(m, 16) for m in re.findall(r"^ *([0-9a-f]+):\t(?!nop|xchg   %ax,%ax|int3|cs nop|data16)", out, re.M)]
    if len(found) > count:
        found = sorted(random.Random(7).sample(found, count))
    return found


class Aliases:
    """Peers take the outermost name from the symbol table: it may be a clone (.cold, .part.0) or an alias of ours
    (several names at one address), or mangled where DWARF has only the plain name (GCC and local classes)."""

    def __init__(self, binary):
        self.at, self.names = {}, collections.defaultdict(set)
        for line in subprocess.run(["nm", "--defined-only", binary], capture_output=True, text=True).stdout.splitlines():
            address, _, name = line.partition(" ")
            name = name[2:]
            self.at[name] = address
            self.names[address].add(self.base(name))

    @staticmethod
    def base(name):
        return re.split(r"[.@]", name)[0]

    def same(self, mine, symbol):
        if not mine or not symbol:
            return True
        mine, base = self.base(mine), self.base(symbol)
        # _ZZ1fvEN1S1mEv: DWARF says m; _Z4sortIZ1fvEUlvE_EvT_: sort<f()::<lambda()> >; operators and lambdas have codes
        plain = mine.split("<")[0]
        return (mine == base or mine in self.names[self.at.get(symbol, "")] or
                f"{len(plain)}{plain}" in base or mine.startswith(("operator", "_FUN", "~")) or
                re.sub(r"(?<=[CD])[0-9](?=E)", "", mine) == re.sub(r"(?<=[CD])[0-9](?=E)", "", base))


def differences(mine, theirs, aliases):
    """What differs first, from the innermost frame on; None when nothing does."""
    if not mine and not any(frame.line for frame in theirs):
        return None  # a name from the symbol table alone
    if len(mine) != len(theirs):
        return "depth"
    for i, (a, b) in enumerate(zip(mine, theirs)):
        if a.name != b.name and (i != len(mine) - 1 or not aliases.same(a.name, b.name)):
            return "name"
        if a.line != b.line:
            return "line"
        if a.path != b.path:
            return "path"
        if b.column is not None and a.column != b.column:
            return "column"
    return None


def compare(binary, addresses, peer, driver=None):
    """(how many were compared, {kind: [(address, ours, theirs)]})"""
    mine = ours(binary, addresses, driver)
    theirs = PEERS[peer][0](binary, addresses)
    aliases, kinds = Aliases(binary), collections.defaultdict(list)
    for address in addresses:
        kind = differences(mine.get(address, []), theirs.get(address, []), aliases)
        if kind:
            kinds[kind].append((address, mine.get(address, []), theirs.get(address, [])))
    return len(addresses), kinds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("-n", type=int, default=10000)
    parser.add_argument("--peer", action="append", choices=PEERS)
    parser.add_argument("--examples", type=int, default=1)
    args = parser.parse_args()
    addresses = instructions(args.binary, args.n)
    for peer in args.peer or PEERS:
        if not shutil.which(PEERS[peer][1]):
            print(f"{peer}: not installed")
            continue
        n, kinds = compare(args.binary, addresses, peer)
        same = n - sum(map(len, kinds.values()))
        print(f"{peer}: {same} of {n} equal ({100 * same / max(n, 1):.2f} %)",
              {k: len(v) for k, v in kinds.items()} or "")
        for kind, rows in kinds.items():
            for address, mine, theirs in rows[:args.examples]:
                print(f"  {kind} at {address:#x}\n    ours   {[tuple(f) for f in mine]}\n    theirs {[tuple(f) for f in theirs]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
