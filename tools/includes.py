#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Refuses an include that the table of rooms (docs/architecture.md) does not allow."""
import pathlib
import re
import sys

MAY = {  # room: rooms it may include besides base and itself
    "base": "", "abi": "", "walk": "abi", "bpf": "abi walk", "agent": "abi",
    "model": "", "elf": "", "proc": "",
    "format": "model", "analyze": "model", "render": "model analyze",
    "unwind": "elf abi", "runtime": "elf proc abi",
    "symbol": "model elf proc runtime abi",
    "collect": "abi elf proc unwind runtime walk",
    "session": "abi proc model symbol collect",
    "server": "session model format analyze render",
    "cli": "abi walk model elf proc format analyze render unwind runtime symbol collect session server",
}
WITHOUT_BASE = {"abi", "walk", "bpf", "agent"}

src = pathlib.Path(__file__).resolve().parent.parent / "src"
bad = 0
for path in sorted(src.rglob("*.[ch]")):
    room = path.relative_to(src).parts[0]
    if room == "web":
        continue
    if room not in MAY:
        print(f"{path.relative_to(src.parent)}: room '{room}' is not in the table")
        bad += 1
        continue
    allowed = set(MAY[room].split()) | {room}
    # host.c is the walker's host half: an ordinary C file
    if room not in WITHOUT_BASE or path.name in ("host.c", "host.h") or path.stem.endswith(("_test", "_fuzz")):
        allowed.add("base")
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+"([^"/]+)/', line)
        if found and found.group(1) not in allowed:
            print(f"{path.relative_to(src.parent)}:{number}: {room}/ may not include {found.group(1)}/")
            bad += 1
sys.exit(1 if bad else 0)
