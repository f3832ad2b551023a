# SPDX-License-Identifier: Apache-2.0
"""Names in profiles of real programs: wherever their debug information is, however it is packed, and whatever happens
to their files while we record."""
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest

import pprof_min
import truth
from test_faults import sonde, wait_for_recording

CHANGED = "changed on disk since it was mapped"

# Busy for argv[1] seconds in a static function, whose loop is an inlined one's. Only DWARF knows the latter, only
# DWARF and .symtab the former.
SPIN = """
#include <stdlib.h>
#include <time.h>
static volatile unsigned long sink;
static inline __attribute__((always_inline)) void inlined_loop(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		sink = sink * 31 + i;
}
static __attribute__((noinline)) void hidden_work(void) { inlined_loop(200000); sink++; }
static __attribute__((noinline)) void hidden_rest(void) { inlined_loop(60000); sink--; }
int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 0.25;
	while ((double)clock() / CLOCKS_PER_SEC < seconds) {
		hidden_work();
		hidden_rest();
	}
	return 0;
}
"""


def run(*command, cwd):
    """Skips the test when the tool is not there or cannot do it."""
    command = [str(part) for part in command]
    if not shutil.which(command[0]):
        pytest.skip(f"no {command[0]}")
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{' '.join(command)}: {done.stderr.strip()[:200]}")
    return done.stdout


def build(folder, *flags, cc="gcc", source=SPIN, name="prog", after=()):
    suffix = {"g++": ".cc", "rustc": ".rs"}.get(cc, ".c")
    (folder / (name + suffix)).write_text(source)
    command = [cc, *flags, name + suffix, *after, "-o", name]
    if cc == "rustc":
        run(*command, cwd=folder)
    else:
        subprocess.run(command, cwd=folder, check=True)
    return folder / name


def record(folder, *command, rate=999):
    out = folder / "x.pb.gz"
    done = sonde("record", "-F", rate, "-o", out, "--", *command, cwd=folder)
    assert done.returncode == 0, done.stderr
    return pprof_min.read(out)


def stacks(profile):
    """(names from the leaf up, samples)"""
    return [([f.name for loc in s.locations for f, _ in loc.lines], s.values[0]) for s in profile.samples]


def share(profile, name):
    rows = stacks(profile)
    return sum(n for names, n in rows if name in names) / sum(n for _, n in rows)


def names_in(profile, module):
    return {f.name for s in profile.samples for loc in s.locations for f, _ in loc.lines
            if os.path.basename(loc.mapping.path) == module}


def check_all_is_named(profile, inlined=True):
    assert share(profile, "hidden_work") > 0.4, names_in(profile, "prog")
    assert share(profile, "hidden_rest") > 0.1
    if inlined:
        assert share(profile, "inlined_loop") > 0.5
        places = {(f.name, os.path.basename(f.path), line > 0) for s in profile.samples for loc in s.locations
                  for f, line in loc.lines if f.name == "inlined_loop"}
        assert places == {("inlined_loop", "prog.c", True)}


# Stripped programs and their debug files


def test_a_stripped_program_has_a_name_for_each_function(tmp_path):
    prog = build(tmp_path, "-O2", "-s")
    profile = record(tmp_path, prog)
    names = names_in(profile, "prog")
    assert names and all(re.fullmatch(r"\[prog\+0x[0-9a-f]+\]", name) for name in names), names
    symbols = sorted((int(line.split()[0], 16), line.split()[2]) for line in
                     run("nm", build(tmp_path, "-O2", name="twin"), cwd=tmp_path).splitlines()
                     if line.split()[-2] in "tT")
    seen = set()
    for name in names:
        address = int(name[len("[prog+"):-1], 16)
        start, function = max(symbol for symbol in symbols if symbol[0] <= address)
        # what starts and ends a program has no CFI: there an address is its own name
        if function not in ("deregister_tm_clones", "register_tm_clones", "__do_global_dtors_aux", "frame_dummy"):
            seen.add(function)
            # (the PLT stands between _init and the program's code)
            assert address == start or function == "_init", (name, function)
    assert seen <= {"hidden_work", "hidden_rest", "main", "_start", "_init"}, seen
    assert len([name for name in names if share(profile, name) > 0.01]) <= 4, names
    addresses = {loc.address for s in profile.samples for loc in s.locations
                 if os.path.basename(loc.mapping.path) == "prog"}
    assert len(addresses) > len(names)  # the places in them are kept


