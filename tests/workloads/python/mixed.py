# SPDX-License-Identifier: Apache-2.0
"""mixed.py SECONDS [THREADS] | --phases SECONDS | --fixed ROUNDS: what Python programs do, each kind timed by itself.

Plain loops, methods, a generator, C sort with a Python key, re, json, a comprehension, exec'd code, a lambda,
callbacks from C, coroutines, and THREADS more threads (1) that want the GIL. CPython 3.6 to 3.14.

--phases tells the truth of SECONDS of work for each line on standard input, so that several profilers meet the same
process. --fixed does the same ROUNDS for each line and prints {"cpu_s", "wall_s"}: what a profiler adds is its cost;
wall time less the wait for a CPU."""
import asyncio
import functools
import json
import os
import re
import sys
import threading
import time

import regions
from regions import burn, clock

GENERATED = """
def generated(rounds):
    total = 0
    for i in range(rounds):
        total += i ^ (i >> 3)
    return total
"""
exec(compile(GENERATED, "<generated>", "exec"))

TEXT = " ".join("key%d=value%d;" % (i, i * 7919 % 1000) for i in range(400))
PAIRS = re.compile(r"(\w+)=(\w+);")
TREE = {"rows": [{"id": i, "name": "row %d" % i, "tags": ["a", "b", str(i)], "x": i / 7} for i in range(120)]}
SQUARE = lambda n: sum([i * i for i in range(n)])   # noqa: E731: a lambda is what is tested

main_regions = regions.Regions()
timed = main_regions.timed


def loop_plain():
    total = 0
    for i in range(30000):
        if i & 1:
            total += i
        else:
            total -= i >> 1
    return total


class Parser:
    def __init__(self, text):
        self.text = text

    def parse(self):
        words = []
        for part in self.text.split(";"):
            words.append(self.split_pair(part))
        timed("mixed.py:Parser.check", self.check, words)
        return words

    def split_pair(self, part):
        key, _, value = part.strip().partition("=")
        return key.upper(), value

    @staticmethod
    def check(words):
        return burn(4000) + len(words)

    @classmethod
    def default(cls):
        return cls(TEXT).parse()


def squares(n):
    """A generator whose steps are long enough to be timed one by one."""
    for i in range(n):
        began = clock()
        value = sum(j * j for j in range(i, i + 500)) + burn(400)
        main_regions.add("mixed.py:squares", began)
        yield value


def consume_generator():
    return sum(squares(12))


def sort_key(item):
    began = clock()
    value = burn(300 + item % 7)
    main_regions.add("mixed.py:sort_key", began)
    return value


def sort_with_key():
    items = [(i * 7919) % 1009 for i in range(40)]
    items.sort(key=sort_key)
    return items


def replace_match(match):
    began = clock()
    value = str(burn(250))
    main_regions.add("mixed.py:replace_match", began)
    return match.group(1) + value


def regex_callback():
    return PAIRS.sub(replace_match, TEXT, count=30)


def regex_plain():
    for _ in range(12):
        PAIRS.findall(TEXT)


def json_work():
    for _ in range(3):
        json.loads(json.dumps(TREE))


def comprehend():
    rows = [i * 3 for i in range(12000) if i % 3]
    pairs = {i: i + 1 for i in rows if i & 4}
    return len(pairs)


def reducer(a, b):
    began = clock()
    value = a ^ burn(300) ^ b
    main_regions.add("mixed.py:reducer", began)
    return value


def mapper(x):
    began = clock()
    value = x + burn(350)
    main_regions.add("mixed.py:mapper", began)
    return value


def callbacks():
    return functools.reduce(reducer, range(15)) + sum(map(mapper, range(10)))


async def awaited(n):
    began = clock()
    value = burn(3000 + n)
    main_regions.add("mixed.py:awaited", began)
    await asyncio.sleep(0)
    began = clock()
    value += burn(2000)
    main_regions.add("mixed.py:awaited", began)
    return value


async def gather_some():
    return await asyncio.gather(awaited(1), awaited(2)) + [await awaited(3)]


def run_async(loop):
    return loop.run_until_complete(gather_some())


