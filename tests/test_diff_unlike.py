# SPDX-License-Identifier: Apache-2.0
"""sonde diff over files that unlike profilers wrote, or one at unlike rates: what is the same must not seem to have changed."""
import pprof_made
from test_diff import diff, function, named
from test_faults import check_refused, sonde

CPU = (("samples", "count"), ("cpu", "nanoseconds"))
WORK = [(f"work;{'parse' if i % 2 else 'emit'};f{i}", 200 + i % 5 * 3) for i in range(20)]


def write(path, rows, period=1000, types=CPU):
    return pprof_made.write(path, [(stack, (n, n * period), {}) for stack, n in rows], types=types)


def test_a_frame_at_the_root_that_only_one_profiler_records_did_not_go(tmp_path):
    """What ran below it is named all the same."""
    base = write(tmp_path / "a.pb.gz", [(f"runtime.goexit;main;{stack}", n) for stack, n in WORK])
    new = write(tmp_path / "b.pb.gz", [(f"main;{stack}", n * (1 + 2 * stack.endswith("f7"))) for stack, n in WORK])
    found = diff(base, new)
    assert named(found) == ["f7"], found["summary"]
    assert function(found, "runtime.goexit")["total"]["verdict"] == "follows"
    assert named(diff(base, base, "--", new, new)) == ["f7"]


def test_a_caller_that_was_renamed_did_not_change_and_a_new_one_did(tmp_path):
    base = write(tmp_path / "a.pb.gz", [(f"main;{stack}", n) for stack, n in WORK])
    renamed = write(tmp_path / "b.pb.gz", [(f"main;{stack.replace('emit', 'output')}", n) for stack, n in WORK])
    assert not named(diff(base, renamed))
    more = write(tmp_path / "c.pb.gz", [(f"main;{stack}", n) for stack, n in WORK + [(f"work;audit;g{i}", 150) for i in range(9)]])
    found = diff(base, base, "--", more, more)
    assert function(found, "audit")["changed"] == "total", found["summary"]


def test_unlike_rates_and_lengths_are_no_change(tmp_path):
    base = write(tmp_path / "a.pb.gz", WORK, 10101010)
    new = write(tmp_path / "b.pb.gz", [(stack, n * 10 + n % 3) for stack, n in WORK], 1001001)
    found = diff(base, new)
    assert not named(found) and found["base"]["samples"] * 9 < found["new"]["samples"]
    # the precision is that of each side's own samples, not of nanoseconds
    assert 0.001 < found["functions"][0]["self"]["high"] - found["functions"][0]["self"]["low"] < 0.1


def test_cpu_time_is_one_thing_under_several_names(tmp_path):
    base = write(tmp_path / "a.pb.gz", WORK, types=(("samples", "count"), ("cpu-clock", "nanoseconds")))
    new = write(tmp_path / "b.pb.gz", WORK)
    for sides in ((base, new), (new, base)):
        found = diff(*sides)
        assert found["unit"] == "nanoseconds" and not named(found)
    cycles = write(tmp_path / "c.pb.gz", WORK, types=(("samples", "count"), ("cycles", "count")))
    check_refused(sonde("diff", cycles, new), 1, "no values of type 'cycles'", "but samples, cpu",
                  "--type samples compares what both have")
    assert not named(diff(cycles, new, "--type", "samples"))
    heap = write(tmp_path / "h.pb.gz", WORK, types=(("inuse_objects", "count"), ("inuse_space", "bytes")))
    check_refused(sonde("diff", new, heap), 1, "no values of type 'cpu'", "but inuse_objects, inuse_space: they cannot be compared")
    micro = write(tmp_path / "m.pb.gz", WORK, types=(("samples", "count"), ("cpu", "microseconds")))
    check_refused(sonde("diff", new, micro), 1, "microseconds", "--type samples compares what both have")


def test_shapes_of_go_are_what_its_table_of_symbols_leaves_out(tmp_path):
    base = write(tmp_path / "a.pb.gz", WORK + [("main;slices.Sort[go.shape.string]", 900)])
    new = write(tmp_path / "b.pb.gz", WORK + [("main;slices.Sort[...]", 900)])
    found = diff(base, new)
    assert not named(found)
    row = function(found, "slices.Sort[...]")
    assert row["was"] == "slices.Sort[go.shape.string]" and row["self"]["base"] == row["self"]["new"]
