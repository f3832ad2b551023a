/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/err.h"
#include "base/vec.h"
#include "format/callgraph.h"
#include "format/gmon.h"
#include "format/input.h"
#include "model/profile.h"

#define HEADER_BYTES 20
#define ROWS_MAX (16u << 20)	/* bins with ticks; arcs */

enum { CALLS, CPU };

struct tick {
	uint64_t vaddr;		/* of the bin's middle */
	uint64_t n;
	uint64_t rate_hz;
};

struct call {
	uint64_t from, self, n;	/* vaddrs: inside the call, in the callee */
};

struct reader {
	struct profile *profile;
	const struct input *input;
	struct cursor c;
	struct tick *ticks;
	struct call *calls;
	uint32_t n_ticks, n_calls, cap_ticks, cap_calls;
	uint64_t *vaddrs;		/* of all of these, ascending and distinct */
	uint32_t *frames, *functions;	/* for each of them; functions of the graph */
	uint32_t n_vaddrs;
	struct callgraph graph;
};

static int bad(const struct reader *r, size_t at, const char *why, struct err *err)
{
	return err_fail(err, -EBADMSG, "%s: byte %zu: %s", r->input->what, at, why);
}

static int read_histogram(struct reader *r, size_t at, struct err *err)
{
	uint64_t low = cursor_u64(&r->c), high = cursor_u64(&r->c);
	uint32_t n = cursor_u32(&r->c), rate = cursor_u32(&r->c);
	struct cursor bins;

	cursor_skip(&r->c, 15);
	if (cursor_u8(&r->c) != 's' && !r->c.failed)
		return bad(r, at, "the histogram is not one of time", err);
	bins = cursor_sub(&r->c, (uint64_t)n * 2);
	if (r->c.failed)
		return bad(r, at, "the histogram is cut short", err);
	if (n && (!rate || high <= low))
		return bad(r, at, "the histogram covers no addresses, or no time", err);
	for (uint32_t i = 0; i < n; i++) {
		uint16_t ticks = cursor_u16(&bins);

		if (!ticks)
			continue;
		if (r->n_ticks == ROWS_MAX)
			return bad(r, at, "it has more than 16777216 places with time", err);
		if (VEC_RESERVE(&r->ticks, &r->cap_ticks, (uint64_t)r->n_ticks + 1) < 0)
			return -ENOMEM;
		r->ticks[r->n_ticks++] = (struct tick){
			low + (uint64_t)((__uint128_t)(high - low) * (2 * (uint64_t)i + 1) / (2 * (uint64_t)n)),
			ticks, rate };
	}
	return 0;
}

static int read_arc(struct reader *r, size_t at, struct err *err)
{
	uint64_t from = cursor_u64(&r->c), self = cursor_u64(&r->c);
	uint32_t n = cursor_u32(&r->c);

	if (r->c.failed)
		return bad(r, at, "an arc is cut short", err);
	if (r->n_calls == ROWS_MAX)
		return bad(r, at, "it has more than 16777216 arcs", err);
	if (VEC_RESERVE(&r->calls, &r->cap_calls, (uint64_t)r->n_calls + 1) < 0)
		return -ENOMEM;
	/* from is where the call returns to */
	r->calls[r->n_calls++] = (struct call){ from ? from - 1 : 0, self, n };
	return 0;
}

static int read_blocks(struct reader *r, size_t at, struct err *err)
{
	uint64_t n = cursor_u64(&r->c);

	if (n > cursor_left(&r->c) / 16)
		return bad(r, at, "the counts of basic blocks are cut short", err);
	cursor_skip(&r->c, n * 16);
	return 0;
}

static int read_records(struct reader *r, struct str bytes, struct err *err)
{
	int rc = 0;

	r->c = cursor_over(bytes);
	cursor_skip(&r->c, HEADER_BYTES);
	if (r->c.failed)
		return bad(r, bytes.n, "its header is cut short", err);
	while (rc == 0 && cursor_more(&r->c)) {
		size_t at = cursor_pos(&r->c);

		switch (cursor_u8(&r->c)) {
		case 0:
			rc = read_histogram(r, at, err);
			break;
		case 1:
			rc = read_arc(r, at, err);
			break;
		case 2:
			rc = read_blocks(r, at, err);
			break;
		default:
			rc = bad(r, at, "a record is none of gmon.out's", err);
		}
	}
	return rc;
}