def recurse(depth):
    return recurse(depth - 1) if depth else burn(5000)


class Worker:
    """One of the other threads. They begin when all of them are there: without a GIL each start waits for its thread to
    get a processor, behind all those that are busy (100 took three minutes on two processors)."""

    all_there = threading.Event()

    def __init__(self, number):
        self.regions = regions.Regions()
        self.stop = False
        self.thread = threading.Thread(target=self.work, name="mixed-worker-%d" % number)

    def thread_loop(self):
        total = 0
        for i in range(8000):
            total += i * i & 0xFF
        return total

    def thread_burn(self):
        return burn(2500)

    def work(self, rounds=None):
        began = clock()
        self.all_there.wait()
        dice = regions.Dice(rounds)
        while not self.stop and rounds != 0:
            if dice.below(3):
                self.regions.timed("mixed.py:Worker.thread_loop", self.thread_loop)
            else:
                self.regions.timed("mixed.py:Worker.thread_burn", self.thread_burn)
            if rounds is not None:
                rounds -= 1
            elif dice.below(4) == 0:
                time.sleep(0.001)
        self.regions.add("mixed.py:Worker.work", began)
        self.regions.add("@thread:" + self.thread.name, began)


KINDS = [
    ("loop_plain", loop_plain), ("loop_plain", loop_plain), ("Parser.parse", Parser.default),
    ("consume_generator", consume_generator), ("sort_with_key", sort_with_key), ("regex_callback", regex_callback),
    ("regex_plain", regex_plain), ("json_work", json_work), ("comprehend", comprehend),
    ("callbacks", callbacks), ("recurse", functools.partial(recurse, 60)),
]


def one_round(dice, loop):
    kind = dice.below(len(KINDS) + 3)
    if kind < len(KINDS):
        name, function = KINDS[kind]
        timed("mixed.py:" + name, function)
    elif kind == len(KINDS):
        timed("mixed.py:run_async", run_async, loop)
    elif kind == len(KINDS) + 1:
        timed("<generated>:generated", generated, 25000)  # noqa: F821: exec'd above
    else:
        timed("mixed.py:<lambda>", SQUARE, 20000)


def main(seconds, n_threads, loop):
    began = clock()
    dice = regions.Dice()
    workers = [Worker(i) for i in range(n_threads)]
    Worker.all_there.clear()
    for worker in workers:
        worker.thread.start()
    Worker.all_there.set()
    while regions.more(seconds):
        one_round(dice, loop)
    for worker in workers:
        worker.stop = True
    for worker in workers:
        worker.thread.join()
    main_regions.add("mixed.py:main", began)
    return [main_regions.seconds] + [worker.regions.seconds for worker in workers]


def phases(seconds):
    loop = asyncio.new_event_loop()
    for _ in sys.stdin:
        main_regions.seconds.clear()
        regions.begin()
        tables = main(seconds, 1, loop)
        regions.tell(tables, regions.cpu_s())


def fixed(rounds, loop):
    """The same rounds every time, then a second thread with as many: two at once would hand the GIL to and fro, and
    the time that takes is chance."""
    dice = regions.Dice(12345)
    worker = Worker(0)
    Worker.all_there.set()
    told = {"cpu_s": -regions.process_clock(), "wall_s": 0.0}

    def add_wall(function):
        began = regions.wall_less_queue()
        function()
        told["wall_s"] += regions.wall_less_queue() - began
    add_wall(lambda: [one_round(dice, loop) for _ in range(rounds)])
    worker.thread = threading.Thread(target=add_wall, args=(lambda: worker.work(rounds),))
    worker.thread.start()
    worker.thread.join()
    told["cpu_s"] += regions.process_clock()
    os.write(1, (json.dumps(told) + "\n").encode())


if __name__ == "__main__":
    if sys.argv[1] == "--fixed":
        the_loop = asyncio.new_event_loop()
        for _ in sys.stdin:
            fixed(int(sys.argv[2]), the_loop)
        os._exit(0)
    if sys.argv[1] == "--phases":
        phases(float(sys.argv[2]))
        os._exit(0)
    regions.start()
    regions.finish(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1, asyncio.new_event_loop()))
