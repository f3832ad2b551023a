# SPDX-License-Identifier: Apache-2.0
"""The second tier: stacks that the kernel copies at each tick. What of a stack is not in its copy, and what is said then."""
import subprocess
import sys

import pprof_min
import truth

RECORD = [sys.executable, str(truth.HERE / "refuse.py"), "bpf", truth.SONDE, "record", "-F", "997"]

# Under frames of which most is never written to: what was copied ends there.
HOLES = r"""
#include <stdlib.h>
#include <time.h>
static volatile unsigned long sink;
__attribute__((noinline)) static void spin(double s)
{
	struct timespec now;
	do {
		for (int i = 0; i < 10000; i++) sink++;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	} while (now.tv_sec + now.tv_nsec / 1e9 < s);
	sink++;
}
__attribute__((noinline)) static void with_hole(double s)
{
	volatile char big[BYTES];
	big[0] = 1;
	spin(s);
	big[1] = 2;
}
__attribute__((noinline)) static void calls_it(double s) { with_hole(s); sink++; }
int main(int argc, char **argv) { (void)argc; calls_it(atof(argv[1])); return 0; }
"""


def stacks_with_a_hole(tmp_path, size):
    """(names, samples) of what spin() is called by."""
    (tmp_path / "holes.c").write_text(HOLES)
    subprocess.run(["gcc", "-O1", "-g", "-fno-omit-frame-pointer", "-fno-stack-clash-protection", f"-DBYTES={size}", "-o",
                    tmp_path / "holes", tmp_path / "holes.c"], check=True)
    out = tmp_path / "p.pb.gz"
    done = subprocess.run([*RECORD, "-o", out, "--", tmp_path / "holes", "1.2"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    stacks = []
    for sample in pprof_min.read(out).samples:
        names = [function.name for location in sample.locations for function, _ in location.lines]
        if "spin" in names:
            stacks.append((names[names.index("spin") + 1:], sample.values[0]))
    assert sum(n for _, n in stacks) > 100, stacks
    return stacks


def test_a_page_that_nothing_was_written_to_ends_the_first_copies_only(tmp_path):
    stacks = stacks_with_a_hole(tmp_path, 20000)
    whole = sum(n for names, n in stacks if names[:3] == ["with_hole", "calls_it", "main"])
    cut = sum(n for names, n in stacks if names == ["with_hole", "[stack cut: stack deeper than its copy]"])
    total = sum(n for _, n in stacks)
    assert whole + cut == total and whole > 0.5 * total, stacks


def test_a_stack_that_is_deeper_than_its_copy_says_so(tmp_path):
    for names, _ in stacks_with_a_hole(tmp_path, 100000):
        assert names == ["with_hole", "[stack cut: stack deeper than its copy]"]
