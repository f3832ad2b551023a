# SPDX-License-Identifier: Apache-2.0
"""The one-file flame graph: its parts in Node, the whole page in headless Chromium with real clicks.

Needs node, chromium and npm's playwright-core in the test bed's folder; skips by name without them."""
import gzip
import shutil
import subprocess

import pytest

import browser
import pprof_made
import truth


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


class Pprof:
    """Writes a pprof file: stacks of "name", "name@line", "name|kernel" or "name|library", values in samples."""

    PERIOD_NS = 10_000_000
    folder, suffix = None, ".c"  # of source files: "lex.c"
    first_line = 30  # of each function

    def __init__(self):
        self.strings, self.functions, self.out = {"": 0}, {}, b""
        self.out += field(1, self.type("samples", "count")) + field(1, self.type("cpu", "nanoseconds"))

    def string(self, text):
        return self.strings.setdefault(text, len(self.strings))

    def type(self, name, unit):
        return field(1, self.string(name)) + field(2, self.string(unit))

    def location(self, name):
        name, _, kind = name.partition("|")
        return self.functions.setdefault(name, (len(self.functions) + 1, kind or "native"))[0]

    def sample(self, stack, n, pid, tid, process, thread):
        ids = [self.location(name) for name in reversed(stack)]
        labels = b""
        for key, text in (("process", process), ("thread", thread)):
            labels += field(3, field(1, self.string(key)) + field(2, self.string(text)))
        for key, number in (("pid", pid), ("tid", tid)):
            labels += field(3, field(1, self.string(key)) + field(3, number))
        values = varint(n) + varint(n * self.PERIOD_NS)
        self.out += field(2, field(1, b"".join(map(varint, ids))) + field(2, values) + labels)

    def comment(self, text):
        self.out += field(13, self.string(text))

    def write(self, path):
        self.out += field(3, field(1, 1) + field(5, self.string("/usr/bin/app")))
        for row, (name, (at, kind)) in enumerate(self.functions.items()):
            name, _, number = name.partition("@")
            line = field(1, at) + field(2, int(number or 31))
            self.out += field(4, field(1, at) + field(2, 1) + field(4, line))
            self.out += field(5, field(1, at) + field(2, self.string(name)) + field(3, self.string(name)) +
                              field(4, self.string(f"{self.folder}/{name}{self.suffix}" if self.folder else
                                                   f"{name}{self.suffix}")) + field(5, self.first_line))
            self.comment(f"sonde: kind {kind} {at}")
        self.out += field(10, 30 * 10**9) + field(11, self.type("cpu", "nanoseconds")) + field(12, self.PERIOD_NS)
        self.out += field(14, self.string("cpu"))
        strings = b"".join(field(6, text.encode("utf-8", "surrogateescape")) for text in self.strings)
        path.write_bytes(gzip.compress(self.out + strings))


def write_small(path):
    p = Pprof()
    for stack, n in (("main;parse", 2), ("main;parse;lex", 3), ("main;parse;lex;sys_read|kernel", 2),
                     ("main;emit;write|library", 5)):
        p.sample(stack.split(";"), n, 10, 10, "app", "main")
    p.sample(["start", "parse", "parse", "lex"], 1, 10, 11, "app", "worker")
    p.sample(["start", "parse"], 2, 10, 11, "app", "worker")
    p.sample(["main", "parse"], 2, 20, 20, "helper", "helper")
    for text in ("events 20", "recorded 17", "complete 16", "frames 50", "named 49", "drop 3 ring full",
                 "target compile all", "tier BPF"):
        p.comment(f"sonde: {text}")
    p.write(path)


def write_hostile(path):
    names = [b"</script><script>window.pwned=1</script>", b'"><img src=x onerror=window.pwned=2>', b"nul\0inside",
             b"tab\tand\x1b[31m", "rtl\u202etxet".encode(), b"\xff\xfe broken", b"{{data}} ${x} `y`",
             b"ns::f<" + b"T<int>, " * 625, "größe::名前".encode(), b"]]> &amp; -->", b" "]
    names[7] = names[7][:5000].ljust(5000, b"x")
    p = Pprof()
    for name in names:
        text = name.decode("utf-8", "surrogateescape")
        p.sample([text, text], 7, 1, 1, text, text)
    p.sample(["__proto__", "constructor"], 3, 1, 2, "__proto__", "toString")
    p.comment("<b>" + names[0].decode())
    p.write(path)


def labels(tid, **more):
    return {"pid": 5, "process": "app", "tid": tid, "thread": "pool", **more}


