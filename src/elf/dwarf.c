/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/dwarf.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/vec.h"
#include "elf/dwarf_internal.h"

#define SMALL_JOB ((uint64_t)1 << 20)	/* bytes of units that are not worth a second thread */

#define RELEASE_MIN ((uintptr_t)64 << 10)

/* ---- open and close */

/* Functions that the linker removed keep their debug information, moved to address 0 or so. */
static uint64_t lowest_code(const struct elf *elf)
{
	uint64_t lowest = UINT64_MAX;

	for (uint32_t i = 0; i < elf->n_sections; i++)
		if ((elf->sections[i].flags & SHF_EXECINSTR) && elf->sections[i].vaddr < lowest)
			lowest = elf->sections[i].vaddr;
	return lowest == UINT64_MAX ? 0 : lowest;
}

/* Reads sections and unit headers, and opens the files beside. -ENOENT without any unit. */
static int load(struct dwarf *dwarf)
{
	int rc;

	dwarf->deferred = false;
	dwarf_sections_load(&dwarf->main, false);
	rc = dwarf_units_load(&dwarf->main, false);
	if (rc == 0 && !dwarf->main.n_units)
		rc = -ENOENT;
	if (rc == 0)
		rc = dwarf_alt_open(dwarf);
	if (rc == 0)
		rc = dwarf_dwp_open(dwarf);
	return rc;
}

static int open_dwarf(struct dwarf **ret_dwarf, struct elf *elf, const char *path, bool deferred,
		      struct err *err)
{
	struct dwarf *dwarf = calloc(1, sizeof(*dwarf));
	int rc = -ENOMEM;

	if (!dwarf)
		goto out;
	for (int i = 0; i < DWARF_WORKERS_MAX; i++)
		dwarf->workers[i].dwarf = dwarf;
	dwarf->main.elf = elf;
	dwarf->text_lo = lowest_code(elf);
	dwarf->path = strdup(path);
	if (!dwarf->path)
		goto out;
	dwarf->deferred = deferred;
	rc = deferred ? 0 : load(dwarf);
out:
	if (rc < 0) {
		dwarf_close(dwarf);
		return err_fail(err, rc, "%s: %s", path, rc == -ENOENT ?
				"no debug information; install its debug package or build with -g" :
				err_text(rc));
	}
	*ret_dwarf = dwarf;
	return 0;
}

int dwarf_open(struct dwarf **ret_dwarf, struct elf *elf, const char *path, struct err *err)
{
	return open_dwarf(ret_dwarf, elf, path, dwarf_part_possible(elf), err);
}

static void close_worker(struct worker *worker)
{
	for (struct abbrevs *a = worker->all_abbrevs; a; a = a->next)
		dwarf_abbrevs_fini(a);
	for (struct dwarf_file *file = worker->others; file;) {
		struct dwarf_file *before = file->before;

		dwarf_file_fini(file);
		file = before;
	}
	idindex_fini(&worker->function_ids);
	free(worker->functions);
	arena_fini(&worker->temp);
	arena_fini(&worker->keep);
}

void dwarf_close(struct dwarf *dwarf)
{
	if (!dwarf)
		return;
	dwarf_close(dwarf->whole);
	for (int i = 0; i < DWARF_WORKERS_MAX; i++)
		close_worker(&dwarf->workers[i]);
	dwarf_file_fini(&dwarf->main);
	free(dwarf->path);
	free(dwarf);
}

/* ---- units as jobs */

struct jobs {
	struct dwarf *dwarf;
	uint32_t *units;	/* largest first */
	uint32_t n, cap;
	uint64_t bytes;
	_Atomic uint32_t next;
};

struct job_thread {
	struct jobs *jobs;
	struct worker *worker;
	pthread_t thread;
};

/* A unit's DIEs are read once: their pages are given back, so that a large file does not end up in
 * memory as a whole. (What is read again, for a name, comes back from the page cache.) */
static void release_dies(const struct unit *unit)
{
	const struct mapped_file *file = &unit->file->elf->file;
	uintptr_t start = (uintptr_t)unit->file->sections.info.p + unit->off;
	uintptr_t end = start + (unit->end - unit->off), page = (uintptr_t)sysconf(_SC_PAGESIZE);
	bool mapped = file->p && !file->copied && start >= (uintptr_t)file->p &&
		      end <= (uintptr_t)file->p + file->n;

	start = (start + page - 1) / page * page;
	end = end / page * page;
	if (mapped && end > start && end - start >= RELEASE_MIN)
		madvise((void *)start, end - start, MADV_DONTNEED);
}

