# SPDX-License-Identifier: Apache-2.0
"""Bad input and faults: one clear sentence, the right exit code, nothing half written."""
import gzip
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

import pprof_min
import truth

SONDE = truth.SONDE
SPIN = ["python3", "-c", "while True: pass"]


def sonde(*args, cwd=None, timeout=60, **more):
    return subprocess.run([SONDE, *map(str, args)], capture_output=True, text=True, cwd=cwd, timeout=timeout, **more)


def listing(folder):
    return sorted(p.name for p in folder.rglob("*"))


def check_refused(done, rc, *words):
    """Failed with that exit code and exactly one sentence, which holds every word."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert done.returncode == rc, (done.returncode, done.stderr)
    assert len(lines) == 1, done.stderr
    assert len(lines[0]) < 500 and "\x1b" not in lines[0], lines[0]
    for word in words:
        assert str(word).lower() in lines[0].lower(), (word, lines[0])


def check_survived(done):
    """Whatever it made of the input: it neither crashed nor said more than one sentence about it."""
    assert done.returncode in (0, 1), (done.returncode, done.stderr[-500:])
    if done.returncode == 1:
        assert len([line for line in done.stderr.splitlines() if line.strip()]) == 1, done.stderr[-500:]


@pytest.fixture
def spinner():
    process = subprocess.Popen(SPIN)
    yield process
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def plain():
    return truth.build(next(c for c in truth.matrix() if c.name == "c-O2-nofp")) / "prog"


@pytest.fixture(scope="module")
def good(plain, tmp_path_factory):
    """A profile to look at and to damage."""
    path = tmp_path_factory.mktemp("good") / "good.pb.gz"
    done = sonde("record", "-F", 999, "-o", path, "--", plain, "0.5")
    assert done.returncode == 0, done.stderr
    return path


def wait_for_recording(process, seconds=15):
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None and not truth.opened_perf_events(process.pid):
        time.sleep(0.02)
    time.sleep(0.4)


def wait_for_cpu_time(pid, seconds):
    """Until the child of that process has had so much: on a busy machine it takes its time."""
    for _ in range(1500):
        for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            ticks = pathlib.Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:13]
            if sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK") > seconds:
                return
        time.sleep(0.02)
    raise AssertionError(f"no child of {pid} was ever busy")


def start_recording(*args, cwd=None, **more):
    process = subprocess.Popen([SONDE, "record", *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, cwd=cwd, **more)
    wait_for_recording(process)
    return process


def samples_in(path):
    return sum(s.values[0] for s in pprof_min.read(path).samples)


def bpf_programs():
    done = subprocess.run(["bpftool", "prog", "list", "-j"], capture_output=True, text=True)
    return {row["id"] for row in json.loads(done.stdout or "[]") if isinstance(row, dict)}


def bpf_programs_of(pid):
    """Of its descriptors: others may record on this machine meanwhile."""
    found = set()
    for path in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            found |= {int(n) for n in re.findall(r"^prog_id:\s*(\d+)", path.read_text(), re.M)}
        except OSError:     # closed meanwhile
            pass
    return found


# Targets


def test_a_pid_that_does_not_exist_is_named(tmp_path):
    check_refused(sonde("record", "-d", 1, "-o", tmp_path / "x.pb.gz", "-p", 4194000), 1, "4194000")
    assert listing(tmp_path) == []


def test_a_failed_recording_leaves_the_older_file_alone(tmp_path):
    (tmp_path / "x.pb.gz").write_bytes(b"precious")
    sonde("record", "-d", 1, "-o", tmp_path / "x.pb.gz", "-p", 4194000)
    assert listing(tmp_path) == ["x.pb.gz"]
    assert (tmp_path / "x.pb.gz").read_bytes() == b"precious"


def test_a_process_that_ends_during_the_recording_leaves_its_data(plain, tmp_path):
    target = subprocess.Popen([plain, "1"], env=dict(os.environ, TRUTH_WAIT="1"), stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL)
    process = start_recording("-F", 499, "-d", 60, "-o", tmp_path / "x.pb.gz", "-p", target.pid)
    target.communicate(b"x")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert samples_in(tmp_path / "x.pb.gz") > 300


def test_a_command_that_does_not_exist_is_named(tmp_path):
    check_refused(sonde("record", "-o", tmp_path / "x.pb.gz", "--", "no-such-command-here"), 127, "no-such-command-here")
    assert listing(tmp_path) == []


def test_a_command_that_may_not_be_executed_is_named(tmp_path):
    (tmp_path / "data").write_text("not a program")
    check_refused(sonde("record", "-o", tmp_path / "x.pb.gz", "--", tmp_path / "data"), 126, "data", "permission")
    assert listing(tmp_path) == ["data"]


@pytest.mark.parametrize("script,code", [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -SEGV $$", 139)])
def test_the_exit_code_of_the_command_is_passed_through(script, code, tmp_path):
    done = sonde("record", "-o", tmp_path / "x.pb.gz", "--", "sh", "-c", script)
    assert done.returncode == code, done.stderr
    assert (tmp_path / "x.pb.gz").exists()


def test_standard_output_belongs_to_the_command(tmp_path):
    done = sonde("record", "-o", tmp_path / "x.pb.gz", "--", "echo", "hello")
    assert done.stdout == "hello\n"


def test_standard_input_belongs_to_the_command(tmp_path):
    done = sonde("record", "-o", tmp_path / "x.pb.gz", "--", "cat", input="told\n")
    assert done.stdout == "told\n"


def test_a_command_without_o_writes_sonde_pb_gz_and_keeps_the_older_one(tmp_path):
    for _ in range(2):
        done = sonde("record", "--", "true", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert listing(tmp_path) == ["sonde.pb.gz", "sonde.pb.gz.old"]


def test_an_idle_process_gives_an_empty_profile_and_no_division_by_zero(tmp_path):
    target = subprocess.Popen(["sleep", "60"])
    try:
        done = sonde("record", "-F", 99, "-d", "0.5", "-o", tmp_path / "x.pb.gz", "-p", target.pid)
        assert done.returncode == 0, done.stderr
        for view in (["--json"], ["--top"], ["--tree"], ["--lines"], ["--threads"]):
            done = sonde("report", tmp_path / "x.pb.gz", *view)
            assert done.returncode == 0, (view, done.stderr)
            assert not re.search(r"\b(nan|inf)\b", done.stdout, re.I), done.stdout
    finally:
        target.kill()
        target.wait()


# Output


def test_an_output_folder_that_does_not_exist_is_told_before_the_command_runs(tmp_path):
    done = sonde("record", "-o", tmp_path / "missing/x.pb.gz", "--", "touch", tmp_path / "ran")
    check_refused(done, 1, "missing/x.pb.gz")
    assert listing(tmp_path) == []


def test_an_output_with_an_unknown_suffix_is_told_before_the_command_runs(tmp_path):
    done = sonde("record", "-o", tmp_path / "x.docx", "--", "touch", tmp_path / "ran")
    assert done.returncode == 2, done.stderr
    assert listing(tmp_path) == []


def test_a_full_device_is_told(tmp_path):
    before = set(os.listdir("/dev"))
    done = sonde("record", "-f", "pprof", "-o", "/dev/full", "--", "true")
    check_refused(done, 1, "/dev/full", "no space")
    assert set(os.listdir("/dev")) == before


def test_a_full_device_is_told_by_report(good):
    with open("/dev/full", "w") as full:
        done = subprocess.run([SONDE, "report", good, "--json"], stdout=full, stderr=subprocess.PIPE, text=True)
    check_refused(done, 1, "no space")


def test_a_full_disk_leaves_no_partial_file(plain, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk]).returncode:
        pytest.skip("may not mount a tmpfs")
    try:
        with open(disk / "filler", "wb") as filler:
            try:
                filler.write(b"x" * 200000)
                filler.flush()
            except OSError:
                pass
        done = sonde("record", "-F", 999, "-o", disk / "x.pb.gz", "--", plain, "0.3")
        check_refused(done, 1, "x.pb.gz", "no space")
        assert listing(disk) == ["filler"]
    except OSError:
        pass    # closing the filler reports the full disk once more
    finally:
        subprocess.run(["umount", disk], check=True)


def test_what_is_replaced_was_as_readable_as_what_replaces_it(good, tmp_path):
    """Like cp: the file that was there is replaced without a question, and keeps its mode. A link is replaced, not followed."""
    out, link, other = tmp_path / "out.folded", tmp_path / "link.folded", tmp_path / "other.folded"
    for mode in (0o600, 0o664):
        out.write_text("old 1\n")
        out.chmod(mode)
        assert sonde("convert", good, out).returncode == 0
        assert out.stat().st_mode & 0o777 == mode and "old 1" not in out.read_text()
    link.symlink_to(other)
    other.write_text("kept 1\n")
    assert sonde("convert", good, link).returncode == 0
    assert not link.is_symlink() and other.read_text() == "kept 1\n"
    assert listing(tmp_path) == ["link.folded", "other.folded", "out.folded"]


@pytest.mark.parametrize("stream", [1, 2])
def test_a_link_to_an_own_stream_is_no_file_to_replace(good, tmp_path, stream):
    """As /dev/stdout, where that is a file: written by root, it was a file in /dev from then on."""
    link, out = tmp_path / "stream.folded", tmp_path / "out"
    link.symlink_to(f"/proc/self/fd/{stream}")
    with open(out, "a") as file:
        file.write("before\n")
        file.flush()
        done = subprocess.run([truth.SONDE, "convert", good, link], **{"stdout" if stream == 1 else "stderr": file})
    assert done.returncode == 0 and link.is_symlink()
    first, *rest = out.read_text().splitlines()
    assert first == "before" and rest


def test_an_unwritable_output_of_convert_leaves_nothing(good, tmp_path):
    check_refused(sonde("convert", good, tmp_path / "missing/x.folded"), 1, "missing/x.folded")
    check_refused(sonde("convert", tmp_path / "none.pb.gz", tmp_path / "x.folded"), 1, "none.pb.gz")
    assert listing(tmp_path) == []


# Signals


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_recording_keeps_the_data_and_leaves_the_target(how, spinner, tmp_path):
    process = start_recording("-F", 499, "-d", 60, "-o", tmp_path / "x.pb.gz", "-p", spinner.pid)
    time.sleep(0.8)
    process.send_signal(how)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert samples_in(tmp_path / "x.pb.gz") > 50
    assert listing(tmp_path) == ["x.pb.gz"]
    assert spinner.poll() is None


def test_ctrl_c_reaches_the_command_and_keeps_the_data(tmp_path):
    process = start_recording("-F", 499, "-o", tmp_path / "x.pb.gz", "--", *SPIN, start_new_session=True)
    time.sleep(0.8)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode in (1, 130), err     # Python answers Ctrl-C by exiting or dying of it
    assert samples_in(tmp_path / "x.pb.gz") > 50


def test_a_signal_to_sonde_alone_is_handed_to_the_command(tmp_path):
    process = start_recording("-F", 499, "-o", tmp_path / "x.pb.gz", "--", "sh", "-c",
                              "trap 'exit 9' TERM; while :; do :; done", start_new_session=True)
    wait_for_cpu_time(process.pid, 0.3)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 9, err
    assert samples_in(tmp_path / "x.pb.gz") > 50


@pytest.mark.parametrize("view", ["--json", "--tree", "--top"])
def test_a_reader_that_goes_away_is_no_error(view, good):
    done = subprocess.run(f"'{SONDE}' report '{good}' {view} | true; echo ${{PIPESTATUS[0]}}", shell=True,
                          executable="/bin/bash", capture_output=True, text=True)
    assert done.stdout.strip() in ("0", "141"), done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("words", ["flame FILE -o - -f html", "convert FILE - -f svg", "convert FILE - -f speedscope"])
def test_a_reader_that_goes_away_ends_a_writer_quietly(good, words):
    done = subprocess.run(f"'{SONDE}' {words.replace('FILE', str(good))} | head -c 20 >/dev/null; echo ${{PIPESTATUS[0]}}", shell=True,
                          executable="/bin/bash", capture_output=True, text=True)
    assert done.stdout.strip() in ("0", "141")     # whatever fits the pipe was written
    assert "Broken pipe" not in done.stderr and "cannot write" not in done.stderr


def test_kill_9_leaves_nothing_attached_and_the_target_running(spinner, tmp_path):
    process = start_recording("-F", 499, "-d", 60, "-o", tmp_path / "x.pb.gz", "-p", spinner.pid)
    during = bpf_programs_of(process.pid)
    process.kill()
    process.communicate()
    assert during, "no BPF program was seen while it recorded"
    for _ in range(100):    # the kernel frees them when nobody can be inside any more
        if not during & bpf_programs():
            break
        time.sleep(0.1)
    assert not during & bpf_programs()
    assert spinner.poll() is None
    assert listing(tmp_path) == []


# Loss


def test_10000_hz_into_a_busy_machine_is_counted_not_lost(spinner, plain, tmp_path):
    done = sonde("record", "-F", 10000, "-o", tmp_path / "x.pb.gz", "--", plain, "1.5")
    assert done.returncode == 0, done.stderr
    report = json.loads(sonde("report", tmp_path / "x.pb.gz", "--json").stdout)
    assert report["events"] == report["samples"] + sum(report["drops"].values())
    assert report["events"] > 8000, report["events"]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_stopped_sonde_overruns_its_ring_and_counts_the_loss(spinner, tmp_path):
    """Nobody drains while Sonde is stopped: at 10,000 Hz the ring fills, and each loss is counted."""
    process = start_recording("-F", 10000, "-d", 60, "-o", tmp_path / "x.pb.gz", "-p", spinner.pid)
    process.send_signal(signal.SIGSTOP)
    wanted = cpu_seconds(spinner.pid) + 3    # of its own: a busy machine gives it fewer than pass
    while cpu_seconds(spinner.pid) < wanted:
        time.sleep(0.1)
    process.send_signal(signal.SIGCONT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    report = json.loads(sonde("report", tmp_path / "x.pb.gz", "--json").stdout)
    assert report["events"] == report["samples"] + sum(report["drops"].values()), report["drops"]
    assert report["events"] > 20000, report["events"]


# Privilege


@pytest.fixture
def open_folder():
    """One that other users may enter: pytest's own is closed to them."""
    with tempfile.TemporaryDirectory(prefix="sonde-open-") as folder:
        os.chmod(folder, 0o777)
        yield pathlib.Path(folder)


