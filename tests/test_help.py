# SPDX-License-Identifier: Apache-2.0
"""--help, the manual page and completion come from one table: nothing is in one and not in the others."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SONDE = os.environ.get("SONDE", str(ROOT / "build" / "sonde"))


def sonde(*args, code=0, **more):
    done = subprocess.run([SONDE, *args], capture_output=True, text=True, **more)
    assert done.returncode == code, (args, done.stdout, done.stderr)
    return done.stdout


COMMANDS = re.findall(r"^  (\w+) +\w", sonde("--help").split("usage:")[1], re.M)


def options(command):
    """(name, takes an argument)"""
    return [(m[1], bool(m[2])) for m in
            re.finditer(r"^  (?:-\w, )?--([\w-]+)( [^ ]+)?(?: |$)", sonde(command, "--help").split("\n\n")[-1], re.M)]


def test_commands_are_those_of_the_documentation():
    assert COMMANDS[:7] == ["record", "report", "flame", "diff", "view", "convert", "system"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_a_terminal_and_tells_every_option(command):
    text = sonde(command, "--help")
    assert text.startswith(f"usage: sonde {command}")
    assert sonde("help", command) == text == sonde(command, "-h")
    assert not [line for line in text.splitlines() if len(line) > 80 and not line.startswith("  sonde ")]
    for name, takes in options(command):  # each is known: what is wrong is its value, or that it has none
        done = subprocess.run([SONDE, command, f"--{name}" + ("" if takes else "=x")], capture_output=True, text=True)
        assert done.returncode == 2 and f"--{name}" in done.stderr and "there is no option" not in done.stderr
    assert "there is no option '--such'" in subprocess.run([SONDE, command, "--such"], capture_output=True, text=True).stderr


@pytest.mark.parametrize("words, nearest", [
    (["report", "--tre"], "--tree"), (["report", "--focsu", "x"], "--focus"), (["flame", "--otuput=x"], "--output"),
    (["report", "-top"], "--top"), (["report", "-focus=RE"], "--focus"), (["report", "-nodecount=3"], "--limit"),
    (["report", "--cum"], "--total"), (["report", "-nodefraction=0.1"], "--min-share"), (["report", "-tagignore=a"], "--label"), (["diff", "--sample_index", "x"], "--type"), (["record", "--freq", "99"], "--rate"),
    (["report", "-base", "a"], "sonde diff BASE NEW"), (["report", "-http=:0"], "sonde view FILE"), (["report", "-call_tree"], "--tree"),
    (["report", "-alloc_space"], "--type alloc_space"), (["report", "-files"], "--granularity file"), (["report", "-min_share=1"], "--min-share"),
    (["reprot"], "report"), (["help", "recrod"], "record")])
def test_a_wrong_word_gets_the_nearest_right_one(words, nearest):
    done = subprocess.run([SONDE, *words], capture_output=True, text=True)
    assert done.returncode == 2 and f"did you mean {nearest}?" in done.stderr, done.stderr


def test_nothing_is_near_to_nonsense(tmp_path):
    for words in (["report", "--xyzzy"], ["report", "--foo"], ["report", "-noinlines"], ["view", "--dots"], ["report", "-z"], ["xyzzy"], ["completion", "--tree"]):
        done = subprocess.run([SONDE, *words], capture_output=True, text=True)
        assert done.returncode == 2 and "there is no" in done.stderr and "did you mean" not in done.stderr
    (tmp_path / "x.folded").write_text("a;b 5\n")
    done = subprocess.run([SONDE, tmp_path / "x.folded"], capture_output=True, text=True)
    assert done.returncode == 2 and f"sonde report {tmp_path}/x.folded" in done.stderr


def test_what_cannot_be_written_or_shown_is_told_with_what_can(tmp_path):
    (tmp_path / "x.folded").write_text("a;b 5\n")

    def said(*words):
        done = subprocess.run([SONDE, *words], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode in (1, 2) and len(done.stderr.splitlines()) == 1, done.stderr
        return done.stderr
    assert "reads jfr and does not write it" in said("convert", "x.folded", "y", "-f", "jfr")
    assert "is a directory" in said("convert", "x.folded", tmp_path)
    assert "with -f; there are html, svg, json, " in said("convert", "x.folded", "-")
    assert "it has: samples" in said("report", "x.folded", "--type", "cpu")
    assert "--no-times is for an .html page" in said("flame", "x.folded", "--no-times", "-o", "x.svg")
    assert "sonde record URL" in said("report", "http://127.0.0.1:6060/debug/pprof/profile")
    assert "'y.folded' too" in said("convert", "x.folded", "-o", "z.folded", "-o", "y.folded")


def test_convert_takes_its_output_by_option_and_names_behind_dashes(tmp_path):
    (tmp_path / "-x.folded").write_text("a;b 5\n")
    sonde("convert", "-o", "y.folded", "--", "-x.folded", cwd=tmp_path)
    assert (tmp_path / "y.folded").read_text() == "a;b 5\n"
    assert "100" in sonde("report", "--", "-x.folded", cwd=tmp_path)


def test_the_manual_page_has_them_all():
    page = sonde("man").replace("\\-", "-")
    for command in COMMANDS:
        section = page.split(f".SS sonde {command} ")[1].split(".SS ")[0]
        assert [name for name, _ in options(command)] == re.findall(r"\\fB--([\w-]+)\\fR", section)
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-man", "-Tascii", "-ww"], input=sonde("man"), capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr
        assert re.search(r"sonde record -- make -j8  +a command", re.sub(".\b", "", done.stdout))


def test_a_shell_completes_commands_and_options():
    def complete(*words):
        script = f'source /dev/stdin; COMP_WORDS=({" ".join(words)}); COMP_CWORD={len(words) - 1}; _sonde; echo "${{COMPREPLY[@]}}"'
        return subprocess.run(["bash", "-c", script], input=sonde("completion", "bash"), capture_output=True, text=True,
                              check=True).stdout.split()
    assert complete("sonde", "re") == ["record", "report"]
    assert complete("sonde", "report", "--dis") == ["--disasm"]
    assert complete("sonde", "report", "x") == []  # a file: the shell's own
    for command in COMMANDS:
        assert complete("sonde", command, "--") == ["--help"] + [f"--{name}" for name, _ in options(command)]
    sonde("completion", code=2)


def test_install_puts_program_page_and_completion(tmp_path):
    subprocess.run(["make", "-s", "install", f"DESTDIR={tmp_path}", "PREFIX=/usr"], cwd=ROOT, check=True, capture_output=True)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == {
        "usr/bin/sonde", "usr/share/man/man1/sonde.1", "usr/share/bash-completion/completions/sonde"}
    assert (tmp_path / "usr/share/man/man1/sonde.1").read_text() == sonde("man")
