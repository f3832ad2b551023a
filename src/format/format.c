/* SPDX-License-Identifier: Apache-2.0 */
#include "format/format.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "format/callgrind.h"
#include "format/contention.h"
#include "format/cpuprofile.h"
#include "format/folded.h"
#include "format/gmon.h"
#include "format/gperfcpu.h"
#include "format/heapprofile.h"
#include "format/input.h"
#include "format/jfr.h"
#include "format/losses.h"
#include "format/massif.h"
#include "format/perfdata.h"
#include "format/perfscript.h"
#include "format/gecko.h"
#include "format/otlp.h"
#include "format/pprof.h"
#include "format/pstats.h"
#include "format/speedscope.h"
#include "format/stackdump.h"
#include "format/stranger.h"
#include "format/tables.h"
#include "format/v8heap.h"
#include "format/v8log.h"
#include "format/wrap.h"
#include "model/profile.h"

#define OF_FUNCTIONS (KEEPS(STACKS) | KEEPS(FILES))

/* Reading asks the rows in this order: the strictest first. */
static const struct format formats[] = {
	{ .name = "jfr", .words = "Java Flight Recorder's, of the JDK and of async-profiler",
	  .detect = jfr_detect, .read = jfr_read },
	{ .name = "perfdata", .words = "perf.data, as perf record writes it",
	  .detect = perfdata_detect, .read = perfdata_read, .takes_directory = true },
	{ .name = "otlp", .words = "OpenTelemetry's profiles, as OTLP sends them", .suffixes = { ".otlp" },
	  .detect = otlp_detect, .read = otlp_read, .write = otlp_write,
	  .keeps = KEEPS_ALL & ~(KEEPS(PERIOD) | KEEPS(STATISTICS) | KEEPS(COMMENTS)) },
	{ .name = "pprof", .words = "pprof's protobuf in gzip: what Sonde keeps profiles in",
	  .suffixes = { ".pb.gz", ".pprof" },
	  .detect = pprof_detect, .read = pprof_read, .write = pprof_write,
	  .keeps = KEEPS_ALL },
	{ .name = "pb", .words = "the same, not compressed", .suffixes = { ".pb" },
	  .write = pprof_write_plain,
	  .keeps = KEEPS_ALL },
	{ .name = "speedscope", .words = "speedscope's JSON: www.speedscope.app opens it",
	  .suffixes = { ".speedscope.json", ".speedscope" }, .is_view = true,
	  .detect = speedscope_detect, .read = speedscope_read, .write = speedscope_write,
	  .keeps = OF_FUNCTIONS | KEEPS(TYPES) | KEEPS(UNIT) | KEEPS(THREADS) },
	{ .name = "gecko", .words = "the Firefox Profiler's: profiler.firefox.com opens it",
	  .suffixes = { ".gecko.json", ".gecko" }, .is_view = true,
	  .detect = gecko_detect, .read = gecko_read, .write = gecko_write, .needs_values = true,
	  .keeps = OF_FUNCTIONS | KEEPS(TIMES) | KEEPS(THREADS) | KEEPS(PROCESSES) | KEEPS(LINES) | KEEPS(COLUMNS) |
		   KEEPS(MODULES) | KEEPS(BUILD_IDS) | KEEPS(ADDRESSES) | KEEPS(KINDS) | KEEPS(INLINED),
	  .held = { { "cpu", "nanoseconds" }, { "samples", "count" } } },
	{ .name = "v8heap", .words = "V8's heap profiles (.heapprofile), of node --heap-prof and Chrome's DevTools",
	  .detect = v8heap_detect, .read = v8heap_read },
	{ .name = "cpuprofile", .words = "V8's CPU profile: Chrome's DevTools and VS Code open it",
	  .suffixes = { ".cpuprofile" }, .is_view = true,
	  .detect = cpuprofile_detect, .read = cpuprofile_read, .write = cpuprofile_write, .needs_values = true,
	  .clamps = true,
	  .keeps = OF_FUNCTIONS, .held = { { "wall", "nanoseconds" }, { "samples", "count" } } },
	{ .name = "pstats", .words = "Python's pstats, as cProfile writes them",
	  .suffixes = { ".pstats", ".prof" },
	  .detect = pstats_detect, .read = pstats_read, .write = pstats_write, .needs_values = true,
	  .clamps = true,
	  .keeps = KEEPS(FILES), .held = { { "wall", "nanoseconds" } } },
	{ .name = "callgrind", .words = "Callgrind's: KCachegrind and callgrind_annotate open it",
	  .suffixes = { ".callgrind", ".cg" },
	  .detect = callgrind_detect, .read = callgrind_read, .write = callgrind_write, .needs_values = true,
	  .clamps = true,
	  .keeps = KEEPS(TYPES) | KEEPS(UNIT) | KEEPS(LINES) | KEEPS(FILES) | KEEPS(MODULES) },
	{ .name = "heapprofile", .words = "the heap, as jemalloc, tcmalloc and gperftools write it",
	  .detect = heapprofile_detect, .read = heapprofile_read },
	{ .name = "contention", .words = "who waited for locks, as Go's debug=1 and gperftools write it",
	  .detect = contention_detect, .read = contention_read },
	{ .name = "gperfcpu", .words = "CPU profiles of gperftools",
	  .detect = gperfcpu_detect, .read = gperfcpu_read },
	{ .name = "v8log", .words = "V8's log, as node --prof writes it",
	  .detect = v8log_detect, .read = v8log_read },
	{ .name = "gmon", .words = "gprof's gmon.out, with --program",
	  .detect = gmon_detect, .read = gmon_read },
	{ .name = "perfscript", .words = "what perf script prints, with any of its fields",
	  .detect = perfscript_detect, .read = perfscript_read },
	{ .name = "chrome", .words = "Chrome's trace events: ui.perfetto.dev opens them",
	  .suffixes = { ".trace.json", ".chrome.json" }, .is_view = true, .write = chrome_write,
	  .needs_values = true },
	{ .name = "dot", .words = "Graphviz: the call graph as a picture", .suffixes = { ".dot", ".gv" },
	  .is_view = true, .untimed = true, .write = dot_write, .needs_values = true },
	{ .name = "csv", .words = "a table of functions, for spreadsheets", .suffixes = { ".csv" },
	  .is_view = true, .untimed = true, .write = csv_write, .needs_values = true },
	{ .name = "tsv", .words = "the same with tabs", .suffixes = { ".tsv" },
	  .is_view = true, .untimed = true, .write = tsv_write, .needs_values = true },
	{ .name = "massif", .words = "the heap, as valgrind's massif saw it",
	  .detect = massif_detect, .read = massif_read },
	{ .name = "stackdump", .words = "stack dumps of jstack, jcmd, py-spy, gdb, eu-stack, Go",
	  .detect = stackdump_detect, .read = stackdump_read },
	{ .name = "columns", .words = "folded stacks with a count for each value type, as difffolded.pl's",
	  .suffixes = { ".columns", ".diff.folded" }, .is_view = true, .untimed = true, .is_any_text = true,
	  .detect = folded_columns_detect, .read = folded_columns_read,
	  .write = folded_columns_write,
	  .keeps = KEEPS(STACKS) | KEEPS(TYPES) | KEEPS(UNIT) },
	{ .name = "folded", .words = "folded stacks: 'main;parse;lex 12', one line a stack",
	  .suffixes = { ".folded", ".collapsed", ".txt" }, .is_view = true, .untimed = true, .is_any_text = true,
	  .detect = folded_detect, .read = folded_read, .write = folded_write,
	  .keeps = KEEPS(STACKS), .held = { { "samples", "count" } }  },
};

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

