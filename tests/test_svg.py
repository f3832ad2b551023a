# SPDX-License-Identifier: Apache-2.0
"""The SVG flame graph: XML that others accept, a picture without a browser, clicks and keys in one.

Needs xmllint, rsvg-convert, node, chromium and playwright-core; skips by name what is missing."""
import os
import pathlib
import random
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

import truth

HERE = pathlib.Path(__file__).resolve().parent / "page"
TESTBED = pathlib.Path(os.environ.get("SONDE_TESTBED", pathlib.Path.home() / ".cache/sonde-testbed"))
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SVG = "{http://www.w3.org/2000/svg}"


def draw(tmp_path, folded):
    source, picture = tmp_path / "in.folded", tmp_path / "out.svg"
    source.write_bytes(folded)
    done = subprocess.run([truth.SONDE, "flame", source, "-o", picture], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return picture


def names(picture):
    """Of all boxes: the first line of each title."""
    return [title.text.split("\n")[0] for title in ElementTree.parse(picture).iter(SVG + "title")]


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")


def test_names_of_any_bytes_make_valid_xml(tmp_path):
    need("xmllint")
    random.seed(3)
    rows = [bytes(random.choice([b for b in range(256) if b not in b"\n;"]) for _ in range(random.randint(1, 40)))
            for _ in range(300)]
    rows += [b"<script>alert(1)</script>", b"]]>", b"&amp;", b"a\"b'c", b"\xed\xa0\x80", b"\xef\xbf\xbf", b"ns::" * 1250]
    plain = b"main;lex 1\n" * 1600  # what a file is, is told from its first 16 KB
    picture = draw(tmp_path, plain + b"".join(b"x" + row + b";y" + row + b" 1\n" for row in rows))
    done = subprocess.run(["xmllint", "--noout", "--nonet", picture], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "x<script>alert(1)</script>" in names(picture)
    assert "x" + "ns::" * 1250 in names(picture)


def test_it_is_a_picture_without_a_browser(tmp_path):
    need("rsvg-convert")
    picture = draw(tmp_path, b"main;parse;lex 5\nmain;emit 4\n")
    done = subprocess.run(["rsvg-convert", picture], capture_output=True)
    assert done.returncode == 0 and done.stdout.startswith(b"\x89PNG"), done.stderr


def test_a_box_is_drawn_for_each_node_that_can_be_seen(tmp_path):
    picture = draw(tmp_path, b"main;parse;lex 999999\nmain;tiny 1\n")
    assert names(picture) == ["all", "main", "parse", "lex"]


def test_clicks_and_keys_in_a_browser(tmp_path):
    need("node", CHROMIUM)
    if not (TESTBED / "node/node_modules/playwright-core").is_dir():
        pytest.skip("playwright-core is not installed")
    picture = draw(tmp_path, b"main;parse;lex 5\nmain;parse 1\nmain;emit<T> 4\n")
    done = subprocess.run(["node", HERE / "svg.mjs", picture], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "SONDE_TESTBED": str(TESTBED)})
    assert done.returncode == 0, done.stderr
