# SPDX-License-Identifier: Apache-2.0
"""Our unwind rows are what libdw makes of the same CFI, at every byte of executable code."""
import glob
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "tests"
INSTALLED = ["/lib64/ld-linux-x86-64.so.2", "libc.so.6", "libstdc++.so.6", "libcrypto.so.3", "/bin/bash"]

CXX = """
#include <algorithm>
#include <alloca.h>
#include <stdexcept>
#include <string>
#include <vector>
struct shape { virtual ~shape() {} virtual double area() const = 0; };
struct square : shape { double s; explicit square(double s) : s(s) {} double area() const override { return s * s; } };
__attribute__((noinline)) double aligned(double x) { alignas(64) volatile double a[16]; a[3] = x; return a[3]; }
__attribute__((noinline)) int on_stack(int n) { auto *p = (volatile int *)alloca(n * 4); p[n - 1] = n; return p[n - 1]; }
int main(int argc, char **argv) {
	std::vector<std::string> v(argv, argv + argc);
	std::sort(v.begin(), v.end(), [](auto &a, auto &b) { return a > b; });
	square s(argc + aligned(argc));
	try { if (s.area() > 1e6) throw std::runtime_error(v[0]); } catch (std::exception &e) { return 1; }
	return on_stack(argc + 3) == 99;
}
"""
RUST = 'fn main() { let v: Vec<String> = std::env::args().collect(); println!("{:?}", v.iter().rev().max()); }\n'


def build(name, *libraries):
    """A tool of tests/ over our objects."""
    sources = [s for room in ("base", "elf", "unwind") for s in glob.glob(str(ROOT / "src" / room / "*.c"))
               if not s.endswith(("_test.c", "_fuzz.c"))]
    objects = ["build/rel/" + str(Path(s).relative_to(ROOT / "src"))[:-1] + "o" for s in sources]
    subprocess.run(["make", "-s", *objects], cwd=ROOT, check=True)
    BUILD.mkdir(parents=True, exist_ok=True)
    out = BUILD / name
    subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-Isrc", f"tests/{name}.c", *objects, *libraries,
                    "-ldeflate", "-lzstd", "-lz", "-lpthread", "-o", str(out)], cwd=ROOT, check=True)
    return out


@pytest.fixture(scope="session")
def oracle():
    if not Path("/usr/include/elfutils/libdw.h").exists():
        pytest.skip("no libdw (libdw-dev)")
    return build("unwind_oracle", "-ldw", "-lelf")


def compare(oracle, path):
    done = subprocess.run([oracle, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["[vdso]", *INSTALLED])
def test_rows_of_installed_files_are_libdws(oracle, name):
    found = [name] if name[0] in "/[" else glob.glob(f"/usr/lib/x86_64-linux-gnu/{name}")
    if not found or not (name == "[vdso]" or Path(found[0]).exists()):
        pytest.skip(f"no {name}")
    compare(oracle, found[0])


@pytest.mark.parametrize("command", [
    *(f"{compiler} -O{level} {how}".strip() for compiler in ("g++", "clang++") for level in (0, 2, 3)
      for how in ("", "-fno-asynchronous-unwind-tables -fno-exceptions -g -static")
      if not how or (compiler, level) == ("g++", 2)),
    "g++ -O2 -fuse-ld=lld", "g++ -O2 -static-pie"])
def test_rows_of_cpp_programs_are_libdws(oracle, command, tmp_path):
    compiler, *options = command.split()
    if not shutil.which(compiler) or ("-fuse-ld=lld" in options and not shutil.which("ld.lld")):
        pytest.skip(f"no {compiler} or no lld")
    source = CXX
    if "-fno-exceptions" in options:    # then all of the program's own CFI is in .debug_frame
        source = "\n".join(line for line in CXX.split("\n") if "try" not in line)
    (tmp_path / "x.cc").write_text(source)
    subprocess.run([compiler, "-std=c++17", *options, "x.cc", "-o", "x"], cwd=tmp_path, check=True)
    compare(oracle, tmp_path / "x")


def test_rows_of_a_rust_program_are_libdws(oracle, tmp_path):
    if not shutil.which("rustc"):
        pytest.skip("no rustc")
    (tmp_path / "x.rs").write_text(RUST)
    subprocess.run(["rustc", "-O", "x.rs"], cwd=tmp_path, check=True)
    compare(oracle, tmp_path / "x")


@pytest.mark.parametrize("symbols", ["with symbols", "stripped"])
def test_rules_made_of_code_are_those_of_its_cfi(symbols, tmp_path):
    """A program whose CFI was cut out: fewer than 1 byte in 100 gets another CFA than CFI gives it."""
    (tmp_path / "x.c").write_text('#include <stdio.h>\nint main(void) { return puts("x") < 0; }\n')
    subprocess.run(["gcc", "-O2", "-static", "x.c", "-o", "x"], cwd=tmp_path, check=True)
    subprocess.run(["objcopy", "-w", "--remove-section", ".eh_frame*", "x", "cut"], cwd=tmp_path, check=True,
                   stderr=subprocess.DEVNULL)
    if symbols == "stripped":
        subprocess.run(["strip", "cut"], cwd=tmp_path, check=True)
    done = subprocess.run([build("unwind_prologue"), "x", "cut"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