static int by_value(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static int collect_vaddrs(struct reader *r)
{
	uint64_t n = r->n_ticks + 2 * (uint64_t)r->n_calls, at = 0;

	r->vaddrs = calloc(n + 1, sizeof(*r->vaddrs));
	r->frames = calloc(n + 1, sizeof(*r->frames));
	r->functions = calloc(n + 1, sizeof(*r->functions));
	if (!r->vaddrs || !r->frames || !r->functions)
		return -ENOMEM;
	for (uint32_t i = 0; i < r->n_ticks; i++)
		r->vaddrs[at++] = r->ticks[i].vaddr;
	for (uint32_t i = 0; i < r->n_calls; i++) {
		r->vaddrs[at++] = r->calls[i].from;
		r->vaddrs[at++] = r->calls[i].self;
	}
	qsort(r->vaddrs, n, sizeof(*r->vaddrs), by_value);
	for (uint64_t i = 0; i < n; i++)
		if (!r->n_vaddrs || r->vaddrs[r->n_vaddrs - 1] != r->vaddrs[i])
			r->vaddrs[r->n_vaddrs++] = r->vaddrs[i];
	return 0;
}

static uint32_t find(const struct reader *r, uint64_t vaddr)
{
	const uint64_t *at = bsearch(&vaddr, r->vaddrs, r->n_vaddrs, sizeof(*r->vaddrs), by_value);

	return at ? (uint32_t)(at - r->vaddrs) : 0;
}

/* Frames with a place and no name, where nobody can be asked. */
static void leave_unnamed(struct reader *r)
{
	struct module module = { .path = strings_add(&r->profile->strings, str_of(r->input->aid->program)) };
	struct frame frame = { .module = frames_add_module(&r->profile->frames, &module),
			       .kind = FRAME_NATIVE };

	for (uint32_t i = 0; i < r->n_vaddrs; i++) {
		frame.address = r->vaddrs[i];
		r->frames[i] = frames_add(&r->profile->frames, &frame);
	}
}

/* A wrong program would give wrong names: one that has none of the addresses is certainly one. */
static int check_program(const struct reader *r, struct err *err)
{
	for (uint32_t i = 0; i < r->n_vaddrs; i++)
		if (r->profile->frames.frames[r->frames[i]].kind != FRAME_UNKNOWN)
			return 0;
	return !r->n_vaddrs ? 0 :
	       err_fail(err, -EINVAL, "%s is not from %s: no function of it has any of the addresses, or it is "
			"stripped", r->input->what, r->input->aid->program);
}

/* One function for all of its addresses; an address of its own where it has no name. */
static int find_functions(struct reader *r, struct err *err)
{
	const struct read_aid *aid = r->input->aid;
	int rc = 0;

	if (aid->place)
		rc = aid->place(aid->context, r->profile, aid->program, r->vaddrs, r->n_vaddrs, r->frames, err);
	else
		leave_unnamed(r);
	if (rc == 0)
		rc = check_program(r, err);
	for (uint32_t i = 0; rc == 0 && i < r->n_vaddrs; i++) {
		struct frame frame = r->profile->frames.frames[r->frames[i]];

		frame.line = frame.column = frame.inlined = 0;
		if (frame.function)
			frame.address = 0;
		r->functions[i] = callgraph_function(&r->graph, frames_add(&r->profile->frames, &frame));
	}
	return rc;
}

static void add_ticks(struct reader *r, double *self)
{
	for (uint32_t i = 0; i < r->n_ticks; i++) {
		const struct tick *tick = &r->ticks[i];
		uint32_t at = find(r, tick->vaddr);
		double values[2] = { [CPU] = (double)tick->n * 1e9 / (double)tick->rate_hz };

		self[r->functions[at]] += values[CPU];
		callgraph_self(&r->graph, r->functions[at], r->profile->frames.frames[r->frames[at]].line,
			       values);
	}
}

/* A function that calls and that nobody is seen to call has run all the same: once, as main() does. */
static void add_roots(struct reader *r, const struct gmon_arc *arcs, bool *called)
{
	static const double once[2] = { [CALLS] = 1 };

	for (uint32_t i = 0; i < r->n_calls; i++)
		if (arcs[i].caller != arcs[i].callee)
			called[arcs[i].callee] = true;
	for (uint32_t i = 0; i < r->n_calls; i++) {
		if (!called[arcs[i].caller])
			callgraph_self(&r->graph, arcs[i].caller, 0, once);
		called[arcs[i].caller] = true;
	}
}

static int add_calls(struct reader *r, const double *self)
{
	bool *called = calloc((size_t)r->graph.n_functions + 1, sizeof(*called));
	struct gmon_arc *arcs = calloc((size_t)r->n_calls + 1, sizeof(*arcs));
	int rc = arcs && called ? 0 : -ENOMEM;

	for (uint32_t i = 0; rc == 0 && i < r->n_calls; i++) {
		const struct call *call = &r->calls[i];
		double values[2] = { [CALLS] = (double)call->n };

		arcs[i] = (struct gmon_arc){ .caller = r->functions[find(r, call->from)],
					     .callee = r->functions[find(r, call->self)],
					     .calls = (double)call->n };
		callgraph_self(&r->graph, arcs[i].callee, 0, values);
	}
	if (rc == 0)
		add_roots(r, arcs, called);
	if (rc == 0)
		rc = gmon_spread(self, r->graph.n_functions, arcs, r->n_calls);
	for (uint32_t i = 0; rc == 0 && i < r->n_calls; i++) {
		double values[2] = { [CALLS] = arcs[i].calls, [CPU] = arcs[i].cost };

		callgraph_call(&r->graph, arcs[i].caller, arcs[i].callee, values);
	}
	free(arcs);
	free(called);
	return rc;
}

static int make_stacks(struct reader *r, struct err *err)
{
	double *self;
	int rc = collect_vaddrs(r);

	if (rc == 0)
		rc = find_functions(r, err);
	if (rc < 0)
		return rc;
	self = calloc((size_t)r->graph.n_functions + 1, sizeof(*self));
	if (!self || r->graph.failed)
		rc = -ENOMEM;
	if (rc == 0) {
		add_ticks(r, self);
		rc = add_calls(r, self);
	}
	if (rc == 0)
		rc = callgraph_finish(&r->graph);
	free(self);
	return rc;
}

static bool is_program(const char *path)
{
	static const char magic[4] = "\177ELF";
	char head[sizeof(magic)] = { 0 };
	struct stat st;
	FILE *file;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || access(path, X_OK) < 0)
		return false;
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fread(head, 1, sizeof(head), file) != sizeof(head))
		head[0] = 0;
	fclose(file);
	return !memcmp(head, magic, sizeof(magic));
}

