#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real programs of Java and Node.js under load: is every stack whole, has every frame a name, does the picture make sense?

    python3 bench/real.py [--keep DIR] [NAME...]     express, tsc, javalin, lucene; flame graphs are left in DIR

express   a web server of npm's express under autocannon, attached by pid
tsc       TypeScript's compiler checks its own code, launched
javalin   a Maven-built service (Jetty, Jackson, H2) under the same load, attached by pid
lucene    an index is made and asked, as DaCapo's luindex and lusearch do, launched

Packages come from npm and Maven Central into the testbed; a program whose tools are missing is skipped by name.
"""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / "bench" / "real"
sys.path.insert(0, str(ROOT / "tests"))
import truth  # noqa: E402

BED = truth.TESTBED / "real"
PORT = 3456
RATE = os.environ.get("RATE", "499")
SECONDS = 6
NPM = ["express@4", "autocannon@7", "typescript@5"]


class Skip(Exception):
    pass


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            raise Skip(f"no {tool}")


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise Skip(f"{command[0]}: {(done.stderr or done.stdout).strip()[-200:]}")


def npm():
    """The folder with node_modules."""
    need("node", "npm")
    folder = BED / "npm"
    if not (folder / "node_modules" / "typescript").exists():
        folder.mkdir(parents=True, exist_ok=True)
        run(["npm", "install", "--silent", "--prefix", str(folder), *NPM], folder)
    shutil.copy(SOURCES / "server.js", folder)
    return folder


def classpath():
    """Of the Java programs, built by Maven."""
    need("java", "mvn")
    folder = BED / "maven"
    shutil.copytree(SOURCES / "src", folder / "src", dirs_exist_ok=True)
    shutil.copy(SOURCES / "pom.xml", folder)
    if not (folder / "target" / "dependency").exists():
        run(["mvn", "-q", "-B", "package", "dependency:copy-dependencies"], folder)
    return f"{folder}/target/classes:{folder}/target/dependency/*"


def wait_for(url):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(url).read()
            return
        time.sleep(0.1)
    raise Skip(f"{url} does not answer")


def attached(server, paths, profile):
    """Profiles a server by its pid while its pages are asked for."""
    load = "require('autocannon')({ url: 'http://127.0.0.1:%d', connections: 8, duration: %d, requests: %s })" % (
        PORT, SECONDS + 4, json.dumps([{"path": path} for path in paths]))
    folder = npm()
    target = subprocess.Popen(server, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{PORT}{paths[0]}")
        asking = subprocess.Popen(["node", "-e", load], cwd=folder)
        time.sleep(2)
        subprocess.run([truth.SONDE, "record", "-F", RATE, "-p", str(target.pid), "-d", str(SECONDS), "-o", profile],
                       check=True, stderr=subprocess.DEVNULL)
        asking.wait()
    finally:
        target.kill()
        target.wait()


def launched(command, profile):
    subprocess.run([truth.SONDE, "record", "-F", RATE, "-o", profile, "--", *command], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def express(profile):
    attached(["node", "server.js", str(PORT)], ["/hash", "/fib/18", "/list"], profile)


def tsc(profile):
    library = npm() / "node_modules" / "typescript" / "lib"
    own = npm() / "own.js"
    shutil.copy(library / "_tsc.js", own)
    launched(["node", str(library / "tsc.js"), "--allowJs", "--checkJs", "--noEmit", "--skipLibCheck", "--target", "es2022",
              "--types", "node", str(own)], profile)


def javalin(profile):
    attached(["java", "-cp", classpath(), "Service", str(PORT)], ["/items/5", "/sum/some-text-to-be-summed"], profile)


def lucene(profile):
    launched(["java", "-cp", classpath(), "Search"], profile)


PROGRAMS = {"express": express, "tsc": tsc, "javalin": javalin, "lucene": lucene}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", choices=[[], *PROGRAMS], metavar="NAME")
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        print(f"{'program':9} {'samples':>8} {'complete':>9} {'named':>8}  costliest in total, of its own functions")
        for name in options.names or PROGRAMS:
            profile = str(folder / f"{name}.pb.gz")
            try:
                PROGRAMS[name](profile)
            except Skip as why:
                print(f"{name:9} skipped: {why}")
                continue
            report = json.loads(subprocess.run([truth.SONDE, "report", "--json", profile], capture_output=True, text=True,
                                               check=True).stdout)
            subprocess.run([truth.SONDE, "flame", profile, "-o", str(folder / f"{name}.html")], check=True,
                           stderr=subprocess.DEVNULL)
            managed = [f for f in report["functions"] if f["kind"] not in ("native", "library", "kernel", "runtime", "unknown")]
            top = ", ".join(f["name"] for f in sorted(managed, key=lambda f: -f["self"])[:4])
            print(f"{name:9} {report['samples']:8,} {report['complete']:9.2%} {report['named']:8.2%}  {top}")


if __name__ == "__main__":
    main()