const struct format *format_table(size_t *ret_n)
{
	*ret_n = N_FORMATS;
	return formats;
}

const struct format *format_named(struct str name)
{
	for (size_t i = 0; i < N_FORMATS; i++)
		if (str_eq(name, str_of(formats[i].name)))
			return &formats[i];
	return NULL;
}

static const struct format *format_ending(struct str name)
{
	for (size_t i = 0; i < N_FORMATS; i++)
		for (int k = 0; k < FORMAT_SUFFIXES_MAX && formats[i].suffixes[k]; k++)
			if (str_ends(name, str_of(formats[i].suffixes[k])))
				return &formats[i];
	return NULL;
}

enum wrapping format_wrapping(const char *path, struct str *ret_stem)
{
	*ret_stem = str_of(path);
	return format_ending(*ret_stem) ? WRAPPING_NONE : wrapping_for_path(path, ret_stem);
}

const struct format *format_for_path(const char *path)
{
	struct str stem;

	format_wrapping(path, &stem);
	return format_ending(stem);
}

/* "pprof, folded, ...": the rows that write. */
static void list_writers(char *text, size_t cap)
{
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < N_FORMATS; i++)
		if (formats[i].write && n < cap)
			n += (size_t)snprintf(text + n, cap - n, "%s%s", n ? ", " : "",
					      formats[i].name);
}