static void *run_jobs(void *arg)
{
	struct job_thread *self = arg;
	struct jobs *jobs = self->jobs;
	uint32_t i;

	while ((i = atomic_fetch_add(&jobs->next, 1)) < jobs->n && !self->worker->rc) {
		uint32_t number = jobs->units[i];
		struct unit *unit = &jobs->dwarf->main.units[number];

		dwarf_rows(self->worker, unit, number + 1);
		dwarf_walk(self->worker, unit, number + 1);
		release_dies(unit->dwo ? unit->dwo : unit);
	}
	return NULL;
}

static int larger_first(const void *a, const void *b, void *ctx)
{
	const struct unit *units = ctx;
	const struct unit *x = &units[*(const uint32_t *)a], *y = &units[*(const uint32_t *)b];
	uint64_t nx = x->end - x->off, ny = y->end - y->off;

	if (nx != ny)
		return nx < ny ? 1 : -1;
	return (x > y) - (x < y);
}

static int list_jobs(struct jobs *jobs)
{
	struct dwarf_file *file = &jobs->dwarf->main;

	for (uint32_t i = 0; i < file->n_units; i++) {
		struct unit *unit = &file->units[i];

		if (!unit->owned)
			continue;
		if (VEC_RESERVE(&jobs->units, &jobs->cap, (uint64_t)jobs->n + 1) < 0)
			return -ENOMEM;
		jobs->units[jobs->n++] = i;
		/* a skeleton is small, and what it stands for is not known yet */
		jobs->bytes += unit->type == DW_UT_skeleton ? 1 << 16 : unit->end - unit->off;
	}
	if (jobs->n)
		qsort_r(jobs->units, jobs->n, sizeof(*jobs->units), larger_first, file->units);
	return 0;
}

static unsigned count_threads(const struct jobs *jobs)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t n = cpus < 1 ? 1 : cpus > DWARF_WORKERS_MAX ? DWARF_WORKERS_MAX : (uint32_t)cpus;

	if (jobs->bytes < SMALL_JOB)
		return 1;
	return n < jobs->n ? n : jobs->n;
}

/* Reads every unit that owns queries. A thread that cannot be had leaves its work to the others. */
static int run_all(struct dwarf *dwarf)
{
	struct jobs jobs = { .dwarf = dwarf };
	struct job_thread threads[DWARF_WORKERS_MAX];
	unsigned n, started = 0;
	int rc = list_jobs(&jobs);

	if (rc < 0)
		goto out;
	n = count_threads(&jobs);
	for (unsigned i = 0; i < n; i++) {
		threads[i] = (struct job_thread){ .jobs = &jobs, .worker = &dwarf->workers[i] };
		if (i && pthread_create(&threads[i].thread, NULL, run_jobs, &threads[i]))
			break;
		started = i + 1;
	}
	if (started)
		run_jobs(&threads[0]);
	for (unsigned i = 1; i < started; i++)
		pthread_join(threads[i].thread, NULL);
	for (unsigned i = 0; i < started && rc == 0; i++)
		rc = dwarf->workers[i].rc;
out:
	free(jobs.units);
	return rc;
}

/* ---- results */

/* Frames that a query will have: its calls, or one for a line without a function. */
static uint32_t count_frames(const struct queries *queries, uint32_t q)
{
	uint32_t n = 0;

	for (const struct call *call = queries->leaf[q]; call; call = call->caller)
		n++;
	if (!n && (queries->row[q].file || queries->row[q].line))
		n = 1;
	return n;
}

static void set_place(struct dwarf_frame *frame, const struct line_file *file, uint32_t line,
		      uint32_t column)
{
	frame->line = line;
	frame->column = column;
	if (!file)
		return;
	frame->file = file->name;
	if (!str_starts(file->name, STR("/")))
		frame->dir = *file->dir;
}

static void fill_frames(const struct queries *queries, uint32_t q, struct dwarf_frame *frame)
{
	const struct line_row *row = &queries->row[q];
	const struct call *call = queries->leaf[q];

	set_place(frame, row->file, row->line, row->column);
	for (; call; call = call->caller, frame++) {
		const struct function *function = call->function;

		if (function) {
			frame->name = function->name;
			frame->start_line = function->decl_line;
			if (function->decl_file) {
				frame->decl_file = function->decl_file->name;
				if (!str_starts(frame->decl_file, STR("/")))
					frame->decl_dir = *function->decl_file->dir;
			}
		}
		if (call->caller)
			set_place(frame + 1, call->file, call->line, call->column);
	}
}

