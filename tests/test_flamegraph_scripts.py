# SPDX-License-Identifier: Apache-2.0
"""FlameGraph's own Perl scripts as judges: what they collapse is what Sonde collapses, and what they draw of Sonde's files has the same
boxes. They are looked for in the test bed (tools/testbed flamegraph) or in $FLAMEGRAPH; without them these tests are skipped."""
import collections
import html
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from test_perfdata import QUIET

ROOT = pathlib.Path(__file__).resolve().parent.parent
SONDE = os.environ.get("SONDE", str(ROOT / "build" / "sonde"))
BED = pathlib.Path(os.environ.get("SONDE_TESTBED", pathlib.Path.home() / ".cache/sonde-testbed"))
SCRIPTS = pathlib.Path(os.environ.get("FLAMEGRAPH", BED / "flamegraph"))

pytestmark = pytest.mark.skipif(not (SCRIPTS / "flamegraph.pl").exists() or not shutil.which("perl"),
                                reason="no FlameGraph (tools/testbed flamegraph), or no perl")

FOLDED = """main;parse;lex 120
main;parse;operator new(unsigned long) 7
main;<script>&"x";naïve 3
main;parse 40
idle 1
rec;rec;rec 5
"""
NEW = FOLDED.replace("lex 120", "lex 150").replace("idle 1\n", "main;emit 9\n")


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def script(name, *options):
    return run("perl", SCRIPTS / name, *options)


def stacks(text):
    counts = collections.Counter()
    for line in text.splitlines():
        stack, count = line.rsplit(" ", 1)
        counts[stack] += int(count)
    return counts


@pytest.fixture
def place(tmp_path):
    (tmp_path / "a.folded").write_text(FOLDED)
    (tmp_path / "b.folded").write_text(NEW)
    return tmp_path


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """What perf script prints of a program and of its children: two commands, kernel frames, unknown ones."""
    if not shutil.which("perf"):
        pytest.skip("no perf")
    place = tmp_path_factory.mktemp("perf")
    done = subprocess.run(["perf", "record", "-o", "perf.data", *QUIET, "-F", "2500", "-g", "-e", "cpu-clock", "--", "sh", "-c",
                           "python3 -c 'sum(hash(str(i)) for i in range(300000))'; seq 1 200000 | sort -R | md5sum"],
                          cwd=place, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"perf record: {done.stderr.strip()[-200:]}")
    with open(place / "perf.txt", "w") as out:
        if subprocess.run(["perf", "script", "-i", "perf.data"], cwd=place, stdout=out, stderr=subprocess.DEVNULL).returncode:
            pytest.skip("perf script fails here")
    return place / "perf.txt"


def test_perf_script_is_collapsed_to_the_same_stacks(recorded, tmp_path):
    theirs = stacks(script("stackcollapse-perf.pl", recorded))
    run(SONDE, "flame", recorded, "--by", "thread", "--native", "-o", tmp_path / "x.folded")
    ours = collections.Counter({re.sub(r"^\[thread ([^;]*?)\](?=;|$)", lambda m: m[1].replace(" ", "_"), stack): n
                                for stack, n in stacks((tmp_path / "x.folded").read_text()).items()})
    assert ours == theirs and len(theirs) > 50


@pytest.mark.parametrize("name", ["a.folded", "perf"])
def test_flamegraph_draws_of_our_folded_stacks_the_boxes_that_we_draw(place, request, name):
    source = request.getfixturevalue("recorded") if name == "perf" else place / name
    run(SONDE, "convert", source, place / "x.folded")
    run(SONDE, "flame", place / "x.folded", "-o", place / "x.svg")
    theirs = script("flamegraph.pl", "--minwidth", "0", place / "x.folded")
    boxes = collections.Counter((html.unescape(name), int(n.replace(",", ""))) for name, n in
                                re.findall(r"<title>(.*?) \(([\d,]+) samples, ", theirs))
    # ours leaves out what is narrower than a tenth of a pixel
    least = sum(stacks((place / "x.folded").read_text()).values()) / 5000
    titles = [html.unescape(title).split("\n") for title in re.findall(r"<title>([^<]*)", (place / "x.svg").read_text())]
    ours = collections.Counter(title[0] for title in titles)
    wide = collections.Counter(name for (name, n), times in boxes.items() for _ in range(times) if n > least)
    missing = {name: n for name, n in wide.items() if ours[name] < n}
    assert not missing and len(wide) >= 7
    if name == "a.folded":
        exact = collections.Counter((title[0], int(re.search(r"\((\d+)\)", title[1])[1])) for title in titles)
        assert {(name.replace("(anonymous)", "all"), n): times for (name, n), times in boxes.items()} == dict(exact)


def test_difffolded_of_ours_is_what_we_write_and_what_we_read(place):
    run(SONDE, "convert", place / "a.folded", place / "x.folded")
    run(SONDE, "convert", place / "b.folded", place / "y.folded")
    (place / "d.folded").write_text(script("difffolded.pl", place / "x.folded", place / "y.folded"))
    for kind, wanted in (("base", FOLDED), ("new", NEW)):
        run(SONDE, "flame", place / "d.folded", "--type", kind, "-o", place / "back.folded")
        assert {k: v for k, v in stacks((place / "back.folded").read_text()).items() if v} == stacks(wanted)
    # and as columns again, which flamegraph.pl draws as a difference
    run(SONDE, "convert", place / "d.folded", place / "d.columns")
    theirs, ours = (script("flamegraph.pl", place / name) for name in ("d.folded", "d.columns"))
    titles = sorted(re.findall("<title>(.*)</title>", ours))    # the script draws in no order
    assert titles == sorted(re.findall("<title>(.*)</title>", theirs)) and any("; +" in title for title in titles)



def test_stack_dumps_are_collapsed_to_the_same_stacks(tmp_path):
    """Those that the scripts still understand: gdb, eu-stack, Python's faulthandler."""
    (tmp_path / "s.c").write_text("#include <unistd.h>\n#include <stdio.h>\nvoid inner(void) { puts(\"here\"); fflush(stdout); pause(); }\n"
                                  "void outer(int n) { if (n) outer(n - 1); else inner(); }\nint main(void) { outer(3); }\n")
    run("gcc", "-g", "-O0", tmp_path / "s.c", "-o", tmp_path / "s")

    with subprocess.Popen([tmp_path / "s"], stdout=subprocess.PIPE) as program:
        program.stdout.readline()
        for tool, collapse in ((["gdb", "-p", str(program.pid), "-batch", "-ex", "thread apply all bt"], "stackcollapse-gdb.pl"),
                               (["eu-stack", "-p", str(program.pid)], "stackcollapse-elfutils.pl")):
            if not shutil.which(tool[0]):
                continue
            (tmp_path / "dump.txt").write_text(subprocess.run(tool, capture_output=True, text=True).stdout * 3)
            run(SONDE, "convert", tmp_path / "dump.txt", tmp_path / "x.folded")
            assert stacks((tmp_path / "x.folded").read_text()) == stacks(script(collapse, tmp_path / "dump.txt"))
        program.kill()
    dump = subprocess.run(["python3", "-c", "import faulthandler\ndef a(): b()\ndef b(): faulthandler.dump_traceback()\na()"],
                          capture_output=True, text=True).stderr
    (tmp_path / "dump.txt").write_text(dump)
    run(SONDE, "convert", tmp_path / "dump.txt", tmp_path / "x.folded")
    theirs = stacks(re.sub(r"<string>:\d+:", "", script("stackcollapse-faulthandler.pl", tmp_path / "dump.txt")))
    assert stacks((tmp_path / "x.folded").read_text()) == theirs
