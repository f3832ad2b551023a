# SPDX-License-Identifier: Apache-2.0
"""codes.py: for each file named on standard input, every code object its source compiles to, as
{"file": {"name": [lines], "qualified name": [lines]}}: what a profile may say of a frame. CPython 3.6 to 3.14."""
import dis
import json
import os
import sys


def lines_of(code):
    lines = {code.co_firstlineno}
    if hasattr(code, "co_lines"):
        lines.update(line or 0 for _, _, line in code.co_lines())
    else:
        lines.update(line for _, line in dis.findlinestarts(code))
        # findlinestarts() leaves out what shares its start with another line
        line = code.co_firstlineno
        for step in code.co_lnotab[1::2]:
            line += step - 256 if step > 127 else step
            lines.add(line)
    return lines


def collect(code, table):
    for name in {code.co_name, getattr(code, "co_qualname", code.co_name)}:
        table.setdefault(name, set()).update(lines_of(code))
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            collect(constant, table)


found = {}
for path in sys.stdin.buffer.read().decode().splitlines():
    try:
        with open(os.fsencode(path), "rb") as file:
            top = compile(file.read(), path, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        continue
    table = found.setdefault(path, {})
    collect(top, table)
os.write(1, json.dumps({path: {name: sorted(lines) for name, lines in table.items()}
                        for path, table in found.items()}).encode())
