# SPDX-License-Identifier: Apache-2.0
"""What the matrices of languages share (languages.py, golang.py, nodejs.py, java.py): their options, how a row is run
and tried again, and what stands below a table.

A row has name, skipped, failures and tries.
"""
import argparse
import collections
import pathlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

import truth

TOOL = str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "testbed")


class Skip(Exception):
    """This machine cannot run the row; the words say why."""


@dataclass
class OracleResult:
    total: int = 0                      # samples in spin()
    matched: int = 0
    frames: int = 0
    frames_right: int = 0
    seen: collections.Counter = field(default_factory=collections.Counter)
    wrong: collections.Counter = field(default_factory=collections.Counter)
    via: collections.Counter = field(default_factory=collections.Counter)       # what is not there where C called back


def parser(description, seconds, backends=(), installs=True):
    """The options that every matrix takes, --install where tools/testbed has what the rows need, and --with where another
    profiler can be judged."""
    result = argparse.ArgumentParser(description=description)
    result.add_argument("names", nargs="*", help="rows whose name holds one of these")
    for flag in ("--all", "--quick", "--list", *(("--install",) if installs else ())):
        result.add_argument(flag, action="store_true")
    result.add_argument("--once", action="store_true", help="no second try")
    result.add_argument("--keep", type=pathlib.Path)
    result.add_argument("--seconds", type=float, default=seconds)
    if backends:
        result.add_argument("--with", dest="backend", default=backends[0], choices=backends)
    return result


def choose(rows, options, is_quick):
    return [row for row in rows if options.all or (options.quick and is_quick(row))
            or any(name in row.name for name in options.names)]


def install(beds):
    """What tools/testbed calls by these names; an empty one is nothing."""
    beds = [bed for bed in dict.fromkeys(beds) if bed]
    if beds:
        subprocess.run([TOOL, *beds])


def keep_files(folder, row, profile, out):
    """The profile, and what the program said of itself."""
    folder.mkdir(parents=True, exist_ok=True)
    name = row.name.replace(" ", "-")
    shutil.copy(profile, folder / (name + "".join(profile.suffixes)))
    (folder / (name + ".out")).write_text(out)


def try_row(begin, run, judge, tries, keep=None, scratch_folder=tempfile.mkdtemp):
    """The row that begin() made, run in a folder of its own and judged: again when it fails, up to `tries` times.
    run(row, scratch) gives the program's output and the profile's path, judge(row, out, path, scratch) adds failures."""
    for attempt in range(1, tries + 1):
        row, scratch = begin(), None
        row.tries = attempt
        if row.skipped:
            return row
        try:
            scratch = pathlib.Path(scratch_folder())
            out, path = run(row, scratch)
            if keep:
                keep_files(keep, row, path, out)
            judge(row, out, path, scratch)
        except Skip as why:
            row.skipped = str(why)
            return row
        except (truth.RunFailed, RuntimeError, subprocess.SubprocessError, ValueError, KeyError, OSError) as why:
            row.failures.append(str(why)[:500])
        finally:
            if scratch:
                shutil.rmtree(scratch, ignore_errors=True)
        if not row.failures:
            break
    return row


def print_row(head, row, text, failures=None):
    """A line of the table (`text` is for rows that got as far as to have numbers), and what is wrong below it."""
    failures = row.failures if failures is None else failures
    if row.skipped:
        print(f"{head} SKIPPED: {row.skipped}")
        return
    print(f"{head} {text}" if text else f"{head} {'FAIL' if failures else 'ok'}")
    for failure in failures:
        print(f"{'':8}- {failure}")
    sys.stdout.flush()


def print_sum(rows, failed=lambda row: row.failures):
    """The table's last line; the exit code."""
    bad, skipped = sum(bool(failed(row)) for row in rows), sum(bool(row.skipped) for row in rows)
    print(f"{len(rows) - bad - skipped} of {len(rows)} rows pass, {skipped} skipped")
    return 1 if bad else 0
