# SPDX-License-Identifier: Apache-2.0
"""Stacks of many kinds, each printed by the program itself before it spins there: a known-stack oracle.

    {"label": ..., "frames": [[file, line, name, qualified name or null], ...], "below": N, "via": ...}

The caller of spin() comes first. `below` counts frames at the end that belong to the main interpreter, below a
subinterpreter: a profile may end before them. `via` names native code that stands directly above the first
frame with that index. Each stack is spun in for ORACLE_SPIN_MS of CPU time. CPython 3.6 to 3.14."""
import asyncio
import atexit
import functools
import importlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
import weakref

SPIN_S = int(os.environ.get("ORACLE_SPIN_MS", "100")) / 1000
clock = functools.partial(time.clock_gettime, time.CLOCK_THREAD_CPUTIME_ID)
FOLDER = os.path.dirname(os.path.abspath(__file__))


def frames_from(frame):
    frames = []
    while frame is not None:
        code = frame.f_code
        frames.append([code.co_filename, frame.f_lineno, code.co_name, getattr(code, "co_qualname", None)])
        frame = frame.f_back
    return frames


def here():
    return frames_from(sys._getframe(1))


def tell(told):
    """Whole lines of 100 KB too: a profiler that stops us cuts a write() short."""
    data = (json.dumps(told) + "\n").encode()
    while data:
        data = data[os.write(1, data):]


def skip(label, why):
    tell({"label": label, "skipped": why})


def spin(label, below=(), via=None):
    frames = frames_from(sys._getframe(1))
    tell({"label": label, "frames": frames + list(below), "below": len(below), "via": via})
    until = clock() + SPIN_S
    while clock() < until:
        x = 7
        for i in range(300):
            x = x * 31 + i & 0xFFFFF
    return x


# One function for each kind.


def plain():
    return spin("plain")


def recursion(depth=930):
    return recursion(depth - 1) if depth else spin("recursion")


def inner_generator(n):
    yield 1
    if n:
        yield from inner_generator(n - 1)
    else:
        yield spin("generators nested")


def generators():
    return list(inner_generator(12))


def generator_in_c():
    return sum(spin("generator under sum()") * 0 + i for i in range(1))


def closed_generator():
    try:
        yield 1
    finally:
        spin("generator closed")


def generator_closed():
    generator = closed_generator()
    next(generator)
    generator.close()


async def innermost():
    await asyncio.sleep(0)
    return spin("async task")


async def awaiting():
    return await innermost()


async def gathering():
    return await asyncio.gather(awaiting(), asyncio.sleep(0))


async def numbers():
    yield spin("async generator")


async def iterating():
    async for _ in numbers():
        pass
    return [n async for n in numbers_twice()]


async def numbers_twice():
    yield 1
    spin("async comprehension")


def async_kinds():
    loop = asyncio.new_event_loop()
    loop.run_until_complete(gathering())
    loop.run_until_complete(iterating())
    loop.close()


def comprehension():
    rows = [spin("comprehension") for _ in range(1)]
    return rows, {k: spin("dict comprehension") for k in range(1)}


def exec_code():
    exec(compile("def inside():\n\n    return spin('exec')\n\n\nclass Made:\n    def method(self):\n"
                 "        return inside()\nMade().method()\n", "/no/such folder/exec'd.py", "exec"), {"spin": spin})
    return eval("(lambda: spin('eval'))()")


def lambdas():
    return (lambda f: (lambda: f("lambda"))())(spin)


def class_body():
    class Outer:
        class Inner:
            x = spin("class body")

        def method(self):
            def nested():
                return spin("nested function of a method")
            return nested()

        @property
        def shown(self):
            return spin("property")

        def __getattr__(self, name):
            return spin("__getattr__", via=[0, "slot_tp_getattr_hook|getattr"])

        def __enter__(self):
            return spin("with")

        def __exit__(self, *_):
            return spin("__exit__")

        @staticmethod
        def static():
            return spin("staticmethod")

        @classmethod
        def made(cls):
            return spin("classmethod")
    outer = Outer()
    outer.method()
    outer.shown
    outer.missing
    with outer:
        pass
    outer.static()
    Outer.made()
    return Outer


class Meta(type):
    def __call__(cls, *args):
        made = super().__call__(*args)
        spin("metaclass call")
        return made


class OfMeta(metaclass=Meta):
    def __init__(self):
        self.x = spin("__init__ under a metaclass")


def sort_key(x):
    if x == 3:
        spin("sort key", via=[0, "list_?sort|list\\.sort|keyfunc"])
    return x


def sorting():
    rows = [1, 3, 2]
    rows.sort(
        key=sort_key,
    )
    return rows


def replace(match):
    spin("re.sub callback", via=[0, "pattern_sub"])
    return ""


def callbacks_from_c():
    re.sub("b", replace, "abc")
    functools.reduce(lambda a, b: spin("reduce", via=[0, "reduce"]), [1, 2])
    list(map(functools.partial(lambda x: spin("map of a partial")), [1]))
    max([1, 2], key=lambda x: spin("max key") if x == 2 else 0)


class Finalised:
    def __del__(self):
        spin("__del__")


