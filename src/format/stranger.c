/* SPDX-License-Identifier: Apache-2.0 */
#include "format/stranger.h"

#include <stdbool.h>
#include <stddef.h>

/* Blanks in front are passed over where it is text. */
static const struct stranger {
	struct str begin;
	size_t at;
	struct str also;	/* somewhere in the head; empty: nothing more is asked */
	const char *words;
} strangers[] = {
#define S(text) { text, sizeof(text) - 1 }
	{ S("\x1f\x8b"), 0, { 0 }, "packed twice: unpack it once (gzip -d)" },
	{ S("\x28\xb5\x2f\xfd"), 0, { 0 }, "packed twice: unpack it once (zstd -d)" },
	{ S("\xfd" "7zXZ"), 0, { 0 }, "packed with xz: unpack it first (xz -d)" },
	{ S("1AY&SY"), 4, { 0 }, "packed with bzip2: unpack it first (bzip2 -d)" },
	{ S("\x04\x22\x4d\x18"), 0, { 0 }, "packed with lz4: unpack it first (lz4 -d)" },
	{ S("PK\x03\x04"), 0, { 0 }, "a zip archive: unpack it first" },
	{ S("ustar"), 257, { 0 }, "a tar archive: unpack it first" },
	{ S("\xff\xfe"), 0, { 0 }, "text in UTF-16: write it as UTF-8" },
	{ S("\xfe\xff"), 0, { 0 }, "text in UTF-16: write it as UTF-8" },
	{ S("\x7f" "ELF"), 0, { 0 }, "a program, library or core, and no profile: sonde record -- PROGRAM takes one" },
	{ S("\xca\xfe\xba\xbe"), 0, { 0 }, "a Java class, and no profile" },
	{ S("go 1."), 0, S(" trace"), "a trace of Go's scheduler, and no profile: fetch /debug/pprof/profile instead" },
	{ S("JAVA PROFILE 1."), 0, { 0 }, "a heap dump of a JVM, which holds objects and no stacks: record with JFR for allocations" },
	{ S("{\"snapshot\""), 0, { 0 }, "a heap snapshot of V8, which holds objects and no stacks: node --heap-prof writes stacks" },
	{ S("{"), 0, S("\"traceEvents\""), "a list of trace events: Sonde writes such files and does not read them" },
	{ S("[{"), 0, S("\"ph\""), "a list of trace events: Sonde writes such files and does not read them" },
	{ S("{\"version\":1,\"type\""), 0, { 0 }, "a report of Sonde's (--json), and no profile: convert the profile that it was made of" },
	{ S("<?xml"), 0, { 0 }, "a picture or a page: these are written and not read; use the profile that it was made of" },
	{ S("<svg"), 0, { 0 }, "a picture: these are written and not read; use the profile that it was made of" },
	{ S("<!--"), 0, { 0 }, "a page: these are written and not read; use the profile that it was made of" },
	{ S("<!doctype"), 0, { 0 }, "a page: these are written and not read; use the profile that it was made of" },
	{ S("<!DOCTYPE"), 0, { 0 }, "a page: these are written and not read; use the profile that it was made of" },
	{ S("<html>"), 0, { 0 }, "a page: these are written and not read; use the profile that it was made of" },
	{ S("v 1"), 0, S("\nX "), "heaptrack's: heaptrack_print -F x.folded FILE makes folded stacks of it" },
	{ S("digraph "), 0, S("{"), "a graph for Graphviz: these are written and not read" },
	{ S("{\"libs\":["), 0, S("\"breakpadId\""), "a raw profile of Firefox: open it at profiler.firefox.com and save it there; that is read" },
	{ S("{\"dhatFileVersion\""), 0, { 0 }, "valgrind's DHAT's: its dh_view.html opens it; massif's files are read" },
	{ S("Attaching "), 0, S("@["), "bpftrace's: FlameGraph's stackcollapse-bpftrace.pl makes folded stacks of it" },
	{ S("@["), 0, S("]: "), "bpftrace's: FlameGraph's stackcollapse-bpftrace.pl makes folded stacks of it" },
	{ S("PeriodType: "), 0, S("Samples:\n"), "what pprof -raw prints: use the profile that it was made of" },
	{ S("File: "), 0, S("\nType: "), "what pprof prints: use the profile that it was made of" },
	{ S("Type: "), 0, S("flat%"), "what pprof prints: use the profile that it was made of" },
	{ S("# To display the perf.data header info"), 0, { 0 }, "what perf report prints: use the perf.data that it was made of" },
	{ S("# started on "), 0, S("Performance counter stats"), "what perf stat prints: counts without stacks" },
	{ S("Performance counter stats"), 0, { 0 }, "what perf stat prints: counts without stacks" },
	{ S("Flat profile:"), 0, { 0 }, "what gprof prints: use the gmon.out that it was made of, with --program" },
	{ S("Statistical profiling result from "), 0, { 0 }, "what node --prof-process prints: use the log that it was made of" },
	{ S("-----"), 0, S("ms_print arguments:"), "what ms_print prints: use the massif.out that it was made of" },
	{ S("-----"), 0, S("Profile data file '"), "what callgrind_annotate prints: use the callgrind.out that it was made of" },
	{ S("% time     seconds "), 0, { 0 }, "what strace -c prints: counts without stacks" },
	{ S("[<0>] "), 0, { 0 }, "of /proc/PID/stack, which tells no threads apart: sonde record -p PID takes a profile" },
	{ S("{"), 0, S("\"threadDump\""), "a JVM's dump of threads as JSON: without -format=json it is read" },
	{ S("["), 0, S("\"os_thread_id\""), "py-spy's dump as JSON: py-spy dump without --json is read" },
	{ S("\x89PNG"), 0, { 0 }, "a picture, and no profile" },
	{ S("GIF89a"), 0, { 0 }, "a picture, and no profile" },
	{ S("\xff\xd8\xff"), 0, { 0 }, "a picture, and no profile" },
	{ S("%PDF-"), 0, { 0 }, "a document, and no profile" },
	{ S("%!PS"), 0, { 0 }, "a document, and no profile" },
	{ S("SQLite format 3"), 0, { 0 }, "a database, and no profile" },
	{ S("function,module,file,line,kind,"), 0, { 0 }, "a table: these are written and not read; use the profile that it was made of" },
	{ S("function\tmodule\tfile\tline\tkind\t"), 0, { 0 }, "a table: these are written and not read; use the profile that it was made of" },
#undef S
};

const char *stranger_words(struct str head)
{
	struct str text = head;

	while (text.n && (text.p[0] == ' ' || text.p[0] == '\n' || text.p[0] == '\r' || text.p[0] == '\t'))
		text = str_skip(text, 1);
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		const struct stranger *s = &strangers[i];

		if (str_starts(s->at ? str_skip(head, s->at) : text, s->begin) && str_contains(str_head(text, 4096), s->also))
			return s->words;
	}
	return NULL;
}
