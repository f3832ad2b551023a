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