def finalisers():
    one = Finalised()
    del one
    two = Plain()
    reference = weakref.ref(two, two_is_gone)
    del two
    return reference


class Plain:
    pass


def two_is_gone(_):
    spin("weakref callback")


def on_signal(number, frame):
    spin("signal handler")


def signals():
    signal.signal(signal.SIGUSR1, on_signal)
    os.kill(os.getpid(), signal.SIGUSR1)
    return [i for i in range(10)]


def in_handler():
    try:
        raise ValueError
    except ValueError:
        try:
            spin("except block")
        finally:
            spin("finally")


class Threaded(threading.Thread):
    def run(self):
        recursion_in_thread(40)


def recursion_in_thread(depth):
    if depth:
        return recursion_in_thread(depth - 1)
    return spin("thread")


def threads():
    thread = Threaded(name="an oracle's thread")
    thread.start()
    thread.join()
    thread = threading.Thread(target=functools.partial(spin, "thread target"))
    thread.start()
    thread.join()


def ctypes_callback():
    try:
        import ctypes
        libc = ctypes.CDLL(None)
        libc.qsort
    except (ImportError, OSError, AttributeError) as why:
        return skip("ctypes callback", str(why))
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    seen = []

    def compare(a, b):
        if not seen:
            seen.append(1)
            spin("ctypes callback", via=[0, "qsort|msort|ffi_call"])
        return a[0] - b[0]
    values = (ctypes.c_int * 4)(4, 3, 2, 1)
    libc.qsort(values, 4, ctypes.sizeof(ctypes.c_int), kind(compare))
    return list(values)


IN_SUBINTERPRETER = """
import sys
sys.path.insert(0, %r)
import oracle
oracle.in_subinterpreter(%r)
"""


def in_subinterpreter(below):
    spin("subinterpreter", below)


def subinterpreters():
    try:
        import _interpreters
        number, run = _interpreters.create("legacy"), _interpreters.exec
        source = IN_SUBINTERPRETER
    except ImportError:
        try:
            import _xxsubinterpreters
            run = _xxsubinterpreters.run_string
            number = _xxsubinterpreters.create()
        except ImportError:
            try:
                from _testcapi import run_in_subinterp
            except ImportError as why:
                return skip("subinterpreter", str(why))
            run, number = (lambda number, code: run_in_subinterp(code)), None
        source = IN_SUBINTERPRETER
    def below_of(frames):
        # the lambda of the oldest way adds a frame
        if number is None:
            frames = [[frames[0][0], run.__code__.co_firstlineno, "<lambda>",
                       getattr(run.__code__, "co_qualname", None)]] + frames
        return source % (FOLDER, frames)
    return run(number, below_of(here()))


def other_names(folder):
    """Names and files that are not ASCII, code that runs while it is imported."""
    sys.path.insert(0, folder)
    with open(os.path.join(folder, "módulo_日本.py"), "w", encoding="utf-8") as file:
        file.write("# кириллица\nimport oracle\n\n\nclass Größe:\n    def naïve(self):\n"
                   "        return oracle.spin('not ASCII')\n\n\ndef 数える():\n    return Größe().naïve()\n")
    with open(os.path.join(folder, "imported.py"), "w", encoding="utf-8") as file:
        file.write('"""Spins while it is imported."""\nimport oracle\n\n' + "\n" * 400 + "oracle.spin('import')\n")
    importlib.import_module("módulo_日本").数える()
    import imported
    return imported


def long_function():
    """More than 255 bytes of code on a line, lines far apart and backwards."""
    x = 1
    x = (x + 1) * (x + 2) * (x + 3) * (x + 4) * (x + 5) * (x + 6) * (x + 7) * (x + 8) * (x + 9) * (x + 10) * (x + 11) * (x + 12) * (x + 13) * (x + 14) * (x + 15) * (x + 16) * (x + 17) * (x + 18) * (x + 19)  # noqa: E501
    x = dict(
        a=1,
        # 300 lines would be many; the imported module has them
        b=spin("argument of a call over lines"),
        c=[
            1,
            spin("element of a list in it"),
        ],
    )
    while True:
        try:
            for x in (1, 2):
                if x == 2:
                    spin("loop in try")
        finally:
            return x  # noqa: B012


def many_locals(*args, first=1, **more):
    a = b = c = d = e = f = g = h = first
    spin("star arguments")
    return a, b, c, d, e, f, g, h, args, more


@atexit.register
def at_exit():
    spin("atexit")


def main():
    folder = tempfile.mkdtemp(prefix="oracle-")
    try:
        sys.setrecursionlimit(3000)
        for kind in (plain, recursion, generators, generator_in_c, generator_closed, async_kinds, comprehension,
                     exec_code, lambdas, class_body, OfMeta, sorting, callbacks_from_c, finalisers, signals,
                     in_handler, threads, ctypes_callback, long_function):
            kind()
        many_locals(*range(3), first=2, **{"x": 1})
        other_names(folder)
        subinterpreters()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.modules["oracle"] = sys.modules["__main__"]
    main()
else:
    atexit.unregister(at_exit)