def test_without_capabilities_the_missing_one_is_named(open_folder):
    probe = open_folder / "sonde"
    shutil.copy(SONDE, probe)
    probe.chmod(0o755)
    done = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all",
                           "--bounding-set=-all", probe, "record", "-o", open_folder / "x.pb.gz", "--", "true"],
                          capture_output=True, text=True)
    if done.returncode:
        check_refused(done, 1, "CAP_")
        assert not (open_folder / "x.pb.gz").exists()
    else:
        assert "CAP_" in done.stderr    # a lower tier worked: it says what the higher one wants


def test_system_says_what_this_machine_permits():
    done = sonde("system")
    assert done.returncode == 0, done.stderr
    assert re.search("bpf", done.stdout, re.I)


# Usage


@pytest.mark.parametrize("args", [
    [], ["frobnicate"], ["record"], ["record", "--no-such-option"], ["record", "-F", "0", "--", "true"],
    ["record", "-F", "fast", "--", "true"], ["record", "-F", "-5", "--", "true"], ["record", "-d", "soon", "-p", "1"],
    ["record", "-d", "-1", "-p", "1"], ["record", "-p", "one"], ["record", "-p", "0"], ["record", "-p", "-7"],
    ["record", "-p", "1", "--", "true"], ["record", "-p", "1", "-a"], ["record", "--"], ["record", "-o"],
    ["record", "-F", "99999999999999999999", "--", "true"],
    ["report", "--no-such-option"], ["report", "a.pb.gz", "b.pb.gz"], ["flame", "--no-such-option"],
    ["convert"], ["convert", "a.pb.gz"], ["convert", "a", "b", "c"], ["system", "extra"],
], ids=" ".join)
def test_wrong_usage_exits_2(args, tmp_path):
    done = sonde(*args, cwd=tmp_path)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert done.stderr.strip()
    assert listing(tmp_path) == []


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["record", "--help"], ["report", "--help"],
                                  ["flame", "--help"], ["convert", "--help"], ["system", "--help"]], ids=" ".join)