# 5 of tenant acme, 3 of zeta, 2 of none; requests have 150 values, of which 100 are told apart
LABELLED = [("main;query;scan", 4, labels(1, tenant="acme")), ("main;query", 1, labels(2, tenant="acme")),
            ("main;query;scan", 3, labels(1, tenant="zeta")), ("main;idle", 2, labels(1))] + \
    [("main;serve", 1, labels(2, request=i + 1)) for i in range(150)]


def write_inputs(folder):
    write_small(folder / "small.pb.gz")
    write_hostile(folder / "hostile.pb.gz")
    stack = ";".join(f"level{i}" for i in range(3000))
    (folder / "deep.folded").write_text(f"{stack} 5\nlevel0;other 2\n")
    pprof_made.write(folder / "python.pb.gz", [("_start@l;main@r;app.py@i;eval@r;work@i", 4, {})])
    pprof_made.write(folder / "labels.pb.gz", LABELLED)
    pprof_made.write(folder / "heap.pb.gz", [("main;cache", (1000, 512, 3, 1 << 20), {}), ("main;load", (200, 9, 5, 512 << 10), {}),
                                             ("main", (3, 9, 1, 9 << 10), {})],
                     types=(("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes")))
    (folder / "negative.folded").write_text("a;b -5\na;c 10\n")
    (folder / "sampled.heap").write_text("heap profile: 8: 96 [0: 0] @ heap_v2/524288\n8: 96 [0: 0] @ 0x2100\n")
    (folder / "timed.txt").write_text("".join(f"app 7 {t // 10}.{t % 10}00000: 1000000 cpu-clock:\n\t1 f (/bin/app)\n\n" for t in range(60)))
    empty = Pprof()
    empty.write(folder / "empty.pb.gz")
    write_several(folder / "several")


def write_several(folder):
    folder.mkdir()
    write_small(folder / "first.pb.gz")
    (folder / "second.folded").write_text("main;parse;lex 5\nmain;emit 2\n")
    third = Pprof()
    third.sample(["main", "parse"], 1, 10, 10, "app", "main")
    third.write(folder / "<third>.pb.gz")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    browser.need()
    folder = tmp_path_factory.mktemp("page")
    write_inputs(folder)
    for path in [path for path in folder.iterdir() if path.is_file()]:
        subprocess.run([truth.SONDE, "flame", path, "-o", folder / (path.name.split(".")[0] + ".html")], check=True)
    subprocess.run([truth.SONDE, "flame", folder / "small.pb.gz", "--unit", "s", "-o", folder / "unit.html"], check=True)
    several = [folder / "several" / name for name in ("first.pb.gz", "second.folded", "<third>.pb.gz")]
    subprocess.run([truth.SONDE, "flame", *several, "-o", folder / "several.html"], check=True)
    return folder


@pytest.fixture(scope="module")
def results(folder):
    return browser.run("browser.mjs", folder)


@pytest.fixture(scope="module")
def access(folder):
    return browser.run("access.mjs", folder)


@pytest.mark.parametrize("name", browser.cases("browser.mjs"))
def test_page(results, name):
    assert not results[name], results[name]


@pytest.mark.parametrize("name", browser.cases("access.mjs"))
def test_page_without_a_mouse(access, name):
    assert not access[name], access[name]


def test_parts():
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    done = subprocess.run(["node", "--import", "./modules.mjs", "--test", "parts.mjs"], cwd=browser.HERE,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout


def test_several_profiles_need_a_page(tmp_path):
    write_several(tmp_path / "in")
    files = sorted((tmp_path / "in").iterdir())
    done = subprocess.run([truth.SONDE, "flame", *files, "-o", tmp_path / "x.svg"], capture_output=True, text=True)
    assert done.returncode == 2 and "only an .html page shows several profiles" in done.stderr
    assert not (tmp_path / "x.svg").exists()
    done = subprocess.run([truth.SONDE, "flame", files[0], tmp_path / "none", "-o", tmp_path / "x.html"],
                          capture_output=True, text=True)
    assert done.returncode == 1 and f"{tmp_path}/none" in done.stderr
    assert not (tmp_path / "x.html").exists()


def test_the_same_profile_gives_the_same_page(tmp_path):
    write_small(tmp_path / "a.pb.gz")
    pages = []
    for name in ("a.html", "b.html"):
        subprocess.run([truth.SONDE, "flame", tmp_path / "a.pb.gz", "-o", tmp_path / name], check=True)
        pages.append((tmp_path / name).read_bytes())
    assert pages[0] == pages[1]
