#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""slowdown.py [python] [go] [node] [java] ...: how much a target is slowed by Sonde, and by perf record -g in the same run.

The same fixed work of the same process with a profiler attached or alone, in an order that is drawn anew in each round;
medians of the rounds' own ratios, and between what values those lie 95 times of 100."""
import argparse
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]
import golang       # noqa: E402
import java as jvm      # noqa: E402
import nodejs       # noqa: E402
import python_peers     # noqa: E402


def python():
    return ["/usr/bin/python3", python_peers.MIXED, "--fixed", "1500"]


def go():
    return [str(golang.build(golang.rows()[-1])), "fixed", "450"]


def node():
    os.environ["SONDE_NATIVE"] = str(nodejs.native())
    return [nodejs.node(24), str(nodejs.SOURCES / "mixed.js"), "--fixed", "150"]


def java():
    jdk = next(j for j in reversed(jvm.jdks()) if j.there())
    return [jdk.java, "-XX:+UseSerialGC", "-Xmx512m", "-cp", jvm.build().classes, "work.Mixed", "--fixed", "4000"]


TARGETS = {"python": python, "go": go, "node": node, "java": java}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--rates", type=int, nargs="+", default=python_peers.RATES)
    options = parser.parse_args()
    profilers = {name: python_peers.PROFILERS[name] for name in ("sonde", "perf record -g")}
    for name in options.targets or TARGETS:
        print(f"== {name}")
        python_peers.slowdown(TARGETS[name](), profilers, options.rounds, options.rates)


if __name__ == "__main__":
    main()