static int make_result(const struct queries *queries, struct dwarf_result *result)
{
	uint64_t total = 0;

	result->first = calloc((size_t)queries->n + 1, sizeof(*result->first));
	if (!result->first)
		return -ENOMEM;
	for (uint32_t q = 0; q < queries->n; q++) {
		result->first[q] = (uint32_t)total;
		total += count_frames(queries, q);
		if (total > UINT32_MAX)
			return -ENOMEM;
	}
	result->first[queries->n] = (uint32_t)total;
	result->frames = calloc(total + 1, sizeof(*result->frames));
	if (!result->frames)
		return -ENOMEM;
	result->n = queries->n;
	result->n_frames = result->cap_frames = (uint32_t)total;
	for (uint32_t q = 0; q < queries->n; q++)
		if (result->first[q + 1] > result->first[q])
			fill_frames(queries, q, &result->frames[result->first[q]]);
	return 0;
}

void dwarf_result_fini(struct dwarf_result *result)
{
	free(result->first);
	free(result->frames);
	*result = (struct dwarf_result){ 0 };
}

/* Tables are normally read once, or once a thread; a damaged file must not have them read for
 * every unit. */
static void set_budgets(struct dwarf *dwarf)
{
	const struct dwarf_sections *s = &dwarf->main.sections;
	int64_t slack = 16 << 20;

	for (int i = 0; i < DWARF_WORKERS_MAX; i++) {
		struct worker *worker = &dwarf->workers[i];

		worker->rc = 0;
		worker->abbrev_budget = slack + (int64_t)s->abbrev.n * 8;
		worker->line_budget = slack + (int64_t)s->line.n * 8;
		worker->range_budget = slack + (int64_t)(s->ranges.n + s->rnglists.n) * 4;
	}
}

static int resolve(struct dwarf *dwarf)
{
	int rc = dwarf_attach(dwarf);

	if (rc == 0)
		rc = run_all(dwarf);
	if (rc == 0)
		rc = dwarf_attach_rootless(dwarf);
	if (rc == 0)
		rc = run_all(dwarf);
	for (int i = 0; rc == 0 && i < DWARF_ROUNDS_MAX && dwarf_attach_overlaps(dwarf); i++)
		rc = run_all(dwarf);
	return rc;
}

/* *ret_enough: whether this is all that can be said. */
static int resolve_here(struct dwarf *dwarf, const uint64_t *vaddrs, uint32_t n,
			struct dwarf_result *ret_result, bool *ret_enough, struct err *err)
{
	struct dwarf_result result = { 0 };
	int rc = 0;

	if (n)
		rc = queries_init(&dwarf->queries, vaddrs, n);
	set_budgets(dwarf);
	dwarf->covered = calloc(dwarf->main.n_units, sizeof(*dwarf->covered));
	if (!dwarf->covered)
		rc = -ENOMEM;
	if (rc == 0 && n)
		rc = resolve(dwarf);
	if (rc == 0)
		rc = make_result(&dwarf->queries, &result);
	*ret_enough = !dwarf->main.cut || dwarf_part_enough(dwarf);
	free(dwarf->covered);
	queries_fini(&dwarf->queries);
	for (int i = 0; i < DWARF_WORKERS_MAX; i++)
		arena_fini(&dwarf->workers[i].temp);
	if (rc < 0) {
		dwarf_result_fini(&result);
		return err_fail(err, rc, "cannot resolve %u addresses of %s: %s", n, dwarf->path,
				err_text(rc));
	}
	*ret_result = result;
	return 0;
}

void dwarf_prepare(struct dwarf *dwarf, const uint64_t *vaddrs, uint32_t n)
{
	if (!dwarf->deferred)
		return;
	dwarf_part_load(dwarf, vaddrs, n);
	dwarf->prepared = true;
	dwarf->prepared_rc = load(dwarf);
}

int dwarf_resolve(struct dwarf *dwarf, const uint64_t *vaddrs, uint32_t n,
		  struct dwarf_result *ret_result, struct err *err)
{
	bool fits = !dwarf->main.cut, enough;
	int rc = 0;

	dwarf_prepare(dwarf, vaddrs, n);
	if (dwarf->prepared) {	/* which may have been for others: then it may not be enough */
		fits = true;
		dwarf->prepared = false;
		rc = dwarf->prepared_rc;
		if (rc < 0 && rc != -ENOENT)
			return err_fail(err, rc, "%s: %s", dwarf->path, err_text(rc));
	}
	if (fits && !dwarf->whole) {
		rc = resolve_here(dwarf, vaddrs, n, ret_result, &enough, err);
		if (rc < 0 || enough)
			return rc;
		dwarf_result_fini(ret_result);
	}
	if (!dwarf->whole)
		rc = open_dwarf(&dwarf->whole, dwarf->main.elf, dwarf->path, false, err);
	return rc < 0 ? rc : resolve_here(dwarf->whole, vaddrs, n, ret_result, &enough, err);
}
