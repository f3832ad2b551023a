# SPDX-License-Identifier: Apache-2.0
"""What Sonde writes for the Firefox Profiler is what its version 48 says (docs-developer/CHANGELOG-formats.md and src/types/profile.ts
of github.com/firefox-devtools/profiler); and, with FIREFOX_PROFILER set to a folder with that repository, its own upgraders make
a profile of today's version of it, which Sonde reads as the same profile."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from test_every_pair import convert, everything, parts

TABLES = {"stackTable": ("frame", "prefix", "category", "subcategory"),
          "frameTable": ("address", "inlineDepth", "category", "subcategory", "func", "nativeSymbol", "innerWindowID",
                         "implementation", "line", "column"),
          "funcTable": ("isJS", "relevantForJS", "name", "resource", "fileName", "lineNumber", "columnNumber"),
          "resourceTable": ("lib", "name", "host", "type"),
          "nativeSymbols": ("libIndex", "address", "name", "functionSize"),
          "markers": ("data", "name", "startTime", "endTime", "phase", "category"),
          "samples": ("stack", "time", "weight", "threadCPUDelta")}
COLORS = {"transparent", "purple", "green", "orange", "yellow", "lightblue", "blue", "brown", "magenta", "red", "lightred",
          "darkgrey", "grey"}


@pytest.fixture
def files(tmp_path):
    source = everything(tmp_path / "all.pb")
    convert(source, tmp_path / "x.gecko.json", "gecko")
    return source, tmp_path / "x.gecko.json"


def indices(column, limit, none=None):
    return all(value == none or (isinstance(value, int) and 0 <= value < limit) for value in column)


def test_tables_are_whole_and_their_indices_inside(files):
    profile = json.loads(files[1].read_text())
    meta, libs = profile["meta"], profile["libs"]
    assert meta["preprocessedProfileVersion"] == 48 and meta["interval"] > 0 and isinstance(meta["markerSchema"], list)
    assert {"version", "startTime", "processType", "product", "stackwalk", "categories"} <= meta.keys()
    for category in meta["categories"]:
        assert category["name"] and category["color"] in COLORS and category["subcategories"]
    for lib in libs:
        assert {"name", "path", "debugName", "debugPath", "breakpadId", "codeId", "arch"} <= lib.keys()
    assert isinstance(profile["pages"], list) and isinstance(profile["counters"], list)
    assert len(profile["threads"]) == 2
    for thread in profile["threads"]:
        assert isinstance(thread["pid"], str) and isinstance(thread["tid"], int) and thread["pausedRanges"] == []
        assert {"processType", "processStartupTime", "processShutdownTime", "registerTime", "unregisterTime", "isMainThread"} <= thread.keys()
        for name, columns in TABLES.items():
            table = thread[name]
            assert set(columns) <= table.keys(), name
            assert {len(table[column]) for column in columns} == {table["length"]}, name
        strings, stacks, frames, funcs = len(thread["stringArray"]), thread["stackTable"], thread["frameTable"], thread["funcTable"]
        assert all(prefix is None or 0 <= prefix < i for i, prefix in enumerate(stacks["prefix"]))
        assert indices(stacks["frame"], frames["length"]) and indices(frames["func"], funcs["length"])
        assert None not in stacks["frame"] + frames["func"] + frames["category"] + stacks["category"]
        for table in (stacks, frames):
            assert indices(table["category"], len(meta["categories"]))
            assert all(sub < len(meta["categories"][category]["subcategories"])
                       for category, sub in zip(table["category"], table["subcategory"]))
        resources = thread["resourceTable"]
        assert indices(funcs["name"], strings) and indices(funcs["fileName"], strings) and indices(resources["name"], strings)
        assert indices(funcs["resource"], resources["length"], -1) and indices(resources["lib"], len(libs))
        assert all(isinstance(address, int) and address >= -1 for address in frames["address"])
        samples = thread["samples"]
        assert indices(samples["stack"], stacks["length"]) and samples["time"] == sorted(samples["time"])
        assert samples["weightType"] in ("samples", "tracing-ms", "bytes")


HOOKS = """import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
export async function resolve(name, context, next) {
  const base = name.startsWith("firefox-profiler/") ? path.join(process.env.FIREFOX_PROFILER, "src", name.slice(17))
    : name.startsWith(".") && context.parentURL ? path.resolve(path.dirname(fileURLToPath(context.parentURL)), name) : null;
  const found = base && [".ts", ".tsx", "/index.ts", ""].map(end => base + end).find(file => existsSync(file));
  return found ? { url: pathToFileURL(found).href, shortCircuit: true } : next(name, context);
}
"""
UPGRADE = """import fs from "node:fs";
import { register } from "node:module";
register("./hooks.mjs", import.meta.url);
const { attemptToUpgradeProcessedProfileThroughMutation: upgrade } =
  await import(process.env.FIREFOX_PROFILER + "/src/profile-logic/processed-profile-versioning.ts");
fs.writeFileSync(process.argv[3], JSON.stringify(upgrade(JSON.parse(fs.readFileSync(process.argv[2], "utf8")), {})));
"""


def test_firefox_upgrades_it_to_its_own_version_and_sonde_reads_the_same(files, tmp_path):
    profiler, node = os.environ.get("FIREFOX_PROFILER"), os.environ.get("NODE", shutil.which("node"))
    if not profiler or not pathlib.Path(profiler, "src").exists() or not node:
        pytest.skip("FIREFOX_PROFILER names no folder with github.com/firefox-devtools/profiler")
    (tmp_path / "hooks.mjs").write_text(HOOKS)
    (tmp_path / "upgrade.mjs").write_text(UPGRADE)
    done = subprocess.run([node, "--experimental-transform-types", "--no-warnings", tmp_path / "upgrade.mjs", files[1], tmp_path / "new.json"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "new.json").read_text())["meta"]["preprocessedProfileVersion"] > 48
    for name in ("x.gecko.json", "new.json"):
        convert(tmp_path / name, tmp_path / f"{name}.pb", "pb")
    assert parts(tmp_path / "new.json.pb") == parts(tmp_path / "x.gecko.json.pb")
