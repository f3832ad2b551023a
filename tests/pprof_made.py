# SPDX-License-Identifier: Apache-2.0
"""Writes pprof files from words: what the recording side would write, without recording.

    write(path, [("main@r;app.py@i;memcpy@l", 3, {"task": "fetch-3", "goroutine": 17}), ...])

Frames end in @ and a letter for their kind: k kernel, l library, r runtime, i interpreted, u unknown;
without one they are native. Shares nothing with Sonde's own writer."""
import gzip

KINDS = {"k": "kernel", "l": "library", "r": "runtime", "i": "interpreted", "u": "unknown"}


def _varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field, value):
    return _varint(field << 3) + _varint(value) if value else b""


def _bytes(field, data):
    return _varint(field << 3 | 2) + _varint(len(data)) + data


class _Strings(dict):
    def __missing__(self, text):
        self[text] = len(self)
        return self[text]


def write(path, samples, types=(("samples", "count"),)):
    strings, frames, kinds = _Strings({"": 0}), {}, {}
    body = [_bytes(1, _number(1, strings[t]) + _number(2, strings[u])) for t, u in types]
    for stack, values, labels in samples:
        values = values if isinstance(values, tuple) else (values,)
        for frame in stack.split(";"):
            if frame not in frames:
                frames[frame] = len(frames) + 1
                kinds.setdefault(KINDS.get(frame.partition("@")[2], "native"), []).append(frames[frame])
        sample = b"".join(_number(1, frames[frame]) for frame in reversed(stack.split(";")))
        sample += _bytes(2, b"".join(_varint(value) for value in values))
        for key, value in labels.items():
            text = isinstance(value, str)
            sample += _bytes(3, _number(1, strings[key]) + _number(2 if text else 3,
                                                                   strings[value] if text else value))
        body.append(_bytes(2, sample))
    for frame, number in frames.items():
        body.append(_bytes(4, _number(1, number) + _number(3, number) + _bytes(4, _number(1, number))))
        body.append(_bytes(5, _number(1, number) + _number(2, strings[frame.partition("@")[0]])))
    for kind, numbers in kinds.items():
        body.append(_number(13, strings[f"sonde: kind {kind} {','.join(map(str, numbers))}"]))
    body += [_bytes(6, text.encode()) for text in strings]
    path.write_bytes(gzip.compress(b"".join(body)))
    return path


def write_addresses(path, mappings, stacks, time_ns=0):
    """A profile that nobody has named: mappings (start, limit, offset, file, build id in hexadecimal) and stacks of
    addresses (outermost first; one in brackets is a function's name), with a count each."""
    strings, places, names, body = _Strings({"": 0}), {}, {}, []
    body.append(_bytes(1, _number(1, strings["samples"]) + _number(2, strings["count"])))
    for stack, count in stacks:
        for place in stack:
            places.setdefault(place, len(places) + 1)
        body.append(_bytes(2, b"".join(_number(1, places[place]) for place in reversed(stack)) + _number(2, count)))
    for number, (start, limit, offset, file, build_id) in enumerate(mappings, 1):
        body.append(_bytes(3, _number(1, number) + _number(2, start) + _number(3, limit) + _number(4, offset) +
                           _number(5, strings[file]) + _number(6, strings[build_id])))
    for place, number in places.items():
        named = isinstance(place, str)
        names.update({place: len(names) + 1} if named else {})
        inside = [i for i, m in enumerate(mappings, 1) if not named and (not m[1] or m[0] <= place < m[1])]
        body.append(_bytes(4, _number(1, number) + (_bytes(4, _number(1, names[place])) if named else
                                                    _number(2, inside[0] if inside else 0) + _number(3, place))))
    body += [_bytes(5, _number(1, number) + _number(2, strings[name])) for name, number in names.items()]
    body += [_bytes(6, text.encode()) for text in strings]
    body.append(_number(9, time_ns))
    path.write_bytes(gzip.compress(b"".join(body)))
    return path
