# SPDX-License-Identifier: Apache-2.0
"""Archives that a Java program's own classes come out of: made by training runs of the program, used by a last one.

    static      -Xshare:dump by a list of classes (application class data sharing, JDK 10 and later)
    dynamic     -XX:ArchiveClassesAtExit upon an archive of the JDK's own classes (13 and later)
    aot         -XX:AOTCacheOutput (25 and later): classes linked, lambdas and method handles resolved

All need the classes in a jar. The last run fails where the archive cannot be used, and writes where each class came from.
"""
import collections
import pathlib
import re
import subprocess
import zipfile
from dataclasses import dataclass

ARCHIVE = "shared objects file"     # what -Xlog:class+load says of a class that comes out of one


@dataclass(frozen=True)
class Kind:
    steps: tuple                    # options of each run before the last
    use: tuple                      # and of that; {at}: a folder


KINDS = {
    "static": Kind((("-Xshare:off", "-XX:DumpLoadedClassList={at}/classes"),
                    ("-Xshare:dump", "-XX:SharedClassListFile={at}/classes", "-XX:SharedArchiveFile={at}/static.jsa")),
                   ("-Xshare:on", "-XX:SharedArchiveFile={at}/static.jsa")),
    "dynamic": Kind((("-Xshare:dump", "-XX:SharedArchiveFile={at}/base.jsa"),
                     ("-XX:SharedArchiveFile={at}/base.jsa", "-XX:ArchiveClassesAtExit={at}/top.jsa")),
                    ("-Xshare:on", "-XX:SharedArchiveFile={at}/base.jsa:{at}/top.jsa")),
    "aot": Kind((("-XX:AOTCacheOutput={at}/aot",),), ("-XX:AOTMode=on", "-XX:AOTCache={at}/aot")),
}


def pack(classes, jar):
    """The classes of a folder as a jar."""
    with zipfile.ZipFile(jar, "w") as out:
        for path in sorted(pathlib.Path(classes).rglob("*.class")):
            out.write(path, path.relative_to(classes))


def make(kind, command, folder):
    """The options that the last run takes. command(*options) is one of the program with more options."""
    for step in KINDS[kind].steps:
        done = subprocess.run(command(*filled(step, folder)), capture_output=True, text=True, cwd=folder, timeout=120)
        made = pathlib.Path(filled(step, folder)[-1].partition("=")[2])
        if done.returncode or not made.exists():
            raise RuntimeError(f"no archive by {step[-1]}: {(done.stderr + done.stdout).strip()[-300:]}")
    return (*filled(KINDS[kind].use, folder), f"-Xlog:class+load:file={folder}/loaded")


def filled(options, folder):
    return [option.format(at=folder) for option in options]


def sources(folder, package):
    """Where the last run's classes of a package came from: Counter of "archive", "file" and "memory", which are those that
    the program makes itself, hidden ones among them."""
    found = collections.Counter()
    for line in pathlib.Path(folder, "loaded").read_text(errors="replace").splitlines():
        loaded = re.search(r"\] (\S+) source: (.*)", line)
        if loaded and loaded.group(1).startswith(package):
            source = loaded.group(2)
            found["archive" if source.startswith(ARCHIVE) else "file" if re.match("(jar|file|jrt):", source) else "memory"] += 1
    return found
