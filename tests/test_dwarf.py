# SPDX-License-Identifier: Apache-2.0
"""Functions, files, lines and inlined calls are what the peers say, whatever the compiler, DWARF version and packing.

Each row is one program. Its addresses are all (at most 20,000) instructions of .text; with SONDE_LONG=1 the C++ rows
take a larger program, so that each has more than 10,000."""
import os
import pathlib
import shutil
import subprocess

import pytest

import dwarf_oracle as oracle

HERE = pathlib.Path(__file__).resolve().parent
LONG = os.environ.get("SONDE_LONG")
GCC, CLANG = "g++ -O2 -g", "clang++ -O2 -g"
ROWS = {
    "gcc-2": f"{GCC} -gdwarf-2", "gcc-3": f"{GCC} -gdwarf-3", "gcc-4": f"{GCC} -gdwarf-4", "gcc-5": f"{GCC} -gdwarf-5",
    "clang-2": f"{CLANG} -gdwarf-2", "clang-3": f"{CLANG} -gdwarf-3", "clang-4": f"{CLANG} -gdwarf-4",
    "clang-5": f"{CLANG} -gdwarf-5",
    "gcc-O0": "g++ -O0 -g", "gcc-O3": "g++ -O3 -g", "clang-O0": "clang++ -O0 -g", "clang-O3": "clang++ -O3 -g",
    "gcc-64-bit": f"{GCC} -gdwarf64", "clang-64-bit": f"{CLANG} -gdwarf-5 -gdwarf64",
    "gcc-lto": f"{GCC} -flto", "clang-lto": f"{CLANG} -flto -fuse-ld=lld",
    "gcc-sections": f"{GCC} -ffunction-sections -Wl,--gc-sections",
    "clang-sections": f"{CLANG} -ffunction-sections -Wl,--gc-sections -fuse-ld=lld",
    "clang-aranges": f"{CLANG} -gdwarf-aranges", "gcc-type-units": f"{GCC} -fdebug-types-section",
    "gcc-zlib": f"{GCC} -gz=zlib", "gcc-zlib-gnu": f"{GCC} -gz=zlib-gnu", "clang-zlib": f"{CLANG} -gz=zlib",
    "gcc-c": "gcc -O2 -g nested.c", "gcc-c-O0": "gcc -O0 -g nested.c", "clang-c": "clang -O2 -g nested.c",
    "rust": "rustc -g -C opt-level=2", "rust-O0": "rustc -g", "rust-lto": "rustc -g -C opt-level=3 -C lto=fat",
}
SHORT = ["gcc-2", "gcc-5", "clang-4", "clang-5", "gcc-64-bit", "gcc-lto", "clang-sections", "gcc-zlib-gnu", "gcc-c",
         "gcc-c-O0", "rust"]
SPLIT = [(compiler, version) for compiler in ("g++", "clang++") for version in (4, 5)]


def run(command, cwd):
    command = command.split() if isinstance(command, str) else [str(part) for part in command]
    if not shutil.which(command[0]):
        pytest.skip(f"no {command[0]}")
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{' '.join(command)}: {done.stderr.strip()[:200]}")


@pytest.fixture(scope="module")
def driver():
    return oracle.resolver("san")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The C++ source: templates.cc, or a generated one with more code."""
    if not LONG:
        return HERE / "dwarf" / "templates.cc"
    out = tmp_path_factory.mktemp("source")
    subprocess.run([str(oracle.ROOT / "bench" / "gen-symbols"), str(out), "1", "4"], check=True)
    whole = out / "whole.cc"
    whole.write_text((out / "unit0.cc").read_text() + (out / "main.cc").read_text())
    return whole


def peer():
    for name in ("llvm", "gimli", "gnu"):
        if shutil.which(oracle.PEERS[name][1]):
            return name
    pytest.skip("no llvm-symbolizer, addr2line")


def check_against_peer(binary, driver):
    addresses = oracle.instructions(binary, 20000)
    n, kinds = oracle.compare(binary, addresses, peer(), driver)
    assert n > 100
    assert not kinds, {kind: (len(rows), rows[0]) for kind, rows in kinds.items()}


@pytest.mark.parametrize("row", ROWS if LONG else SHORT)
def test_chains_files_lines_and_columns_equal_the_peers(row, source, driver, tmp_path):
    command = ROWS[row].split()
    if command[0] == "rustc":
        command.append(str(HERE / "dwarf" / "closures.rs"))
    elif command[-1] == "nested.c":
        command[-1] = str(HERE / "dwarf" / "nested.c")
    else:
        command += ["-std=c++17", str(source)]
    run([*command, "-o", "program"], tmp_path)
    check_against_peer(tmp_path / "program", driver)


@pytest.fixture(params=SPLIT, ids=[f"{c}-{v}" for c, v in SPLIT])
def split(request, source, tmp_path):
    """Two units in .dwo files beside the program."""
    compiler, version = request.param
    flags = f"-std=c++17 -gdwarf-{version} -gsplit-dwarf -c"
    run(f"{compiler} {flags} -O2 {source} -o one.o", tmp_path)
    run(f"{compiler} {flags} -O1 -Dmain=other -Df=other_f -Dwork=other_work -Dunit0=other_unit -o two.o {source}", tmp_path)
    run(f"{compiler} one.o two.o -o program", tmp_path)
    return tmp_path / "program"


def test_split_units_are_found_beside_the_program_and_in_a_dwp(split, driver):
    check_against_peer(split, driver)
    addresses = oracle.instructions(split, 20000)
    wanted = oracle.ours(split, addresses, driver)
    run("llvm-dwp -e program -o program.dwp", split.parent)
    (split.parent / "moved").mkdir()
    for dwo in split.parent.glob("*.dwo"):
        dwo.rename(split.parent / "moved" / dwo.name)
    assert oracle.ours(split, addresses, driver) == wanted


def test_a_missing_dwo_leaves_lines_without_functions(split, driver):
    addresses = oracle.instructions(split, 20000)
    wanted = oracle.ours(split, addresses, driver)
    for dwo in split.parent.glob("*.dwo"):
        dwo.unlink()
    for address, frames in oracle.ours(split, addresses, driver).items():
        if wanted[address]:
            assert [f[1:] for f in frames[:1]] == [f[1:] for f in wanted[address][:1]]


@pytest.mark.parametrize("flags", ["", "-5"], ids=["altlink", "sup"])
def test_dwz_changes_nothing(flags, source, driver, tmp_path):
    run(f"g++ -std=c++17 -O2 -g {source} -o one", tmp_path)
    run(f"g++ -std=c++17 -O1 -g {source} -o two", tmp_path)
    addresses = oracle.instructions(tmp_path / "one", 20000)
    wanted = oracle.ours(tmp_path / "one", addresses, driver)
    run("dwz -o alone one", tmp_path)
    assert oracle.ours(tmp_path / "alone", addresses, driver) == wanted
    run(f"dwz {flags} -m common -M common one two", tmp_path)
    assert oracle.ours(tmp_path / "one", addresses, driver) == wanted


def test_sections_packed_with_zstd_read_the_same(source, driver, tmp_path):
    run(f"g++ -std=c++17 -O2 -g {source} -o plain", tmp_path)
    run("objcopy --compress-debug-sections=zstd plain packed", tmp_path)
    addresses = oracle.instructions(tmp_path / "plain", 20000)
    assert oracle.ours(tmp_path / "packed", addresses, driver) == oracle.ours(tmp_path / "plain", addresses, driver)
