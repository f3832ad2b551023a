/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include "cli/reading.h"
#include "cli/target.h"

#define END { 0, NULL, NULL, NULL }

static const struct option_row record_options[] = {
	TARGET_OPTIONS,
	{ 'e', "event", "EVENT", "what to count: cpu (the default)" },
	{ 'F', "rate", "HZ", "samples a second on each CPU (default 99)" },
	{ 'd', "duration", "TIME", "how long: 30, 30s, 2m (default: 10 s, or until COMMAND ends)" },
	{ 'o', "output", "FILE", "where to; its ending names the format; may be repeated; - is standard "
				 "output (default sonde.pb.gz)" },
	{ 'f', "format", "NAME", "write this format whatever FILE is called" },
	NATIVE_OPTION,
	PAGE_OPTIONS,
	{ 258, "no-times", NULL, "leave out when each sample was taken: a smaller file, without a time axis" },
	{ 257, "ring", "KIB", "size of the buffer between kernel and user space" },
	END
};

static const struct option_row report_options[] = {
	{ 300, "top", NULL, "functions by their own time (the default)" },
	{ 306, "total", NULL, "sort by time including callees" },
	{ 301, "tree", NULL, "the call tree, from the root down" },
	{ 302, "lines", NULL, "by source line instead of function" },
	{ 303, "threads", NULL, "who ran: processes and threads" },
	{ 307, "peek", "REGEX", "functions of that name, who called them and what they called" },
	{ 308, "callers", "REGEX", "only who called them" },
	{ 309, "callees", "REGEX", "only what they called" },
	{ 310, "list", "REGEX", "their source, line by line, with what each line cost" },
	{ 315, "disasm", "REGEX", "their code, instruction by instruction, with what each cost" },
	{ 314, "asm", NULL, "with --list: code instead of source, as --disasm" },
	{ 311, "source", "DIR", "where --list and --disasm look for source files first" },
	{ 312, "granularity", "WHAT", "rows of the table: function, line, file, module, address, "
				       "or function and kind of code: kind" },
	{ 304, "json", NULL, "for programs (docs/report-json.md)" },
	{ 313, "csv", NULL, "the table for a spreadsheet; of functions with every value type" },
	{ 305, "limit", "N", "rows of the table (default 40; 0: all)" },
	{ 316, "min-share", "PCT", "leave out what costs less of all, with what it calls (default: 1 of the tree, 0 of the "
				    "table)" },
	UNIT_OPTION,
	READING_OPTIONS,
	END
};

static const struct option_row flame_options[] = {
	{ 'o', "output", "FILE", "x.html or x.svg (default flame.html), or any format that sonde convert writes; - is standard output" },
	{ 'f', "format", "NAME", "write this format whatever FILE is called" },
	{ 300, "icicle", NULL, "root at the top (SVG; the HTML page switches)" },
	{ 301, "title", "TEXT", "instead of what was sampled" },
	PAGE_OPTIONS,
	NO_TIMES_OPTION,
	UNIT_OPTION,
	READING_OPTIONS,
	END
};

static const struct option_row diff_options[] = {
	{ 302, "total", NULL, "show costs including callees" },
	{ 300, "lines", NULL, "by source line instead of function" },
	{ 301, "stacks", NULL, "by stack instead of function" },
	{ 310, "granularity", "function|line|stack", "the same in one word" },
	{ 306, "per", "total|time|profile|N[,M]", "compare shares (the default), cost per second, amounts as they "
						  "are (the default of inuse_*), or per work: each run did N "
						  "(base) or M (new)" },
	{ 307, "fail-above", "PCT", "exit with 3 when something surely got more than PCT worse" },
	{ 308, "at-least", "PCT", "what is less of all than that never fails (default 0.5%)" },
	{ 309, "changed", NULL, "only what changed beyond noise" },
	{ 305, "limit", "N", "rows of the table (default 30; 0: all)" },
	{ 303, "json", NULL, "for programs (docs/diff-json.md)" },
	{ 304, "markdown", NULL, "a table for a pull request" },
	{ 'o', "output", "FILE", "x.html, x.svg, x.md, x.json or x.txt; may be repeated" },
	{ 'f', "format", "NAME", "write this format whatever FILE is called" },
	PAGE_OPTIONS,
	UNIT_OPTION,
	READING_OPTIONS,
	END
};

static const struct option_row view_options[] = {
	{ 300, "port", "PORT", "of 127.0.0.1 (default: any that is free)" },
	{ 301, "no-browser", NULL, "only print the address" },
	PAGE_OPTIONS,
	NO_TIMES_OPTION,
	UNIT_OPTION,
	READING_OPTIONS,
	END
};

