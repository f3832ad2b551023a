# SPDX-License-Identifier: Apache-2.0
"""sonde record URL: profiles that programs serve themselves, and servers that serve something else."""
import base64
import gzip
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import urllib.request

import pytest

import pprof_made
import pprof_min
from test_faults import SONDE, check_refused, sonde

SOURCE = pathlib.Path(__file__).resolve().parent / "workloads" / "go_pprof_server.go"
MIB = 1 << 20


@pytest.fixture(scope="module")
def go(tmp_path_factory):
    """A real Go program with net/http/pprof: (http URL, https URL, its certificate)."""
    if not shutil.which("go"):
        pytest.skip("no go")
    folder = tmp_path_factory.mktemp("go")
    subprocess.run(["go", "build", "-o", folder / "server", SOURCE], check=True, cwd=folder)
    process = subprocess.Popen([folder / "server", folder / "cert.pem"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    yield process.stdout.readline().strip(), process.stdout.readline().strip(), folder / "cert.pem"
    process.stdin.close()
    process.wait()


def fetched(url, tmp_path, *flags, **more):
    out = tmp_path / "x.pb.gz"
    done = sonde("record", url, "-o", out, *flags, **more)
    assert done.returncode == 0, done.stderr
    return out


def report(path, *flags):
    done = sonde("report", path, "--json", *flags)
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    got["functions"] = {f["name"]: f for f in got["functions"]}
    return got


def test_the_cpu_profile_of_a_go_program(go, tmp_path):
    got = report(fetched(go[0], tmp_path, "-d", 2), "--by", "user")
    assert (got["type"], got["unit"]) == ("cpu", "nanoseconds")
    assert got["functions"]["main.burn"]["total"] / got["total"] > 0.5
    assert got["groups"][0]["value"] == "ada"
    assert 1e9 < got["duration_ns"] < 10e9


@pytest.mark.parametrize("endpoint,type_,unit,function,least", [
    ("heap", "inuse_space", "bytes", "main.keep", 64 * MIB), ("allocs", "alloc_space", "bytes", "main.churn", 128 * MIB),
    ("goroutine", "goroutine", "count", "main.park", 50), ("block", "delay", "nanoseconds", "main.wait", 1),
    ("mutex", "delay", "nanoseconds", "main.contend", 1), ("threadcreate", "threadcreate", "count", None, 0)])
def test_each_endpoint_shows_what_it_is_about(go, tmp_path, endpoint, type_, unit, function, least):
    out = fetched(f"{go[0]}/debug/pprof/{endpoint}", tmp_path)
    got = report(out)
    assert (got["type"], got["unit"]) == (type_, unit)
    if function:
        assert got["functions"][function]["total"] >= least
    text = sonde("report", out).stdout
    assert f"/debug/pprof/{endpoint}" in text and "Stacks" in text and "Samples" not in text
    if endpoint == "heap":
        assert "Memory in use" in text and "MiB" in text and "one per 4.00 KiB" in text
        assert report(out, "--type", "alloc_objects")["functions"]["main.churn"]["total"] >= 128
    if endpoint == "goroutine":
        assert text.startswith("Goroutines")


def test_what_is_fetched_goes_to_every_output_and_the_report_is_printed(go, tmp_path):
    url = f"{go[0]}/debug/pprof/goroutine"
    done = sonde("record", url, "-o", tmp_path / "x.html", "-o", tmp_path / "x.svg", "-o", tmp_path / "x.folded")
    assert done.returncode == 0, done.stderr
    assert "main.park" in (tmp_path / "x.svg").read_text() and "main.park" in (tmp_path / "x.folded").read_text()
    done = sonde("record", url, cwd=tmp_path)
    assert done.returncode == 0 and "Goroutines" in done.stderr and "main.park" in done.stderr
    assert (tmp_path / "sonde.pb.gz").exists()


def test_https_trusts_what_it_is_told_to(go, tmp_path):
    url = f"{go[1]}/debug/pprof/heap"
    check_refused(sonde("record", url, "-o", tmp_path / "x.pb.gz"), 1, url, "certificate", "SSL_CERT_FILE")
    assert not (tmp_path / "x.pb.gz").exists()
    out = fetched(url, tmp_path, env={**os.environ, "SSL_CERT_FILE": str(go[2])})
    assert report(out)["functions"]["main.keep"]["total"] >= 64 * MIB


def test_gos_own_refusals_are_repeated(go, tmp_path):
    check_refused(sonde("record", f"{go[0]}/debug/pprof/nothing"), 1, "404", "Unknown profile")
    check_refused(sonde("record", f"{go[0]}/elsewhere"), 1, "404", "/debug/pprof/")
    for query in ("heap?debug=1", "goroutine?debug=2"):
        check_refused(sonde("record", f"{go[0]}/debug/pprof/{query}"), 1, "not a profile")
    check_refused(sonde("record", f"{go[0]}/debug/pprof/trace?seconds=1"), 1, "execution trace")


def start(*args):
    return subprocess.Popen([SONDE, *map(str, args)], stderr=subprocess.PIPE, text=True)


def wait_until_sampling(url, tmp_path):
    """Until the server sleeps through somebody's CPU profile, as its own goroutines tell."""
    for _ in range(500):
        if "net/http/pprof.sleep" in report(fetched(f"{url}/debug/pprof/goroutine", tmp_path))["functions"]:
            return
    raise AssertionError("the server never began")


def test_two_cpu_profiles_at_once_and_ctrl_c(go, tmp_path):
    first = start("record", go[0], "-d", 600, "-o", tmp_path / "first.pb.gz")
    wait_until_sampling(go[0], tmp_path)
    check_refused(sonde("record", go[0], "-d", 1, "-o", tmp_path / "second.pb.gz"), 1, "500", "already in use")
    first.send_signal(signal.SIGINT)
    said = first.communicate(timeout=30)[1]
    assert first.returncode == 1 and "given up" in said, said
    assert not (tmp_path / "first.pb.gz").exists() and not (tmp_path / "second.pb.gz").exists()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.path, self.headers))
        answer = self.server.answers.get(self.path.split("?")[0])
        if callable(answer):
            answer(self)
        elif answer is None:
            self.send_error(404)
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path):
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    made.seen, made.answers = [], {}
    made.url = f"http://127.0.0.1:{made.server_port}"
    made.profile = pprof_made.write(tmp_path / "served.pb.gz", [("main;work", 7, {})]).read_bytes()
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def redirect(to, status=302):
    def answer(handler):
        handler.send_response(status)
        handler.send_header("Location", to)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
    return answer


