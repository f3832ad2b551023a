# SPDX-License-Identifier: Apache-2.0
"""Writes pprof files from words: what the recording side would write, without recording.

    write(path, [("main@r;app.py@i;memcpy@l", 3, {"task": "fetch-3", "goroutine": 17}), ...])

Frames end in @ and a letter for their kind: k kernel, l library, r runtime, i interpreted, u unknown;
without one they are native. Shares nothing with Sonde's own writer."""
import gzip

KINDS = {"k": "kernel", "l": "library", "r": "runtime", "i": "interpreted", "u": "unknown"}


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def of_number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def of_bytes(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


class Strings(dict):
    def __missing__(self, text):
        self[text] = len(self)
        return self[text]


def write(path, samples, types=(("samples", "count"),)):
    strings, frames, kinds = Strings({"": 0}), {}, {}
    body = [of_bytes(1, of_number(1, strings[t]) + of_number(2, strings[u])) for t, u in types]
    for stack, values, labels in samples:
        values = values if isinstance(values, tuple) else (values,)
        for frame in stack.split(";"):
            if frame not in frames:
                frames[frame] = len(frames) + 1
                kinds.setdefault(KINDS.get(frame.partition("@")[2], "native"), []).append(frames[frame])
        sample = b"".join(of_number(1, frames[frame]) for frame in reversed(stack.split(";")))
        sample += of_bytes(2, b"".join(varint(value) for value in values))
        for key, value in labels.items():
            text = isinstance(value, str)
            sample += of_bytes(3, of_number(1, strings[key]) + of_number(2 if text else 3,
                                                                   strings[value] if text else value))
        body.append(of_bytes(2, sample))
    for frame, number in frames.items():
        body.append(of_bytes(4, of_number(1, number) + of_number(3, number) + of_bytes(4, of_number(1, number))))
        body.append(of_bytes(5, of_number(1, number) + of_number(2, strings[frame.partition("@")[0]])))
    for kind, numbers in kinds.items():
        body.append(of_number(13, strings[f"sonde: kind {kind} {','.join(map(str, numbers))}"]))
    body += [of_bytes(6, text.encode()) for text in strings]
    path.write_bytes(gzip.compress(b"".join(body)))
    return path


def write_addresses(path, mappings, stacks, time_ns=0):
    """A profile that nobody has named: mappings (start, limit, offset, file, build id in hexadecimal) and stacks of
    addresses (outermost first; one in brackets is a function's name), with a count each."""
    strings, places, names, body = Strings({"": 0}), {}, {}, []
    body.append(of_bytes(1, of_number(1, strings["samples"]) + of_number(2, strings["count"])))
    for stack, count in stacks:
        for place in stack:
            places.setdefault(place, len(places) + 1)
        body.append(of_bytes(2, b"".join(of_number(1, places[place]) for place in reversed(stack)) + of_number(2, count)))
    for number, (start, limit, offset, file, build_id) in enumerate(mappings, 1):
        body.append(of_bytes(3, of_number(1, number) + of_number(2, start) + of_number(3, limit) + of_number(4, offset) +
                           of_number(5, strings[file]) + of_number(6, strings[build_id])))
    for place, number in places.items():
        named = isinstance(place, str)
        names.update({place: len(names) + 1} if named else {})
        inside = [i for i, m in enumerate(mappings, 1) if not named and (not m[1] or m[0] <= place < m[1])]
        body.append(of_bytes(4, of_number(1, number) + (of_bytes(4, of_number(1, names[place])) if named else
                                                    of_number(2, inside[0] if inside else 0) + of_number(3, place))))
    body += [of_bytes(5, of_number(1, number) + of_number(2, strings[name])) for name, number in names.items()]
    body += [of_bytes(6, text.encode()) for text in strings]
    body.append(of_number(9, time_ns))
    path.write_bytes(gzip.compress(b"".join(body)))
    return path