static int detect_and_read(struct profile *profile, struct input *input, struct err *err)
{
	struct str head = input_head(input);
	const char *stranger;

	if (!head.n)
		return err_fail(err, -EBADMSG, "%s is empty: there is no profile in it", input->what);
	for (size_t i = 0; i < N_FORMATS; i++) {
		stranger = formats[i].is_any_text ? stranger_words(head) : NULL;
		if (stranger)
			return err_fail(err, -EBADMSG, "%s is %s", input->what, stranger);
		if (formats[i].detect && formats[i].detect(head) &&
		    (formats[i].takes_directory || !input->directory))
			return formats[i].read(profile, input, err);
	}
	if (input->directory)
		return err_fail(err, -EISDIR, "cannot read %s: it is a directory, and not of perf record --threads",
				input->what);
	return err_fail(err, -EBADMSG, "%s is in no format that Sonde reads (sonde convert --help lists them), or its first bytes "
			"are damaged", input->what);
}

/* `rc` is of opening it. A reader that ran out of memory leaves the sentence on that to us. */
static int read_input(struct profile *profile, struct input *input, int rc, struct err *err)
{
	if (rc == 0)
		rc = detect_and_read(profile, input, err);
	if (rc == 0 && !profile->n_types)	/* a file without samples may tell none; views count something */
		profile_add_type(profile, STR("samples"), STR("count"));
	if (rc == 0 && profile_failed(profile))
		rc = -ENOMEM;
	if (rc == -ENOMEM)
		err_set(err, "cannot read %s: out of memory", input->what);
	input_close(input);
	return rc;
}

int format_read_aided(struct profile *profile, const char *path, const struct read_aid *aid,
		      struct err *err)
{
	struct input input;
	int rc = input_open(&input, path, err);

	if (aid)
		input.aid = aid;
	return read_input(profile, &input, rc, err);
}

int format_read(struct profile *profile, const char *path, struct err *err)
{
	return format_read_aided(profile, path, NULL, err);
}

int format_read_bytes(struct profile *profile, struct str bytes, const char *what,
		      struct err *err)
{
	struct input input;
	int rc = input_open_bytes(&input, bytes, what, err);

	return read_input(profile, &input, rc, err);
}

static int choose(const char *path, const char *name, const struct format **ret_format,
		  struct err *err)
{
	const struct format *format = name ? format_named(str_of(name)) : format_for_path(path);
	char known[256];

	list_writers(known, sizeof(known));
	if (!format && name)
		return err_fail(err, -EINVAL, "no format is called '%s': -f takes %s", name, known);
	if (!format)
		return err_fail(err, -EINVAL, "cannot tell a format from the name '%s': end it in .pb.gz or "
				".folded, or name one with -f (%s)", path, known);
	if (!format->write)
		return err_fail(err, -EINVAL, "%s is a format that Sonde only reads: write one of %s",
				format->name, known);
	*ret_format = format;
	return 0;
}

int format_write(const struct profile *profile, const char *path, const char *format_name,
		 struct err *err)
{
	const struct format *format = NULL;
	struct new_file file = NEW_FILE_CLOSED;
	struct str stem;
	int rc = choose(path, format_name, &format, err);

	if (rc == 0 && format->needs_values && !profile->n_types)
		rc = err_fail(err, -EINVAL, "cannot write %s: the profile has no values", path);
	if (rc == 0)
		rc = new_file_open(&file, path, err);
	if (rc == 0 && !format_name)
		rc = wrap_file(&file, format_wrapping(path, &stem));
	if (rc == 0)
		rc = format->write(profile, &file, err);
	if (rc == -ENOMEM)
		err_set(err, "cannot write %s: out of memory", path);
	if (rc == 0)
		rc = new_file_commit(&file, err);
	new_file_close(&file);
	return rc;
}
