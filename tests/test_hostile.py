# SPDX-License-Identifier: Apache-2.0
"""Real files of every format, broken off at 20 places and with bits turned over at 200: each is read or refused in one
sentence that says where, in bounded memory, and nothing crashes. (Fuzzers go deeper, from small seeds.)"""
import pathlib
import random
import re
import shutil
import subprocess
import sys

import pytest

import test_gmon
import test_heap_profiles
import test_perfscript
from test_every_pair import FORMATS, everything
from test_v8log import PROGRAM as JAVASCRIPT

ROOT = pathlib.Path(__file__).resolve().parent.parent
SONDE = ROOT / "build/sonde"
CUTS, FLIPS = 20, 200
MEMORY = 3 << 30        # of addresses: a copy of what a file may unfold to, and no more
WHERE = re.compile(r"(byte|line) \d+|:\d+: ")
WHOLE = ("is empty", "in no format that Sonde reads", "breaks off", "has no line 'events:'", "describes no event",
         "is perf's, but there is no sample in it")      # of such files there is no place to name


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, errors="replace", timeout=120, **more)
    if done.returncode:
        pytest.skip(f"{command[0]}: {done.stderr.strip()[-150:]}")
    return done.stdout


def need(name):
    return shutil.which(name) or pytest.skip(f"no {name}")


def perfdata(folder):
    need("perf")
    return test_perfscript.recorded(folder, "-g", "--all-user") or pytest.skip("perf cannot record here")


def perfscript(folder):
    (folder / "x.txt").write_text(run("perf", "script", "--no-inline", "-i", perfdata(folder)))
    return folder / "x.txt"


def stackdump(folder):
    (folder / "x.txt").write_text("".join(subprocess.run(
        [sys.executable, "-c", "import faulthandler, threading, time\ndef wait(): time.sleep(.2)\n"
         "for _ in range(9): threading.Thread(target=wait).start()\nfaulthandler.dump_traceback(all_threads=True)"],
        capture_output=True, text=True).stderr for _ in range(2)))
    return folder / "x.txt"


def massif(folder):
    need("valgrind")
    run("valgrind", "--tool=massif", "--massif-out-file=massif.out", "/bin/ls", "/", cwd=folder)
    return folder / "massif.out"


def gmon(folder):
    return test_gmon.take(folder, "-no-pie", "-fno-pie")


def v8log(folder):
    node = need("node")
    (folder / "app.js").write_text(JAVASCRIPT.replace("1500", "400"))
    run(node, "--prof", "--no-logfile-per-isolate", "--logfile=v8.log", "app.js", cwd=folder)
    return folder / "v8.log"


def jfr(folder):
    need("java")
    (folder / "Work.java").write_text("public class Work { static long spin(int n) { long s = 0; for (int i = 0; i < n; i++) s += i % 7; "
                                      "return s; } public static void main(String[] a) { long end = System.nanoTime() + 1000000000L, s = 0; "
                                      "while (System.nanoTime() < end) s += spin(1000000); System.out.println(s); } }")
    run("java", "-XX:StartFlightRecording=filename=x.jfr,settings=profile", "Work.java", cwd=folder)
    return folder / "x.jfr"


def heapprofile(folder):
    test_heap_profiles.build(folder, *test_heap_profiles.GPERFTOOLS)
    subprocess.run([folder / "prog"], env={"HEAPPROFILE": str(folder / "heap"), "HEAP_PROFILE_ALLOCATION_INTERVAL": "10000000"},
                   capture_output=True, check=True)
    return sorted(folder.glob("heap.*"))[-1]


def gperfcpu(folder):
    test_heap_profiles.build(folder, *test_heap_profiles.GPERFTOOLS)
    subprocess.run([folder / "prog"], env={"CPUPROFILE": str(folder / "x.cpu")}, capture_output=True, check=True)
    return folder / "x.cpu"


def v8heap(folder):
    need("node")
    (folder / "x.js").write_text("globalThis.kept = []; function keep(n) { for (let i = 0; i < n; i++) kept.push({ i, s: 'x' + i }); } "
                               "keep(300000); setTimeout(() => console.log(kept.length), 50);")
    run("node", "--heap-prof", "--heap-prof-name", "x.heapprofile", "x.js", cwd=folder)
    return folder / "x.heapprofile"


def contention(folder):
    (folder / "x.go").write_text("""package main
        import ("os"; "runtime"; "runtime/pprof"; "sync"; "time")
        func main() { var m sync.Mutex; var w sync.WaitGroup; runtime.SetMutexProfileFraction(1)
            for i := 0; i < 8; i++ { w.Add(1); go func() { for k := 0; k < 20; k++ { m.Lock(); time.Sleep(time.Millisecond / 10); m.Unlock() }
                w.Done() }() }
            w.Wait(); f, _ := os.Create("x.mutex"); pprof.Lookup("mutex").WriteTo(f, 1); f.Close() }""")
    run("go", "run", "x.go", cwd=folder)
    return folder / "x.mutex"


def written(name):
    """By Sonde itself, of a profile that has everything."""
    def make(folder):
        run(SONDE, "convert", everything(folder / "all.pb"), folder / "x", "-f", name, "--native")
        return folder / "x"
    return make


MAKERS = {make.__name__: make for make in (perfdata, perfscript, stackdump, massif, gmon, v8log, jfr, heapprofile, gperfcpu,
                                         contention, v8heap)}
MAKERS |= {name: written(name) for name in FORMATS}


def test_every_format_that_is_read_is_here():
    table = (ROOT / "src/format/format.c").read_text()
    read = {name for name, row in re.findall(r'\.name = "(\w+)"((?:(?!\.name).)*)', table, re.S) if ".read" in row}
    assert read | {"pb"} == set(MAKERS)


def broken(data, chance):
    for i in range(CUTS):
        yield f"cut at {len(data) * i // CUTS}", data[:len(data) * i // CUTS]
    for i in range(FLIPS):
        other, at = bytearray(data), chance.randrange(len(data))
        # a quarter in the head, where what matters most is
        at = chance.randrange(min(len(data), 512)) if i % 4 == 0 else at
        other[at] ^= 1 << chance.randrange(8)
        yield f"bit of byte {at} turned over", bytes(other)


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_broken_is_read_or_refused_in_one_sentence(name, tmp_path):
    data, path, wrong = MAKERS[name](tmp_path).read_bytes(), tmp_path / "bad", []
    more = ["--program", tmp_path / "prog"] if name == "gmon" else []
    for what, other in broken(data, random.Random(5)):
        path.write_bytes(other)
        done = subprocess.run(["prlimit", f"--as={MEMORY}", SONDE, "report", path, "--csv", *more], capture_output=True, timeout=60)
        text = done.stderr.decode("utf-8", "replace")
        if done.returncode == 0 and not text:
            continue
        if done.returncode != 1 or text.count("\n") != 1 or not text.startswith("sonde: "):
            wrong.append((what, done.returncode, text[:300]))
        elif not WHERE.search(text.replace(str(path), "bad")) and not any(words in text for words in WHOLE):
            wrong.append((what, "says not where", text[:300]))
    assert not wrong, f"{len(wrong)} of {CUTS + FLIPS}: {wrong[:3]}"
