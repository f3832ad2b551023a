# SPDX-License-Identifier: Apache-2.0
"""A representative part of the truth matrix, at half its length; `python3 tests/truth.py --all` runs and prints
all of it."""
import dataclasses

import pytest

import truth

# Chance alone fails one comparison in four hundred at three standard errors: see truth.py on tries.


@pytest.mark.parametrize("case", [c for c in truth.matrix() if c.quick], ids=lambda c: c.name)
def test_a_profile_shows_what_the_program_measured(case):
    if case.seconds == truth.SECONDS:
        case = dataclasses.replace(case, seconds=truth.SECONDS / 2)
    verdict = truth.try_case(case)
    if verdict.skipped:
        pytest.skip(verdict.skipped)
    assert not verdict.failures, "\n".join(verdict.failures)
