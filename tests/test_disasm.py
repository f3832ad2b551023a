# SPDX-License-Identifier: Apache-2.0
"""sonde report --disasm: the code of what ran, beside objdump's, and never another file's."""
import ctypes.util
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SONDE = os.environ.get("SONDE", str(ROOT / "build" / "sonde"))
SOURCE = """#include <stdio.h>
__attribute__((noinline)) unsigned long spin(const unsigned char *p, unsigned long n)
{
	unsigned long h = 1;

	for (unsigned long i = 0; i < n; i++) {
		h ^= p[i & 63];
		h *= 1099511628211ul;
		if (h % 7 == 3)
			h += i;
	}
	return h;
}
__attribute__((noinline)) unsigned long outer(const unsigned char *p)
{
	return spin(p, 1000) + 1;
}
int main(void)
{
	unsigned char p[64] = { 1 };
	unsigned long h = 0;

	for (int i = 0; i < 60000; i++)
		p[i & 63] ^= h += outer(p);
	printf("%lu\\n", h);
}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("disasm")
    (place / "app.c").write_text(SOURCE)
    subprocess.run(["gcc", "-O1", "-g", "-o", "app", place / "app.c", "-Wl,--build-id"], cwd=place, check=True)
    done = subprocess.run([SONDE, "record", "-F", "997", "-o", "app.pb.gz", "--", "./app"], cwd=place,
                          capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"nothing can be recorded here: {done.stderr}")
    shutil.copy(place / "app", place / "app.kept")
    return place


@pytest.fixture
def report(place):
    def run(*options, code=0):
        done = subprocess.run([SONDE, "report", "app.pb.gz", *options], cwd=place, capture_output=True, text=True,
                              env=os.environ | {"DEBUGINFOD_URLS": ""})
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr
    yield run
    shutil.copy(place / "app.kept", place / "app")


INSN = re.compile(r"^(.{7})(.{7}) +([0-9a-f]+)  (L\d+:|) *(?!line )([(a-z][\w()]*) *(.*)$", re.M)


def instructions(text):
    return [(int(m[3], 16), m[5], m[6].strip(), m[4], m[1].strip(), m[2].strip()) for m in INSN.finditer(text)]


def objdump(place, function):
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", f"--disassemble={function}", "app.kept"], cwd=place,
                          capture_output=True, text=True, check=True).stdout
    return [(int(m[1], 16), m[2]) for m in re.finditer(r"^ +([0-9a-f]+):\t(\w+)", text, re.M)]


def test_instructions_are_those_of_objdump(report, place):
    ours = instructions(report("--disasm", "^spin$", "--limit", "0"))
    theirs = objdump(place, "spin")
    assert [vaddr for vaddr, *_ in ours] == [vaddr for vaddr, _ in theirs]
    for mine, other in zip(ours, theirs):  # objdump leaves the suffix of a size off where registers tell it
        assert mine[1].rstrip("bwlq").startswith(other[1].rstrip("bwlq")[:3]), (mine, other)


def test_costs_are_those_of_the_profile(report):
    ours = instructions(report("--list", "^(spin|outer)$", "--asm", "--limit", "0"))
    table = report("--granularity", "address", "--limit", "0")
    starts = [vaddr for vaddr, *_ in ours]  # a caller's address is its return address less 1: in the call
    wanted = {max(v for v in starts if v <= int(m[3], 16)): (m[1], m[2]) for m in
              re.finditer(r" ([<>\d.]+) +([<>\d.]+) +[\d.]+(?: \w+|)  (?:spin|outer) 0x([0-9a-f]+) ", table)}
    assert wanted and {v: (s or "0", t or "0") for v, _, _, _, s, t in ours if t} == wanted
    call = [insn for insn in ours if insn[1].startswith("call")]
    assert call and call[0][2] == "spin" and not call[0][4] and float(call[0][5].strip("<>")) > 90


def test_pprof_finds_the_same_costs(report, place):
    path = shutil.which("pprof") or str(pathlib.Path.home() / "go" / "bin" / "pprof")
    if not pathlib.Path(path).exists():
        pytest.skip("no pprof")
    text = subprocess.run([path, "-unit=ns", "-sample_index=cpu", "-disasm", "^spin$", "app.pb.gz"], cwd=place,
                          capture_output=True, text=True, check=True).stdout
    theirs = {int(vaddr, 16): (int(flat), int(cum)) for flat, cum, vaddr in
              re.findall(r"^ *(\d+)(?:ns)? +(\d+)(?:ns)? +([0-9a-f]+):", text.replace(" . ", " 0 "), re.M) if cum != "0"}
    code, = json.loads(report("--json", "--disasm", "^spin$"))["code"]
    assert {insn["vaddr"]: (insn["self"], insn["total"]) for insn in code["instructions"] if insn["total"]} == theirs and theirs


def test_jumps_go_to_labels_and_lines_stand_between(report):
    text = report("--disasm", "^spin$", "--limit", "0")
    labels = {label.rstrip(":") for _, _, _, label, *_ in instructions(text) if label}
    jumps = {re.match(r"L\d+", operands)[0] for _, name, operands, *_ in instructions(text) if name.startswith("j")}
    assert labels and labels == jumps
    assert re.search(r"^ +app\.c:7  h \^= p\[i & 63\];$", text, re.M)
    assert re.search(r"app, \d+ instructions: [\d.]+ % of all by itself", text)


def test_json_has_the_same_code(report, place):
    code, = json.loads(report("--json", "--disasm", "^spin$"))["code"]
    assert code["name"] == code["symbol"] == "spin" and code["module"] == str(place / "app") and code["certain"]
    shown = instructions(report("--disasm", "^spin$", "--limit", "0"))
    assert [insn["vaddr"] for insn in code["instructions"]] == [vaddr for vaddr, *_ in shown]
    whole = sum(insn["self"] for insn in code["instructions"])
    row, = [row for row in json.loads(report("--json"))["functions"] if row["name"] == "spin"]
    assert whole == row["self"] > 0
    jump = next(insn for insn in code["instructions"] if insn.get("flow") == "jump")
    assert jump["target"] in [insn["vaddr"] for insn in code["instructions"]]
    assert {insn["line"] for insn in code["instructions"] if insn["file"].endswith("app.c")} >= {7, 8, 9}
    (place / "app").unlink()
    gone, = json.loads(report("--json", "--disasm", "^spin$"))["code"]
    assert "is not here" in gone["why"] and sum(row["self"] for row in gone["addresses"]) == whole


def test_only_the_hot_part_of_a_long_function_is_shown(report):
    short, whole = (instructions(report("--disasm", "^spin$", "--limit", n)) for n in ("1", "0"))
    assert 4 <= len(short) <= 7 < len(whole)
    assert max(whole, key=lambda insn: float(insn[4].strip("<>") or 0))[0] in [insn[0] for insn in short]


def test_another_files_bytes_are_never_shown(report, place):
    subprocess.run(["gcc", "-O2", "-o", "app", place / "app.c", "-Wl,--build-id"], cwd=place, check=True)
    text = report("--disasm", "^spin$")
    assert f"{place}/app is another build than what ran: its code is not shown" in text
    assert not instructions(text) and re.search(r"^ +[\d.]+ +[\d.]+ +[0-9a-f]+  line \d+$", text, re.M)
    (place / "app").unlink()
    assert f"{place}/app is not here" in report("--disasm", "^spin$")


def test_a_stripped_file_is_known_by_its_exception_tables(report, place):
    whole = instructions(report("--disasm", "^spin$", "--limit", "0"))
    subprocess.run(["strip", "app"], cwd=place, check=True)
    text = report("--disasm", "^spin$", "--limit", "0")
    assert "\nspin\n" in text and [insn[0] for insn in instructions(text)] == [insn[0] for insn in whole]


def test_what_cannot_be_shown_is_one_sentence(report):
    assert "no function in these samples matches 'nothing'" in report("--disasm", "nothing", code=1)
    assert "is not a regular expression" in report("--disasm", "(", code=1)
    assert "--list REGEX --asm" in report("--asm", code=2)


@pytest.fixture
def debuginfod(place):
    """A server that has the program and its source, and what it was asked for."""
    asked = []
    notes = subprocess.run(["readelf", "-n", "app.kept"], cwd=place, capture_output=True, text=True).stdout
    build = re.search(r"Build ID: ([0-9a-f]+)", notes)[1]
    has = {f"/buildid/{build}/executable": (place / "app.kept").read_bytes(),
           f"/buildid/{build}/source{urllib.parse.quote(str(place / 'app.c'))}": SOURCE.encode()}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = has.get(self.path)
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(not ctypes.util.find_library("debuginfod"), reason="libdebuginfod is not installed")
def test_what_is_not_here_is_asked_of_debuginfod(place, debuginfod, tmp_path):
    url, asked = debuginfod
    env = os.environ | {"DEBUGINFOD_URLS": url, "DEBUGINFOD_CACHE_PATH": str(tmp_path)}

    def run(*options, urls=url):
        return subprocess.run([SONDE, "report", "app.pb.gz", *options], cwd=place, capture_output=True, text=True,
                              env=env | {"DEBUGINFOD_URLS": urls}, check=True).stdout
    try:
        (place / "app.c").rename(place / "gone.c")
        (place / "app").unlink()
        assert "the file is not here" in run("--list", "^spin$", urls="") and not asked
        assert re.search(r"^ +[\d.]+ +[\d.]+ +7 +h \^= p\[i & 63\];$", run("--list", "^spin$"), re.M)
        assert [path for path in asked if path.endswith("app.c")]
        text = run("--disasm", "^spin$", "--limit", "0")
        assert len(instructions(text)) == len(objdump(place, "spin")) and "h ^= p[i & 63];" in text
        assert [path for path in asked if path.endswith("/executable")]
    finally:
        (place / "gone.c").rename(place / "app.c")
        shutil.copy(place / "app.kept", place / "app")