/* The only program in the file's directory: most are run where they were built. False: none, or several. */
static bool find_program(const struct input *input, char path[PATH_MAX])
{
	struct str name = str_basename(str_of(input->path));
	int n_folder = (int)(input->path ? strlen(input->path) - name.n : 0), n = 0;
	char folder[PATH_MAX], candidate[PATH_MAX + NAME_MAX + 1];
	const struct dirent *entry;
	DIR *dir;

	if (!input->path || n_folder >= PATH_MAX - NAME_MAX - 4)
		return false;
	snprintf(folder, sizeof(folder), "%.*s", n_folder, input->path);
	dir = opendir(n_folder ? folder : ".");
	while (dir && (entry = readdir(dir))) {
		snprintf(candidate, sizeof(candidate), "%s%s", folder, entry->d_name);
		if (is_program(candidate) && ++n == 1)
			memcpy(path, candidate, PATH_MAX);
	}
	if (dir)
		closedir(dir);
	return n == 1;
}

static int no_program(const struct input *input, struct err *err)
{
	char path[PATH_MAX];

	if (find_program(input, path))
		return err_fail(err, -EINVAL, "%s does not say which program wrote it: name it with --program (beside "
				"it there is %s)", input->what, path);
	return err_fail(err, -EINVAL, "%s does not say which program wrote it: name it with --program", input->what);
}

/* A program that was built anew since has other functions at these addresses, and nothing tells. */
static void note_newer_program(struct reader *r)
{
	struct stat program, file;
	char text[1024];

	if (!r->input->path || stat(r->input->aid->program, &program) < 0 || stat(r->input->path, &file) < 0 ||
	    program.st_mtime <= file.st_mtime)
		return;
	snprintf(text, sizeof(text), "sonde: note %.*s was written after %.*s: if it was built anew, names are wrong",
		 STR_ARG(str_basename(str_of(r->input->aid->program))),
		 STR_ARG(str_basename(str_of(r->input->path))));
	profile_add_comment(r->profile, str_of(text));
}

int gmon_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader r = { .profile = profile, .input = input,
			    .graph = { .profile = profile, .counts = 1u << CALLS } };
	struct str bytes;
	int rc = input->aid->program ? input_whole(input, &bytes, err) : no_program(input, err);

	profile_add_type(profile, STR("calls"), STR("count"));
	profile_add_type(profile, STR("cpu"), STR("nanoseconds"));
	if (rc == 0)
		rc = read_records(&r, bytes, err);
	if (rc == 0) {
		note_newer_program(&r);
		rc = make_stacks(&r, err);
	}
	if (rc == 0 && r.n_ticks) {
		profile->default_type = CPU;
		profile->period_type = profile->types[CPU];
		profile->period = (int64_t)(1000000000 / r.ticks[0].rate_hz);
	}
	free(r.ticks);
	free(r.calls);
	free(r.vaddrs);
	free(r.frames);
	free(r.functions);
	callgraph_fini(&r.graph);
	return rc;
}

/* Version 1, of a little-endian machine. */
bool gmon_detect(struct str head)
{
	return str_starts(head, STR("gmon\1\0\0\0"));
}
