# SPDX-License-Identifier: Apache-2.0
"""ext.py SECONDS: Python calls C (sonde_ext, ext.c), C calls Python, Python calls C again. CPython 3.6 to 3.14."""
import sys

import regions
import sonde_ext
from regions import burn, clock

tables = regions.Regions()
timed = tables.timed


def called(i):
    began = clock()
    burn(700)
    if i % 2:
        timed("ext_burn", sonde_ext.burn, 150000)
    tables.add("ext.py:called", began)


def from_c():
    # ext_call_each is above this frame and below called()
    timed("ext_call_each", sonde_ext.call_each, called, 12)


def into_c():
    timed("ext_burn", sonde_ext.burn, 900000)


def only_python():
    return burn(9000)


def main(seconds):
    began = clock()
    dice = regions.Dice()
    kinds = [("ext.py:from_c", from_c), ("ext.py:into_c", into_c), ("ext.py:only_python", only_python)]
    while regions.more(seconds):
        timed(*kinds[dice.below(3)])
    tables.add("ext.py:main", began)
    regions.finish([tables.seconds])


regions.start()
main(float(sys.argv[1]))
