# SPDX-License-Identifier: Apache-2.0
"""sonde diff with several runs a side: what some functions vary by hides no change of another, and is none."""
import random

import pprof_made
from test_diff import diff, named


def run(path, chance, hot):
    """1,000 functions, two of every ten of which cost twice or half as much in some runs."""
    rows = [("main;hot", round(chance.gauss(hot, hot ** 0.5)))]
    for i in range(100):
        for k in range(10):
            level = (30 if i < 10 else 9) * (chance.lognormvariate(0, 0.8) if k < 2 else 1)
            rows.append((f"main;p{i % 7};f{i}.{k}", max(0, round(chance.gauss(level, level ** 0.5)))))
    return pprof_made.write(path, [(stack, n, {}) for stack, n in rows if n])


def test_a_change_is_seen_beside_functions_that_vary(tmp_path):
    """A sixth of all costs a fifth more, three runs a side: that alone is named, in each of four draws."""
    for draw in range(4):
        chance = random.Random(draw)
        base = [run(tmp_path / f"a{i}.pb.gz", chance, 2100) for i in range(3)]
        more = [run(tmp_path / f"b{i}.pb.gz", chance, 2540) for i in range(3)]
        again = [run(tmp_path / f"c{i}.pb.gz", chance, 2100) for i in range(3)]
        assert named(diff(*base, "--", *more)) == ["hot"], draw
        assert not named(diff(*base, "--", *again)), draw
