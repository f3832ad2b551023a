# SPDX-License-Identifier: Apache-2.0
"""What tests/workloads/truth.h is for C: a Python program that knows where its own CPU time went.

    with a Regions per thread: r.timed("mixed.py:loop", loop, 1000)    runs it, adds the thread's CPU time
    r.add("mixed.py:gen", began)                                       adds what passed since clock() said `began`
    start(), cpu_s(), more(seconds), finish([regions...])              one JSON line, then the process is gone

Names are those that a profile must show: the file's base name, a colon, the qualified name. Runs on CPython
3.6 and later. clock() is a C function without a Python frame of its own."""
import functools
import json
import os
import resource
import time

clock = functools.partial(time.clock_gettime, time.CLOCK_THREAD_CPUTIME_ID)
process_clock = functools.partial(time.clock_gettime, time.CLOCK_PROCESS_CPUTIME_ID)

_before = [0.0]


class Regions:
    """Of one thread. Nested regions count inclusively, a recursive one once."""

    def __init__(self):
        self.seconds = {}
        self.depth = {}

    def add(self, name, began):
        self.seconds[name] = self.seconds.get(name, 0.0) + clock() - began

    def timed(self, name, function, *args):
        outer = not self.depth.get(name)
        self.depth[name] = self.depth.get(name, 0) + 1
        began = clock()
        result = function(*args)
        if outer:
            self.add(name, began)
        self.depth[name] -= 1
        return result


class Dice:
    """Which region is next: drawn from a seed of the clock, so that no period meets the profiler's."""

    def __init__(self, seed=None):
        self.state = (seed or int(time.time() * 1e6) * 2654435761) & 0xFFFFFFFF | 1

    def below(self, n):
        x = self.state
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        self.state = x
        return x % n


def burn(rounds):
    """Arithmetic; timed by whoever calls it."""
    x = 7
    while rounds:
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        rounds -= 1
    return x


def cpu_s():
    """CPU time of this process and of its children that ended, since start()."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_clock() + children.ru_utime + children.ru_stime - _before[0]


def wall_less_queue():
    """The time on the wall less what this thread waited in a run queue: other programs' work is not in it, a
    profiler that stops us is."""
    with open("/proc/thread-self/schedstat") as file:
        return time.monotonic() - int(file.read().split()[1]) / 1e9


def start():
    """Whoever attaches to us (TRUTH_WAIT) has seen nothing of our start: it does not count then."""
    if os.environ.pop("TRUTH_WAIT", None):
        os.read(0, 1)
        begin()


def begin():
    """What was before does not count."""
    _before[0] += cpu_s()


def more(seconds):
    return cpu_s() < seconds


def shares(tables, total):
    merged = {}
    for table in tables:
        for name, seconds in table.items():
            merged[name] = merged.get(name, 0.0) + seconds
    line = {"@cpu_s": round(total, 4)}
    line.update((name, round(seconds / total, 5)) for name, seconds in merged.items())
    return line


def tell(tables, total):
    os.write(1, (json.dumps(shares(tables, total)) + "\n").encode())


def finish(tables):
    """Prints the truth and ends without the interpreter's own cleaning up, which nobody has measured."""
    tell(tables, cpu_s())
    os._exit(0)
