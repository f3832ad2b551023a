# SPDX-License-Identifier: Apache-2.0
"""sonde view: the page on a loopback port, for whoever has its address, until Ctrl-C."""
import contextlib
import http.client
import os
import pathlib
import signal
import socket
import subprocess
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


@contextlib.contextmanager
def viewing(tmp_path, *options, **environment):
    (tmp_path / "a.folded").write_text("main;parse 3\nmain 1\n")
    process = subprocess.Popen([ROOT / "build" / "sonde", "view", *options, "a.folded"], cwd=tmp_path, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **environment})
    try:
        yield urllib.parse.urlsplit(process.stdout.readline().strip()), process
    finally:
        process.kill()
        process.wait()


def get(url, path=None, method="GET", **headers):
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    connection.request(method, path or url.path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_the_page_is_there_and_ctrl_c_ends_it(tmp_path):
    with viewing(tmp_path, "--no-browser") as (url, process):
        assert url.hostname == "127.0.0.1" and len(url.path) == 34
        status, page = get(url)
        assert status == 200 and page.startswith("<!doctype html>") and page.rstrip().endswith("</html>")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_nobody_else_gets_it(tmp_path):
    with viewing(tmp_path, "--no-browser") as (url, _):
        assert get(url, "/")[0] == 404
        assert get(url, Host="evil.example")[0] == 421
        assert get(url, method="POST")[0] == 405
        assert get(url, method="HEAD") == (200, "")
        with pytest.raises(OSError):  # of another address of this machine
            socket.create_connection((socket.gethostbyname(socket.gethostname()), url.port), 2).close()
            if socket.gethostbyname(socket.gethostname()).startswith("127."):
                raise OSError


def test_a_connection_that_says_nothing_holds_nobody_up(tmp_path):
    with viewing(tmp_path, "--no-browser") as (url, _):
        silent = [socket.create_connection((url.hostname, url.port)) for _ in range(8)]
        silent[0].sendall(b"GET / HTTP/1.1\r\n" + b"x" * 9000)  # is dropped: no request is that long
        assert get(url)[0] == 200
        assert all(s.fileno() >= 0 for s in silent)


def ends(process):
    try:
        return process.wait(30), process.stderr.read()
    finally:
        process.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_quietly(tmp_path, number):
    with viewing(tmp_path, "--no-browser") as (url, process):
        assert get(url)[0] == 200
        process.send_signal(number)
        assert ends(process) == (0, "Ctrl-C ends it\n")
    with pytest.raises(OSError):
        socket.create_connection((url.hostname, url.port), 2)


def test_without_a_screen_the_address_is_all_there_is(tmp_path):
    with viewing(tmp_path, BROWSER="", DISPLAY="", WAYLAND_DISPLAY="") as (url, process):
        assert get(url)[0] == 200
        process.send_signal(signal.SIGINT)
        assert ends(process) == (0, "Ctrl-C ends it\n")


def test_a_browser_that_does_not_start_is_named_and_the_page_is_there_all_the_same(tmp_path):
    with viewing(tmp_path, BROWSER="/nowhere/browser --new-window") as (url, process):
        assert get(url)[0] == 200
        process.send_signal(signal.SIGINT)
        code, said = ends(process)
    assert code == 0 and "cannot start /nowhere/browser --new-window: open the address yourself\n" in said


def test_a_file_that_is_not_there_is_named(tmp_path):
    for option in ((), ("--no-browser",)):
        done = subprocess.run([ROOT / "build" / "sonde", "view", *option, "none.pb.gz"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 1 and done.stdout == "" and "none.pb.gz" in done.stderr and done.stderr.count("\n") == 1
    done = subprocess.run([ROOT / "build" / "sonde", "view", "--port", "70000", "none"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and "65535" in done.stderr


@pytest.mark.parametrize("browser", ["{0} --new-tab", "{0} --url %s --new-tab", "/nowhere/browser:{0}"])
def test_a_browser_may_have_words_and_others_before_it(tmp_path, browser):
    told = tmp_path / "told"
    (tmp_path / "browser").write_text(f"#!/bin/sh\nprintf '%s|' \"$@\" > {told}.new && mv {told}.new {told}\n")
    (tmp_path / "browser").chmod(0o755)
    with viewing(tmp_path, BROWSER=browser.format(tmp_path / "browser")) as (url, process):
        for _ in range(300):
            if told.exists():
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        address = url.geturl()
    assert told.read_text() in (f"--new-tab|{address}|", f"--url|{address}|--new-tab|", f"{address}|")


def test_the_browser_is_opened(tmp_path):
    (tmp_path / "browser").write_text(f"#!/bin/sh\necho \"$1\" > {tmp_path}/opened.new && mv {tmp_path}/opened.new {tmp_path}/opened\n")
    (tmp_path / "browser").chmod(0o755)
    with viewing(tmp_path, BROWSER=str(tmp_path / "browser")) as (url, process):
        for _ in range(300):
            if (tmp_path / "opened").exists():
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        assert (tmp_path / "opened").read_text().strip() == url.geturl()


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with viewing(tmp_path, "--no-browser", "--port", str(taken.getsockname()[1])) as (_, process):
            assert process.wait(30) == 1
            assert f"port {taken.getsockname()[1]}" in process.stderr.read()
