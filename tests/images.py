# SPDX-License-Identifier: Apache-2.0
"""Makes the seeds of the fuzzers runtime/v8/images and runtime/jvm/images: what Sonde reads of running processes of Node.js and
Java while it records them (tests/images.c), less what makes no difference. Needs what `sonde record` needs.

  python3 tests/images.py [NAME...]    NAME: node16, node24-sparkplug, jdk21-xint, ...; none: all that are installed
"""
import glob
import os
import pathlib
import shutil
import subprocess
import sys

import java
import nodejs

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "tests"
SOURCES = ROOT / "tests" / "workloads" / "images"
CORPUS = ROOT / "tests" / "corpus" / "runtime"
ROOMS = ("base", "abi", "model", "format", "analyze", "render", "elf", "proc", "unwind", "walk", "runtime", "symbol", "collect", "session",
         "cli")
WRAPPED = ("v8_objects_of", "v8_objects_set_bytecodes", "v8_codes_read", "v8_codes_wasm", "v8_codes_at", "v8_codes_place", "jvm_field", "jvm_static",
           "jvm_type_size", "jvm_int", "jvm_vmstructs_read", "jvm_layout", "jvm_codes_read")

NODE = {"": [], "-sparkplug": ["--always-sparkplug", "--no-opt"], "-osr": ["--always-osr"]}
JAVA = {"": [], "-xint": ["-Xint"], "-c1": ["-XX:TieredStopAtLevel=1"], "-zgc": ["-XX:+UseZGC"]}


def seeds():
    """{name: (runtime, command, what is wanted)}"""
    found = {}
    for version in (*nodejs.VERSIONS, 23):
        for mode, options in NODE.items():
            found[f"node{version}{mode}"] = ("v8", [nodejs.node(version), *options, "/tmp/images/images/image.js"], "/images/")
    for home in [jdk for jdk in java.jdks() if jdk.bed and jdk.there()]:
        for mode, options in JAVA.items():
            if mode == "-zgc" and home.feature < 17:
                continue
            found[f"jdk{home.feature}{mode}"] = ("jvm", [home.java, *options, "-cp", str(BUILD / "image-classes"), "Image"], "Image.")
    return found


def build():
    BUILD.mkdir(parents=True, exist_ok=True)
    sources = [s for room in ROOMS for s in glob.glob(str(ROOT / "src" / room / "**" / "*.c"), recursive=True)
               if not s.endswith(("_test.c", "_fuzz.c", "cli/main.c"))]
    objects = ["build/rel/" + str(pathlib.Path(s).relative_to(ROOT / "src"))[:-1] + "o" for s in sources]
    flags = ["-std=gnu17", "-D_GNU_SOURCE", "-O2", "-g", "-Wall", "-Wextra", "-Isrc", "-Ibuild/gen", '-DSONDE_VERSION="0.1.0"']
    shutil.copytree(SOURCES.parent, "/tmp/images", dirs_exist_ok=True)   # (seeds hold the path)
    subprocess.run(["make", "-s", "build/sonde"], cwd=ROOT, check=True)
    subprocess.run(["gcc", *flags, "-Dmain=sonde_main", "-c", "src/cli/main.c", "-o", "build/tests/sonde_main.o"], cwd=ROOT, check=True)
    subprocess.run(["gcc", *flags, "tests/images.c", "build/tests/sonde_main.o", *objects, *(f"-Wl,--wrap={f}" for f in WRAPPED), "-lbpf",
                    "-lelf", "-ldeflate", "-lzstd", "-lz", "-liberty", "-lpthread", "-lm", "-o", str(BUILD / "images")], cwd=ROOT, check=True)
    subprocess.run([java.javac() + "/bin/javac", "--release", "11", "-g", "-encoding", "UTF-8", "-d", str(BUILD / "image-classes"), str(SOURCES / "Image.java")],
                   check=True)


def make(name, runtime, command, wanted):
    whole, out = BUILD / f"{name}.image", CORPUS / runtime / "images" / name
    out.parent.mkdir(parents=True, exist_ok=True)
    env = dict(os.environ, SONDE_IMAGE=str(whole), SONDE_IMAGE_OF=wanted)
    done = subprocess.run([BUILD / "images", "record", "-F", "999", "-o", BUILD / "image.pb.gz", "--", *command], env=env,
                          capture_output=True, text=True)
    if not whole.exists() or not whole.stat().st_size:
        print(f"{name}: nothing was read: {done.stderr}")
        return
    shrunk = subprocess.run([BUILD / "images", "shrink", runtime, whole, out], capture_output=True, text=True, check=True)
    told = subprocess.run([BUILD / "images", "tell", runtime, out], capture_output=True, text=True)
    print(f"{name}: {shrunk.stderr.strip()}\n{told.stdout}")


if __name__ == "__main__":
    build()
    for name, row in seeds().items():
        if (not sys.argv[1:] or name in sys.argv[1:]) and os.access(row[1][0], os.X_OK):
            make(name, *row)
