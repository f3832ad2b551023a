# SPDX-License-Identifier: Apache-2.0
"""pagetime.py SAMPLES FILE [without]: a made profile of 8 threads over 125 s, one sample each at its time (or "without"
times), whose stacks mostly stay near where they were."""
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
from test_page import Pprof, field, varint  # noqa: E402

THREADS, SECONDS, STACKS, PERIOD_NS = 8, 125, 20000, 1_000_000


def stack_of(number):
    stack = ["main", f"phase{number % 7}"]
    while number:
        stack.append(f"f{number % 50}_{len(stack)}")
        number //= 5
    return stack


def write(n, path, timed):
    random.seed(1)
    p = Pprof()
    values = varint(1) + varint(PERIOD_NS)
    stacks = [field(1, b"".join(varint(p.location(name)) for name in reversed(stack_of(number)))) + field(2, values)
              for number in range(STACKS)]
    key, unit, parts = p.string("time"), p.string("nanoseconds"), []
    label = [field(3, field(1, p.string("thread")) + field(2, p.string(f"worker{thread}"))) +
             field(3, field(1, p.string("tid")) + field(3, 10 + thread)) for thread in range(THREADS)]
    at = [random.randrange(STACKS) for _ in range(THREADS)]
    for i in range(n // THREADS):
        for thread in range(THREADS):
            chance = random.random()
            if chance < 0.03:
                at[thread] = random.randrange(STACKS)
            elif chance < 0.3:
                at[thread] = max(0, min(STACKS - 1, at[thread] + random.randrange(-20, 21)))
            time_ns = int((i + random.random() / 5) * SECONDS * 1e9 * THREADS / n)
            when = field(3, field(1, key) + field(3, time_ns) + field(4, unit)) if timed else b""
            parts.append(field(2, stacks[at[thread]] + label[thread] + when))
    p.out += b"".join(parts)
    if timed:
        p.comment("sonde: times")
    p.write(path)


write(int(sys.argv[1]), pathlib.Path(sys.argv[2]), len(sys.argv) < 4)
