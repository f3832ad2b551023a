# SPDX-License-Identifier: Apache-2.0
"""A small reader of pprof files that shares nothing with Sonde's own.

Layout: github.com/google/pprof/proto/profile.proto."""
import re
import gzip
from dataclasses import dataclass, field


@dataclass
class Mapping:
    start: int = 0
    limit: int = 0
    offset: int = 0
    path: str = ""
    build_id: str = ""


@dataclass
class Function:
    name: str = ""
    system_name: str = ""
    path: str = ""
    start_line: int = 0


@dataclass
class Location:
    mapping: Mapping
    address: int
    lines: list  # (Function, line), innermost first
    number: int = 0
    columns: tuple = ()  # one a line, 0 when unknown


@dataclass
class Sample:
    locations: list  # of Location, leaf first
    values: list
    labels: dict


@dataclass
class Pprof:
    types: list = field(default_factory=list)  # (type, unit)
    samples: list = field(default_factory=list)
    locations: dict = field(default_factory=dict)
    comments: list = field(default_factory=list)
    time_ns: int = 0
    duration_ns: int = 0
    period: int = 0
    default_type: str = ""


def _varint(data, pos):
    shift = value = 0
    while True:
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, pos
        shift += 7


def _fields(data):
    """(number, value) of each field: an int, or the bytes of a length-delimited one."""
    pos = 0
    while pos < len(data):
        key, pos = _varint(data, pos)
        if key & 7 == 0:
            value, pos = _varint(data, pos)
        elif key & 7 == 2:
            size, pos = _varint(data, pos)
            value = data[pos:pos + size]
            if len(value) != size:
                raise ValueError("truncated")
            pos += size
        elif key & 7 in (1, 5):
            size = 8 if key & 7 == 1 else 4
            value = int.from_bytes(data[pos:pos + size], "little")
            pos += size
        else:
            raise ValueError(f"wire type {key & 7}")
        yield key >> 3, value


def _signed(value):
    return value - (1 << 64) if value >> 63 else value


def _ints(value):
    """The numbers of a repeated field, packed or not."""
    if isinstance(value, int):
        return [value]
    out, pos = [], 0
    while pos < len(value):
        number, pos = _varint(value, pos)
        out.append(number)
    return out


def _message(data):
    out = {}
    for number, value in _fields(data):
        out.setdefault(number, []).append(value)
    return out


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    top = _message(data)
    strings = [s.decode("utf-8", "replace") for s in top.get(6, [])]

    def one(message, number):
        return message.get(number, [0])[-1]

    profile = Pprof(time_ns=one(top, 9), duration_ns=one(top, 10), period=one(top, 12),
                    default_type=strings[one(top, 14)],
                    comments=[strings[i] for v in top.get(13, []) for i in _ints(v)])
    for raw in top.get(1, []):
        m = _message(raw)
        profile.types.append((strings[one(m, 1)], strings[one(m, 2)]))
    mappings, functions = {0: Mapping()}, {0: Function()}
    for raw in top.get(3, []):
        m = _message(raw)
        mappings[one(m, 1)] = Mapping(one(m, 2), one(m, 3), one(m, 4), strings[one(m, 5)], strings[one(m, 6)])
    for raw in top.get(5, []):
        m = _message(raw)
        functions[one(m, 1)] = Function(strings[one(m, 2)], strings[one(m, 3)], strings[one(m, 4)], one(m, 5))
    for raw in top.get(4, []):
        m = _message(raw)
        lines = [_message(line) for line in m.get(4, [])]
        profile.locations[one(m, 1)] = Location(mappings[one(m, 2)], one(m, 3),
                                                [(functions[one(n, 1)], one(n, 2)) for n in lines], one(m, 1),
                                                tuple(one(n, 3) for n in lines))
    for raw in top.get(2, []):
        m = _message(raw)
        labels = {}
        for label in m.get(3, []):
            n = _message(label)
            labels[strings[one(n, 1)]] = strings[one(n, 2)] if 2 in n else _signed(one(n, 3))
        profile.samples.append(Sample([profile.locations[i] for v in m.get(1, []) for i in _ints(v)],
                                      [_signed(i) for v in m.get(2, []) for i in _ints(v)], labels))
    return profile


def kind_ranges(comments):
    """(first, last, kind) of location ids, as the file's comments say."""
    ranges = []
    for comment in comments:
        found = re.fullmatch(r"sonde: kind (\S+) (\S+)", comment)
        for part in found.group(2).split(",") if found else []:
            first, _, last = part.partition("-")
            ranges.append((int(first), int(last or first), found.group(1)))
    return ranges