static const struct option_row convert_options[] = {
	{ 'o', "output", "OUT", "the same as OUT at the end" },
	{ 'f', "format", "NAME", "write this format whatever OUT is called" },
	PROGRAM_OPTION,
	NATIVE_OPTION,
	END
};

static const struct option_row system_options[] = {
	{ 300, "json", NULL, "for programs" },
	END
};

static const struct option_row no_options[] = { END };

const struct command commands[] = {
	{ .name = "record", .usage = "TARGET [options]", .words = "take a profile",
	  .details = "TARGET is -p PID, -n NAME, --cgroup PATH, -a, -- COMMAND ARG..., or the URL of a profile that "
		     "a program serves (net/http/pprof: profile, heap, allocs, goroutine, block, mutex, "
		     "threadcreate).\n"
		     "Children are followed. Ctrl-C ends the recording and keeps what was taken. The exit "
		     "code of a COMMAND is passed through.\n"
		     "  sonde record -p 1234 -d 30 -o cpu.html     30 seconds of a running program\n"
		     "  sonde record -- make -j8                   a command, until it ends\n"
		     "  sonde record -a -F 49 -d 1m                the whole machine\n"
		     "  sonde record http://127.0.0.1:6060 -d 30   a Go program that serves its profiles\n"
		     "  sonde record http://127.0.0.1:6060/debug/pprof/heap",
	  .options = record_options, .run = run_record },
	{ .name = "report", .usage = "[FILE] [options]", .words = "read a profile as a table",
	  .details = "FILE is any profile that Sonde reads (default sonde.pb.gz; - is standard input).",
	  .options = report_options, .run = run_report },
	{ .name = "flame", .usage = "[FILE...] [options]", .words = "draw a profile as a flame graph",
	  .details = "FILE is any profile that Sonde reads (default sonde.pb.gz; - is standard input).\n"
		     "The HTML page is one file that works from disk, without any network. Several FILEs are "
		     "apart in it, with a menu to switch between them (sonde convert A B OUT makes one "
		     "profile of several, sonde diff compares them).",
	  .options = flame_options, .run = run_flame },
	{ .name = "diff", .usage = "[BASE NEW | BASE... -- NEW...] [options]", .words = "what really changed",
	  .details = "Compares profiles: which functions changed by more than noise, with an interval and a "
		     "p-value that is corrected for all that was looked at. Without files: the newest "
		     "recording with the one before it.\n"
		     "Several runs a side tell what runs differ by; one run a side only how far sampling "
		     "errs.\n"
		     "  sonde diff before.pb.gz after.pb.gz\n"
		     "  sonde diff base-*.pb.gz -- new-*.pb.gz --fail-above 5% -o report.md",
	  .options = diff_options, .run = run_diff },
	{ .name = "view", .usage = "[FILE...] [options]", .words = "open a profile in the browser",
	  .details = "Serves the page of 'sonde flame' to this machine only, at an address that cannot be guessed, "
		     "until Ctrl-C; opens $BROWSER, or what the desktop opens pages with.\n"
		     "FILE is any profile that Sonde reads (default sonde.pb.gz; - is standard input). Several are apart "
		     "in the page, with a menu.",
	  .options = view_options, .run = run_view },
	{ .name = "convert", .usage = "IN... OUT", .words = "any format to any other",
	  .details = "IN's format is found by what it contains, OUT's by what it is called. - is standard input or "
		     "output. An OUT that is there is replaced; several INs become one profile, and then it must not be there. What of it OUT's format cannot hold is said.\n"
		     "  sonde convert perf.data x.pb.gz\n"
		     "  perf script | sonde convert - x.speedscope.json\n"
		     "  sonde convert jstack.*.txt x.folded",
	  .options = convert_options, .lists_formats = true, .run = run_convert },
	{ .name = "system", .usage = "", .words = "what this machine permits, and what is missing",
	  .details = "Names the ways of profiling that work here for this user, what each cannot see, "
		     "and how to get the others.",
	  .options = system_options, .run = run_system },
	{ .name = "completion", .usage = "bash|zsh", .words = "print what the shell needs to complete commands and options",
	  .details = "  source <(sonde completion bash)", .options = no_options, .run = run_completion },
	{ .name = "man", .usage = "", .words = "print the manual page",
	  .details = "  sonde man | man -l -", .options = no_options, .run = run_man },
	{ 0 }
};
