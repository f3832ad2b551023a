# SPDX-License-Identifier: Apache-2.0
"""The page in Firefox, with real clicks, drags and keys: what another browser than the one it was made in could do otherwise."""
import base64
import struct
import subprocess

import pytest

import firefox
import truth
from test_page import write_hostile, write_small
from test_page_lines import write, write_source
from test_page_time import write_phases


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    firefox.need()
    folder = tmp_path_factory.mktemp("pages")
    write_small(folder / "small.pb.gz")
    write_hostile(folder / "hostile.pb.gz")
    write_phases(folder / "phases.pb.gz")
    for name in ("main", "lex"):
        write_source(folder / f"{name}.c")
    write(folder / "lines.pb.gz", folder)
    for name in ("small", "hostile", "phases", "lines"):
        subprocess.run([truth.SONDE, "flame", folder / f"{name}.pb.gz", "-o", folder / f"{name}.html"], check=True)
    return folder


@pytest.fixture(scope="module")
def browser(pages, tmp_path_factory):
    one = firefox.Firefox(tmp_path_factory.mktemp("firefox"))
    yield one
    one.close()


def test_a_click_zooms_and_escape_shows_everything(browser, pages):
    browser.open(pages / "small.html")
    assert browser.script("return window.sonde.error ?? '';") == ""
    assert browser.state()["whole"] == 17
    browser.click_box("main", "parse")
    assert browser.state()["path"] == ["main", "parse"]
    browser.keys("Escape")
    assert browser.state()["path"] == []
    browser.keys("ArrowDown", "ArrowDown", "Enter")
    assert browser.state()["path"] == ["main", "parse"]


def test_boxes_are_drawn(browser, pages):
    browser.open(pages / "small.html")
    colours = browser.script("""
        const canvas = document.querySelector('#stage canvas'), at = canvas.getBoundingClientRect(), seen = [];
        for (const path of [['main'], ['main', 'parse', 'lex', 'sys_read'], ['main', 'emit', 'write']]) {
            const box = window.sonde.box(path), ratio = devicePixelRatio;
            seen.push([...canvas.getContext('2d').getImageData((box.x - at.x + box.width - 6) * ratio, (box.y - at.y + 4) * ratio, 1, 1).data]);
        }
        return seen;""")
    assert len({tuple(colour) for colour in colours}) == 3 and [255, 255, 255, 255] not in colours
    picture = base64.b64decode(browser.command("WebDriver:TakeScreenshot", full=False)["value"])
    width, height = struct.unpack(">II", picture[16:24])
    assert width >= 1000 and height >= 500


def test_the_search_the_views_and_the_address(browser, pages):
    browser.open(pages / "small.html")
    browser.keys("/", *"^lex$", "Enter")
    assert abs(browser.state()["matched"] - 6 / 17) < 1e-9
    assert "35.3 % matched" in browser.text("#matched")
    browser.click_on("[data-view=table]")
    assert browser.text("#table tbody tr[data-frame]").startswith(("60 ms", "40 ms"))
    browser.click_on("[data-view=sandwich]")
    assert browser.state()["view"] == "sandwich"
    browser.click_on("#theme")
    fragment = browser.script("return location.hash;")
    browser.open(pages / "small.html", fragment)
    again = browser.state()
    assert again["view"] == "sandwich" and again["query"] == "^lex$" and again["theme"] in ("dark", "light")


def test_a_drag_over_the_time_axis_chooses_a_range(browser, pages):
    browser.open(pages / "phases.html")
    points = browser.script("""
        const { line } = window.sonde.page.time, box = line.activity.getBoundingClientRect();
        return [3.02, 3.9].map((at) => [box.left + line.xOf(at * 1e9 / line.tickNs), box.top + 15]);""")
    browser.drag(*points)
    state = browser.state()
    assert state["range"].startswith("3.") or state["range"].startswith("3s")
    assert 80 <= state["whole"] <= 100
    assert browser.script("const { page } = window.sonde; return [...page.totals.total].map((v, f) => v > 0 && f ? "
                          "page.nameOf(f) : '').filter((n) => n);") in (["main", "odd"], ["odd", "main"])
    browser.keys("5")
    assert browser.state()["time"] == "heat"
    browser.keys("6")
    assert browser.state()["time"] == "lanes"


def test_the_lines_of_a_function_are_shown_with_their_source(browser, pages):
    browser.open(pages / "lines.html")
    browser.click_box("main", "lex")
    browser.click_on("#lines-open")
    browser.settle(300)
    assert "line 40 of <lex.c>" in browser.text("#lines tr.best")
    browser.keys("Escape")
    assert browser.script("return document.getElementById('lines').hidden;")


def test_hostile_names_do_nothing(browser, pages):
    browser.open(pages / "hostile.html")
    browser.click_on("[data-view=table]")
    assert browser.script("return window.pwned ?? null;") is None
    assert browser.script("return document.documentElement.scrollWidth <= innerWidth;")