def test_help_goes_to_standard_output(args):
    done = sonde(*args)
    assert done.returncode == 0 and done.stdout.strip() and not done.stderr, done


# Damaged files


def test_a_missing_profile_is_named(tmp_path):
    check_refused(sonde("report", tmp_path / "none.pb.gz"), 1, "none.pb.gz")
    check_refused(sonde("flame", tmp_path / "none.pb.gz", "-o", tmp_path / "x.html"), 1, "none.pb.gz")
    check_refused(sonde("report", cwd=tmp_path), 1, "sonde.pb.gz")
    assert listing(tmp_path) == []


@pytest.mark.parametrize("bytes_", [b"", b"\x1f\x8b", b"\x1f\x8b\x08\x00garbage" * 9, b"\x00" * 64, os.urandom(4096)],
                         ids=["empty", "two bytes of gzip", "broken gzip", "zeros", "noise"])
def test_what_is_no_profile_is_refused_in_one_sentence(bytes_, tmp_path):
    path = tmp_path / "bad.pb.gz"
    path.write_bytes(bytes_)
    check_refused(sonde("report", path), 1, "bad.pb.gz")
    check_refused(sonde("flame", path, "-o", tmp_path / "x.html"), 1, "bad.pb.gz")
    check_refused(sonde("convert", path, tmp_path / "x.folded"), 1, "bad.pb.gz")
    assert listing(tmp_path) == ["bad.pb.gz"]