def split_off_debug(prog):
    debug = prog.with_name(prog.name + ".debug")
    run("objcopy", "--only-keep-debug", prog, debug, cwd=prog.parent)
    run("objcopy", "--strip-all", f"--add-gnu-debuglink={debug}", prog, cwd=prog.parent)
    return debug


@pytest.mark.parametrize("place, build_id", [(".", "none"), (".debug", "sha1")])
def test_a_debug_file_is_found_by_its_link(tmp_path, place, build_id):
    prog = build(tmp_path, "-O2", "-g", f"-Wl,--build-id={build_id}")
    debug = split_off_debug(prog)
    (tmp_path / place).mkdir(exist_ok=True)
    debug.rename(tmp_path / place / debug.name)
    check_all_is_named(record(tmp_path, prog))


@pytest.mark.parametrize("how", ["ended", "ended in its root"])
def test_a_debug_file_is_found_beside_a_program_that_has_ended(tmp_path, how):
    root = tmp_path / "root" if how == "ended in its root" else tmp_path
    root.mkdir(exist_ok=True)
    if root != tmp_path and os.geteuid():
        pytest.skip("only root may change roots")
    prog = build(root, "-O2", "-g", "-static")
    split_off_debug(prog)
    command = f"chroot {root} /prog" if root != tmp_path else prog
    check_all_is_named(record(tmp_path, "sh", "-c", f"{command}; sleep 0.2"))


def test_a_debug_file_is_found_by_the_build_id(tmp_path):
    prog = build(tmp_path, "-O2", "-g", "-Wl,--build-id=uuid")
    debug = split_off_debug(prog)
    found = re.search(r"Build ID: ([0-9a-f]+)", run("readelf", "-n", prog, cwd=tmp_path))
    place = pathlib.Path("/usr/lib/debug/.build-id") / found[1][:2] / (found[1][2:] + ".debug")
    made = [folder for folder in place.parents if not folder.exists()]
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(debug, place)
    except PermissionError:
        pytest.skip(f"{place.parent} is not ours")
    try:
        check_all_is_named(record(tmp_path, prog))
    finally:
        place.unlink(missing_ok=True)
        for folder in made:
            folder.rmdir()


def test_the_debug_file_of_another_build_is_not_believed(tmp_path):
    prog = build(tmp_path, "-O2", "-g")
    debug = split_off_debug(prog)
    other = build(tmp_path, "-O2", "-g", "-DOTHER", name="other",
                  source=SPIN.replace("hidden_work", "wrong_work").replace("200000", "200001"))
    shutil.move(split_off_debug(other), debug)
    assert all(name.startswith("[prog+0x") for name in names_in(record(tmp_path, prog), "prog"))


# How it is packed


def test_compressed_debug_sections_are_read(tmp_path):
    prog = build(tmp_path, "-O2", "-g", "-gz=zlib")
    check_all_is_named(record(tmp_path, prog))


def test_debug_sections_compressed_with_zstd_are_read(tmp_path):
    prog = build(tmp_path, "-O2", "-g")
    run("objcopy", "--compress-debug-sections=zstd", prog, cwd=tmp_path)
    check_all_is_named(record(tmp_path, prog))


def test_split_dwarf_is_read_from_its_dwo(tmp_path):
    check_all_is_named(record(tmp_path, build(tmp_path, "-O2", "-g", "-gsplit-dwarf")))


def test_split_dwarf_is_read_from_its_package(tmp_path):
    prog = build(tmp_path, "-O2", "-gdwarf-4", "-gsplit-dwarf")     # the tool knows no later one
    run("dwp", "-e", prog, "-o", f"{prog}.dwp", cwd=tmp_path)
    for dwo in tmp_path.glob("*.dwo"):
        dwo.unlink()
    check_all_is_named(record(tmp_path, prog))


def test_what_dwz_moved_into_a_common_file_is_read(tmp_path):
    prog = build(tmp_path, "-O2", "-g")
    shutil.copy(prog, tmp_path / "twin")
    run("dwz", "-m", "common.debug", prog, "twin", cwd=tmp_path)
    check_all_is_named(record(tmp_path, prog))