@pytest.mark.parametrize("given,flags,asked", [
    ("", (), "/debug/pprof/profile?seconds=10"), ("/", ("-d", 3), "/debug/pprof/profile?seconds=3"),
    ("/debug/pprof", (), "/debug/pprof/profile?seconds=10"), ("/debug/pprof/", (), "/debug/pprof/profile?seconds=10"),
    ("/a%20b/debug/pprof/", ("-d", "1ms"), "/a%20b/debug/pprof/profile?seconds=1"),
    ("/debug/pprof/profile?seconds=30", (), "/debug/pprof/profile?seconds=30"),
    ("/debug/pprof/profile?x=a%26b&seconds=30", ("-d", "2m"), "/debug/pprof/profile?x=a%26b&seconds=120"),
    ("/debug/pprof/profile?seconds=oops", (), "/debug/pprof/profile?seconds=10"),
    ("/debug/pprof/heap", (), "/debug/pprof/heap"), ("/debug/pprof/heap?gc=1", (), "/debug/pprof/heap?gc=1"),
    ("/debug/pprof/heap", ("-d", 5), "/debug/pprof/heap?seconds=5"), ("/my/own#part", (), "/my/own")])
def test_the_seconds_asked_for(server, tmp_path, given, flags, asked):
    server.answers[asked.split("?")[0]] = server.profile
    assert report(fetched(server.url + given, tmp_path, *flags))["total"] == 7
    assert [path for path, _ in server.seen] == [asked]


def test_a_profile_may_be_plain_or_packed_and_behind_a_redirect(server, tmp_path):
    server.answers = {"/plain": gzip.decompress(server.profile), "/moved": redirect("/plain"),
                      "/empty": pprof_made.write(tmp_path / "e.pb.gz", []).read_bytes()}
    for path in ("/plain", "/moved"):
        assert report(fetched(server.url + path, tmp_path))["functions"]["work"]["self"] == 7
    assert "no samples" in sonde("record", f"{server.url}/empty", "-o", tmp_path / "x.pb.gz").stderr


def test_a_password_is_sent_and_never_shown(server, tmp_path):
    server.answers["/x"] = server.profile
    url = server.url.replace("//", "//ada:se%20cret@") + "/x"
    out = fetched(url, tmp_path)
    assert base64.b64decode(server.seen[0][1]["Authorization"].split()[1]) == b"ada:se cret"
    assert not any("cret" in comment for comment in pprof_min.read(out).comments)
    done = sonde("record", url.replace("/x", "/y"))
    check_refused(done, 1, "404", "/y")
    assert "cret" not in done.stderr and "ada" not in done.stderr