def test_a_folder_is_no_profile(tmp_path):
    check_refused(sonde("report", tmp_path), 1, tmp_path.name)


def test_truncated_profiles_are_refused(good, tmp_path):
    data, path = good.read_bytes(), tmp_path / "cut.pb.gz"
    for at in sorted({len(data) * i // 12 for i in range(1, 12)} | {len(data) - 1, len(data) - 8}):
        path.write_bytes(data[:at])
        check_refused(sonde("report", path, "--json"), 1, "cut.pb.gz")


def test_a_profile_truncated_inside_gzip_is_refused_or_whole(good, tmp_path):
    data, path = gzip.decompress(good.read_bytes()), tmp_path / "cut.pb.gz"
    for i in range(1, 25):
        path.write_bytes(gzip.compress(data[:len(data) * i // 25], 1))
        check_survived(sonde("report", path, "--json"))


def test_profiles_with_flipped_bytes_never_crash(good, tmp_path):
    chance, path = random.Random(7), tmp_path / "flipped.pb.gz"
    whole = gzip.decompress(good.read_bytes())
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 3, 30))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(gzip.compress(bytes(data), 1))
        check_survived(sonde("report", path, "--json"))
        check_survived(sonde("convert", path, tmp_path / "x.folded"))


def test_a_gzip_bomb_is_refused_or_read_in_bounds(tmp_path):
    path = tmp_path / "bomb.pb.gz"
    path.write_bytes(gzip.compress(bytes(64 << 20), 9) * 64)   # members of one file: 4 GiB in 4 MB
    done = subprocess.run(["prlimit", "--as=8000000000", SONDE, "report", path], capture_output=True, text=True,
                          timeout=120)
    check_refused(done, 1, "bomb.pb.gz")


@pytest.mark.parametrize("text", [
    b"", b"\n\n\n", b"no count here\n", b"a;b;c\n", b"a;b 18446744073709551616\n", b"a;b -5\n", b"a;b 1e9\n",
    b";;; 5\n", b"a;;b 5\n", b" 5\n", b"\xff\xfe\x00\x01 7\n", b"x" * 3000000 + b" 1\n", b"a;" * 200000 + b"b 1\n",
    b"a;b 1\r\nc 2\r\n", b"a b c;d e 3 4\n", b"<script>&\"'\x01;b 2\n",
], ids=range(16))
def test_odd_folded_files_are_read_or_refused_in_one_sentence(text, tmp_path):
    path = tmp_path / "odd.folded"
    path.write_bytes(text)
    for out in ("x.pb.gz", "x.folded", "x.html", "x.svg"):
        done = sonde("flame", path, "-o", tmp_path / out) if out.endswith((".html", ".svg")) else \
            sonde("convert", path, tmp_path / out)
        check_survived(done)
        assert (tmp_path / out).exists() == (done.returncode == 0), (out, done.stderr)


@pytest.mark.parametrize("text", [b"", b"garbage\n" * 100, b"0 ffffffffffffffff everything\n", os.urandom(5000),
                                  b"ffffffffffffffff 10 wraps\n", b"-1 5 x\n" + b"7f0000000000 1000 " + b"n" * 1000000],
                         ids=["empty", "garbage", "everything", "noise", "wraps", "long name"])
def test_hostile_perf_maps_do_not_stop_a_recording(text, tmp_path):
    script = ("import os,sys,time\nopen(f'/tmp/perf-{os.getpid()}.map','wb').write(open(sys.argv[1],'rb').read())\n"
              "t=time.process_time()\nwhile time.process_time()-t<0.3: pass\nos.unlink(f'/tmp/perf-{os.getpid()}.map')")
    (tmp_path / "map").write_bytes(text)
    done = sonde("record", "-F", 499, "-o", tmp_path / "x.pb.gz", "--", "python3", "-c", script, tmp_path / "map")
    assert done.returncode == 0, done.stderr
    names = {f["name"] for f in json.loads(sonde("report", tmp_path / "x.pb.gz", "--json").stdout)["functions"]}
    assert "everything" not in names, "a perf map must not name mapped files or the kernel"


SPIN_CODE = bytes([0x89, 0xf9, 0x48, 0x69, 0xc0, 0x15, 0x7c, 0x4a, 0x7f, 0xff, 0xc9, 0x75, 0xf5, 0xc3])


def hostile_elves(model):
    """(name, bytes): a real ELF with damage of many sorts, runnable code in its second page."""
    chance = random.Random(11)

    def with_code(data):
        data = bytearray(data.ljust(8192, b"\0"))
        data[4096:4096 + len(SPIN_CODE)] = SPIN_CODE
        return bytes(data)

    yield "noise", with_code(os.urandom(8192))
    yield "zeros", with_code(bytes(8192))
    yield "header only", with_code(model[:64] + b"\xff" * 6000)
    yield "cut", with_code(model[:6000])
    for name, at, size in (("phoff", 32, 8), ("shoff", 40, 8), ("phentsize", 54, 2), ("phnum", 56, 2),
                           ("shentsize", 58, 2), ("shnum", 60, 2), ("shstrndx", 62, 2)):
        for value in (0, 1, (1 << 8 * size) - 1, (1 << 8 * size - 1) - 3):
            yield f"{name} {value:#x}", with_code(model[:at] + value.to_bytes(size, "little") + model[at + size:])
    for i in range(12):
        data = bytearray(model)
        for _ in range(200):
            data[chance.choice((chance.randrange(64, 800), chance.randrange(len(data))))] = chance.randrange(256)
        yield f"noise in it {i}", with_code(bytes(data))
    shoff = int.from_bytes(model[40:48], "little")
    for i in range(12):
        data = bytearray(model)
        for _ in range(40):
            data[chance.randrange(shoff, len(data))] = chance.randrange(256)
        yield f"noise in its sections {i}", with_code(bytes(data))


def test_hostile_elf_files_do_not_stop_a_recording(tmp_path):
    folder = truth.build(truth.Case("hostile", "hostile.c"))
    model = (folder / "prog").read_bytes()
    failures = []
    for name, data in hostile_elves(model):
        (tmp_path / "evil.so").write_bytes(data)
        done = sonde("record", "-F", 499, "-o", tmp_path / "x.pb.gz", "--", folder / "prog", "0.05", tmp_path / "evil.so")
        if done.returncode or sonde("report", tmp_path / "x.pb.gz", "--json").returncode:
            failures.append((name, done.returncode, done.stderr[-200:]))
    assert not failures


# Reports


def test_json_holds_what_its_page_promises(good):
    report = json.loads(sonde("report", good, "--json").stdout)
    assert report["version"] == 1 and report["type"] == "cpu" and report["unit"] == "nanoseconds"
    for key in ("total", "samples", "duration_ns", "events", "drops", "complete", "named", "functions"):
        assert key in report, key
    for key in ("name", "module", "file", "line", "kind", "self", "total"):
        assert key in report["functions"][0], key
    assert sum(f["self"] for f in report["functions"]) == report["total"]
    assert all(0 <= f["self"] <= f["total"] <= report["total"] for f in report["functions"])


def test_two_reports_of_one_file_are_equal(good):
    assert sonde("report", good, "--json").stdout == sonde("report", good, "--json").stdout


def test_folded_output_holds_the_same_samples(good, tmp_path):
    assert sonde("convert", good, tmp_path / "x.folded").returncode == 0
    rows = [line.rpartition(" ") for line in (tmp_path / "x.folded").read_text().splitlines()]
    report = json.loads(sonde("report", good, "--json").stdout)
    total = sum(int(count) for _, _, count in rows)
    assert total in (report["samples"], report["total"])
    half = sum(int(count) for stack, _, count in rows if "hot_half" in stack.split(";"))
    named = next(f for f in report["functions"] if f["name"] == "hot_half")
    assert abs(half / total - named["total"] / report["total"]) < 1e-6


def test_colours_are_not_written_to_a_pipe(good):
    done = sonde("report", good, "--top", env=dict(os.environ, TERM="xterm-256color"))
    assert "\x1b" not in done.stdout and done.stdout.strip()