# Files that change under us

LIBRARY = """
static volatile unsigned long sink;
static __attribute__((noinline)) void NAME(void) { for (int i = 0; i < 200000; i++) sink = sink * 31 + i; sink++; }
void work(void) { NAME(); sink--; }
"""

# Works in the library, then says so, and after a byte on standard input in itself: what happens to the library
# meanwhile does not hurt it (as long as nothing has to be looked up in it: -z now).
CALLER = """
#include <time.h>
#include <unistd.h>
void work(void);
static volatile unsigned long sink;
int main(void)
{
	char byte;
	while ((double)clock() / CLOCKS_PER_SEC < 0.25)
		work();
	if (write(1, "x", 1) != 1 || read(0, &byte, 1) != 1)
		_exit(1);
	while ((double)clock() / CLOCKS_PER_SEC < 0.4)
		for (int i = 0; i < 200000; i++)
			sink = sink * 31 + i;
	_exit(0);
}
"""


@pytest.mark.parametrize("content, build_id", [("another build", "sha1"), ("another build", "none"),
                                               ("nothing", "sha1"), ("noise", "none")])
def test_a_library_that_is_overwritten_in_place_says_so(tmp_path, content, build_id):
    flags = ("-O2", "-g", "-shared", "-fPIC", f"-Wl,--build-id={build_id}")
    library = build(tmp_path, *flags, "-DNAME=old_name", source=LIBRARY, name="libspin.so")
    build(tmp_path, *flags, "-DNAME=new_name", source=LIBRARY.replace("200000", "300000"), name="new.so")
    prog = build(tmp_path, "-O2", "-g", source=CALLER, after=(str(library), "-Wl,-rpath,$ORIGIN,-z,now"))
    out = tmp_path / "x.pb.gz"
    target = subprocess.Popen([truth.SONDE, "record", "-F", "999", "-o", out, "--", prog], cwd=tmp_path,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert target.stdout.read(1) == b"x"
    fresh = {"another build": (tmp_path / "new.so").read_bytes(), "nothing": b"",
             "noise": os.urandom(2000)}[content]
    time.sleep(0.05)    # a file's time has the kernel's tick
    with open(library, "wb") as file:   # what cp does: the same inode, cut to nothing, filled again
        file.write(fresh)
    _, err = target.communicate(b"x", timeout=60)
    assert target.returncode == 0, err
    profile = pprof_min.read(out)
    names = names_in(profile, "libspin.so")
    assert "new_name" not in names
    assert names == {f"[libspin.so: {CHANGED}]"}, names
    assert share(profile, "main") > 0.9     # rows were made before, and the stacks are whole


def test_a_program_that_is_replaced_by_another_file_keeps_its_names(tmp_path):
    prog = build(tmp_path, "-O2", "-g")
    other = build(tmp_path, "-O2", "-g", source=SPIN.replace("hidden_work", "wrong_work"), name="other")
    out = tmp_path / "x.pb.gz"
    target = subprocess.Popen([truth.SONDE, "record", "-F", "999", "-o", out, "--", prog, "0.6"], cwd=tmp_path,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_for_recording(target)
    other.rename(prog)      # what package managers do
    _, err = target.communicate(timeout=60)
    assert target.returncode == 0, err
    check_all_is_named(pprof_min.read(out))


# Run-time code of processes that have gone


@pytest.fixture(scope="module")
def jit():
    try:
        return truth.build(truth.Case("jit-static", "jit.c", "-O2 -g -static")) / "prog"
    except truth.CannotBuild as why:
        pytest.skip(str(why))


@pytest.mark.parametrize("how", ["chroot", "mount namespace", "pid namespace"])
def test_a_perf_map_is_found_after_its_process_and_its_root_have_gone(jit, tmp_path, how):
    if os.geteuid():
        pytest.skip("only root may change roots")
    if how == "chroot":
        (tmp_path / "root" / "tmp").mkdir(parents=True)
        shutil.copy(jit, tmp_path / "root" / "prog")
        script = f"chroot {tmp_path}/root /prog 0.25 perfmap"
    elif how == "mount namespace":
        script = f"unshare -m sh -c 'mount -t tmpfs none /tmp && exec {jit} 0.25 perfmap'"
    else:
        script = f"unshare --fork --pid --mount-proc sh -c 'mount -t tmpfs none /tmp && {jit} 0.25 perfmap; true'"
    profile = record(tmp_path, "sh", "-c", f"{script}; sleep 0.3")
    names = {name for names, _ in stacks(profile) for name in names}
    assert share(profile, "jit_spin") > 0.05, names
    assert not any(name.startswith("[run-time code") for name in names), names


# Names


def test_a_function_with_a_name_of_five_thousand_characters_is_named(tmp_path):
    name = "f" * 5000
    source = SPIN.replace("hidden_work", name)
    for compiler, wanted in (("gcc", name), ("g++", f"_ZL5000{name}v")):
        profile = record(tmp_path, build(tmp_path, "-O2", "-g", cc=compiler, source=source))
        assert max(share(profile, name), share(profile, wanted)) > 0.5


@pytest.mark.parametrize("debug", ["-g", "-g0"])
def test_a_cxx_name_that_stands_for_thousands_of_characters_is_demangled(tmp_path, debug):
    nest = "leaf_of_a_template_with_a_name_that_is_not_short_at_all"
    lines = [f"struct {nest} {{}};", "template <class A, class B> struct two {};"]
    for depth in range(7):
        lines.append(f"using level{depth} = two<{f'level{depth - 1}' if depth else nest}, "
                     f"{f'level{depth - 1}' if depth else nest}>;")
    source = SPIN.replace("static __attribute__((noinline)) void hidden_work(void)", "\n".join(lines) + """
template <class T> __attribute__((noinline)) void hidden_work()""").replace("hidden_work();", "hidden_work<level6>();")
    prog = build(tmp_path, "-O2", debug, cc="g++", source=source)
    wanted = next(line.split(" ", 2)[2] for line in run("nm", "-C", prog, cwd=tmp_path).splitlines()
                  if "hidden_work" in line)
    assert len(wanted) > 5000
    profile = record(tmp_path, prog)
    assert share(profile, wanted) > 0.5
    assert any(f.system_name.startswith("_Z11hidden_workI") for s in profile.samples for loc in s.locations
               for f, _ in loc.lines)


RUST = """
/// std's is younger than the Rust of Debian 12 (1.63).
#[inline(always)]
fn black_box<T>(value: T) -> T {
    let copy = unsafe { std::ptr::read_volatile(&value) };
    std::mem::forget(value);
    copy
}
mod deep {
    pub struct Worker<T> { pub sink: T }
    impl Worker<u64> {
        #[inline(never)]
        pub fn hot_work(&mut self) { for i in 0..200000u64 { self.sink = super::black_box(self.sink * 31 % 65521 + i); } }
    }
}
#[inline(never)]
fn twice<F: FnMut()>(mut f: F) { f(); black_box(&mut f)() }
fn main() {
    let start = std::time::Instant::now();
    let mut worker = deep::Worker { sink: 1u64 };
    while start.elapsed().as_millis() < 400 { twice(|| worker.hot_work()); }
}
"""


@pytest.mark.parametrize("mangling, debug", [("v0", "0"), ("legacy", "0"), ("v0", "2")])
def test_rust_names_are_demangled(tmp_path, mangling, debug):
    flags = ["-C", "opt-level=2", "-C", f"debuginfo={debug}", "-C", f"symbol-mangling-version={mangling}"]
    if mangling == "legacy":
        flags += ["-Z", "unstable-options"]
        os.environ["RUSTC_BOOTSTRAP"] = "1"
    try:
        prog = build(tmp_path, *flags, cc="rustc", source=RUST)
    finally:
        os.environ.pop("RUSTC_BOOTSTRAP", None)
    profile = record(tmp_path, prog)
    names = names_in(profile, "prog")
    hot = [name for name in names if name.endswith("hot_work") and "deep" in name and "Worker" in name]
    assert hot and share(profile, hot[0]) > 0.6, sorted(names)
    assert any(name.startswith("prog::twice") for name in names), sorted(names)
    assert not any(re.search(r"_ZN|_R[NIC]|::h[0-9a-f]{16}$|\\$LT", name) for name in names), sorted(names)