def test_without_libcurl_only_fetching_is_refused(server, tmp_path):
    linked = subprocess.run(["ldd", SONDE], capture_output=True, text=True, check=True).stdout
    assert "libc.so" in linked and "curl" not in linked
    for name in ("libcurl.so.4", "libcurl-gnutls.so.4"):  # no ELF file: the loader looks no further
        (tmp_path / name).write_text("not a library")
    env = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}
    check_refused(sonde("record", server.url, "-o", tmp_path / "x.pb.gz", env=env), 1, "libcurl", "install", "libcurl4")
    assert not server.seen and not (tmp_path / "x.pb.gz").exists()
    assert sonde("report", tmp_path / "served.pb.gz", env=env).returncode == 0


def cut_off(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"only this")


def huge(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(600 * MIB))
    handler.end_headers()


def angry(handler):
    handler.send_response(503)
    handler.end_headers()
    handler.wfile.write(b"\x1b[2J\x1b]0;owned\x07 " + b"no " * 10000)


def silent(handler):
    handler.close_connection = True
    handler.connection.close()


@pytest.mark.parametrize("answer,words", [
    (b"", "empty"), (b"<html>hello</html>", "not a profile"), (b"main;work 7\n", "not a profile"),
    (b"\x00\xff" * 100, "not a profile"), (gzip.compress(b"hello 1\n"), "not a profile"),
    (b"\x1b[2J 1\n", "not a profile"), (b"\x1f\x8b\x08garbage", ""), (cut_off, "before the answer was complete"),
    (huge, "more than 512 MiB"), (angry, "answered 503"), (silent, ""), (redirect("/loop"), "more than 5 times"),
    (redirect("file:///etc/passwd"), ""), (redirect("ftp://127.0.0.1/x"), ""), (redirect("/gone", 301), "404")])
def test_what_is_no_profile_is_one_sentence_and_no_file(server, tmp_path, answer, words):
    server.answers["/loop"] = answer
    done = sonde("record", f"{server.url}/loop", "-o", tmp_path / "x.pb.gz")
    check_refused(done, 1, words, server.url)
    assert not (tmp_path / "x.pb.gz").exists()


def test_truncated_profiles_are_refused(server, tmp_path):
    plain = gzip.decompress(server.profile)
    for body in (server.profile[:-9], plain[:-3]):
        server.answers["/x"] = body
        check_refused(sonde("record", f"{server.url}/x", "-o", tmp_path / "x.pb.gz"), 1, f"{server.url}/x")


def test_servers_that_are_not_there(tmp_path):
    check_refused(sonde("record", "http://127.0.0.1:1"), 1, "refused", "net/http/pprof")
    check_refused(sonde("record", "https://nowhere.invalid/x"), 1, "nowhere.invalid")
    for url in ("ftp://x/", "file:///etc/passwd"):
        check_refused(sonde("record", url), 1, "")
    check_refused(sonde("record", "http://[x"), 1, "no URL")


def test_usage(tmp_path):
    check_refused(sonde("record", "http://127.0.0.1:1", "-F", 99), 2, "-F")
    check_refused(sonde("record", "http://127.0.0.1:1", "-p", 1), 2, "only one of")
    check_refused(sonde("record", "http://127.0.0.1:1", "--", "true"), 2, "only one of")
    check_refused(sonde("record", "localhost:6060"), 2, "http://")


@pytest.mark.parametrize("what, kind, function", [("heap", "inuse_space", "main.keep"), ("allocs", "alloc_space", "main.churn"),
                                                  ("mutex", "delay", "main.contend"), ("mutex", "contentions", "main.contend"),
                                                  ("block", "contentions", "main.contend")])
def test_the_text_that_go_serves_says_the_same(go, tmp_path, what, kind, function):
    """debug=1: with names and lines of Go's own, scaled as the protobuf is."""
    (tmp_path / "x.txt").write_bytes(urllib.request.urlopen(f"{go[0]}/debug/pprof/{what}?debug=1").read())
    text = report(tmp_path / "x.txt", "--type", kind)
    proto = report(fetched(f"{go[0]}/debug/pprof/{what}", tmp_path), "--type", kind)
    assert text["unit"] == proto["unit"]
    got, wanted = (r["functions"][function] for r in (text, proto))
    assert got["file"] == wanted["file"] and wanted["total"] > 0
    assert got["total"] == pytest.approx(wanted["total"], rel=0.02)
