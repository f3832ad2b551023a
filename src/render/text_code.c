/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyze/code.h"
#include "base/err.h"
#include "base/sum.h"
#include "model/profile.h"
#include "render/amount.h"
#include "render/label.h"
#include "render/machine.h"
#include "render/page.h"
#include "render/source.h"

/*
 *   hash
 *   /usr/bin/app, 22 instructions: 40.0 % of all by itself
 *     self%  total%   address
 *                              app.c:11            h ^= p[i];
 *       3.1     3.1      12c0  L1:  movzbl  (%rdi), %ecx
 *      10.4    10.4      12c3       xorq    %rcx, %rax
 *                    ...
 *                        12d8       jne     L1 ↑
 *                        12da       callq   sin@plt
 */
#define PERCENT 7
#define ADDRESS 12
#define LABEL 6
#define MNEMONIC 8
#define INLINED 30	/* columns of a function's name before its line */
#define AROUND 3	/* instructions shown before and after those that cost something */
#define SOURCES_MAX 16	/* files kept open: inlined code is of many */

struct listing {
	struct page *page;
	const struct code *code;
	struct str paths[SOURCES_MAX];	/* copies */
	struct source sources[SOURCES_MAX];
	uint32_t n_sources;
};

/* What is shown of one piece of code. */
struct piece {
	const struct machine_code *machine;
	const struct machine_cost *costs;
	const uint32_t *labels;
	bool *shown;
};

static const struct source *source_of(struct listing *list, struct str path, struct str build_id)
{
	const struct text_options *options = list->page->options;
	uint32_t i = 0;
	char *copy;

	while (i < list->n_sources && !str_eq(list->paths[i], path))
		i++;
	if (i < list->n_sources)
		return &list->sources[i];
	copy = i < SOURCES_MAX ? strndup(path.p, path.n) : NULL;
	if (!copy)
		return NULL;
	list->paths[i] = str_of(copy);
	source_open(&list->sources[i], path, &(struct source_places){
		.directory = options->source_directory, .build_id = build_id,
		.fetch = options->fetch_source, .taken_ns = list->page->profile->start_wall_ns });
	list->n_sources++;
	return &list->sources[i];
}

static void put_address(struct page *page, uint64_t vaddr)
{
	page_style(page, STYLE_DIM);
	buf_addf(&page->cell, "%llx", (unsigned long long)vaddr);
	page_put_right(page, ADDRESS);
	page_style(page, STYLE_PLAIN);
}

static void put_cost(struct page *page, int64_t value, int64_t total)
{
	if (value)
		page_put_percent(page, value, total, PERCENT);
	else
		buf_addf(page->out, "%*s", PERCENT, "");
}

/* "app.c:11 (skip)  h ^= p[i];" */
static void put_source_line(struct listing *list, const struct machine_insn *insn, struct str build_id)
{
	const struct source *source = source_of(list, insn->file, build_id);
	struct str line = source ? str_trim(source_line(source, insn->line)) : (struct str){ 0 };
	struct page *page = list->page;
	struct buf text = { 0 };

	buf_addf(&text, "%.*s:%u", STR_ARG(str_basename(insn->file)), insn->line);
	if (insn->inlined.n) {
		buf_add_str(&text, STR(" ("));
		label_fit_box(&text, insn->inlined, INLINED);
		buf_add_u8(&text, ')');
	}
	if (line.n)
		buf_addf(&text, "  %.*s", STR_ARG(line));
	page_style(page, STYLE_DIM);
	buf_addf(page->out, "%*s", 2 * PERCENT + ADDRESS + 2, "");
	label_cut(page->out, buf_str(&text), page->width - 2 * PERCENT - ADDRESS - 2,
		  page->options->unicode);
	page_style(page, STYLE_PLAIN);
	page_end_line(page);
	buf_fini(&text);
}

/* The place a jump or call goes to takes the place of its number; other places are told behind. */
static void add_operands(struct buf *out, const struct piece *piece, uint32_t i, bool unicode)
{
	const struct machine_insn *insn = &piece->machine->insns[i];
	int64_t to = insn->flow == MACHINE_JUMP ? machine_find(piece->machine, insn->target) : -1;
	ptrdiff_t last = str_rfind(insn->operands, ' ');

	if (!machine_is_direct(insn)) {
		buf_add_str(out, insn->operands);
		if (insn->target)
			buf_addf(out, "  # %llx", (unsigned long long)insn->target);
		if (insn->target && insn->target_name.n) {
			buf_add_u8(out, ' ');
			machine_add_target(out, insn);
		}
		return;
	}
	buf_add_str(out, str_head(insn->operands, (size_t)(last + 1)));
	if (to >= 0 && piece->labels[to])
		buf_addf(out, "L%u %s", piece->labels[to], to > (int64_t)i ? unicode ? "↓" : "v" :
			 unicode ? "↑" : "^");
	else if (insn->target_name.n)
		machine_add_target(out, insn);
	else
		buf_addf(out, "%llx", (unsigned long long)insn->target);
}

static void put_insn(struct listing *list, const struct piece *piece, uint32_t i)
{
	const struct machine_insn *insn = &piece->machine->insns[i];
	const struct machine_cost *cost = &piece->costs[i];
	struct page *page = list->page;
	uint32_t fixed = 2 * PERCENT + ADDRESS + 2 + LABEL;
	struct buf text = { 0 };

	put_cost(page, cost->self, list->code->total);
	put_cost(page, cost->total, list->code->total);
	put_address(page, insn->vaddr);
	if (piece->labels[i])
		buf_addf(&text, "L%u:", piece->labels[i]);
	buf_add_str(page->out, STR("  "));
	page_put_left(page, buf_str(&text), LABEL);
	buf_clear(&text);
	buf_addf(&text, "%-*.*s ", MNEMONIC - 1, STR_ARG(insn->mnemonic));
	add_operands(&text, piece, i, page->options->unicode);
	label_cut(page->out, str_trim(buf_str(&text)), page->width - fixed, page->options->unicode);
	page_end_line(page);
	buf_fini(&text);
}

static int costliest_insn_first(const void *left, const void *right, void *context)
{
	const struct machine_cost *costs = context;
	const struct machine_cost *a = &costs[*(const uint32_t *)left], *b = &costs[*(const uint32_t *)right];

	if (a->self != b->self)
		return a->self > b->self ? -1 : 1;
	return a->total > b->total ? -1 : a->total < b->total;
}

/* All of a function that has no more instructions than rows are wanted; of a longer one the costliest and
 * what is around them. */
static int choose_shown(struct piece *piece, uint32_t limit)
{
	uint32_t n = piece->machine->n, *order;

	piece->shown = calloc((size_t)n + 1, sizeof(*piece->shown));
	if (!piece->shown)
		return -ENOMEM;
	if (!limit || n <= limit) {
		memset(piece->shown, true, n);
		return 0;
	}
	order = calloc(n, sizeof(*order));
	if (!order)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), costliest_insn_first, (void *)piece->costs);
	for (uint32_t k = 0; k < limit && (piece->costs[order[k]].self || piece->costs[order[k]].total); k++) {
		uint32_t from = order[k] > AROUND ? order[k] - AROUND : 0;

		for (uint32_t i = from; i <= order[k] + AROUND && i < n; i++)
			piece->shown[i] = true;
	}
	free(order);
	return 0;
}

static bool same_line(const struct machine_insn *a, const struct machine_insn *b)
{
	return a->line == b->line && str_eq(a->file, b->file) && str_eq(a->inlined, b->inlined);
}

static void put_insns(struct listing *list, const struct piece *piece, struct str build_id)
{
	const struct machine_insn *insns = piece->machine->insns;
	bool gap = false;

	for (uint32_t i = 0; i < piece->machine->n; i++) {
		if (!piece->shown[i]) {
			if (!gap)
				buf_addf(list->page->out, "%*s\n", 2 * PERCENT + ADDRESS, "...");
			gap = true;
			continue;
		}
		if (insns[i].line && (!i || gap || !same_line(&insns[i], &insns[i - 1])))
			put_source_line(list, &insns[i], build_id);
		gap = false;
		put_insn(list, piece, i);
	}
}

static void put_heading(struct page *page, struct str path, uint32_t n, int64_t self, int64_t total,
			struct str note)
{
	struct buf text = { 0 };

	buf_addf(&text, "%.*s, %u instruction%s: ", STR_ARG(path), n, n == 1 ? "" : "s");
	amount_add_percent(&text, self, total);
	buf_add_str(&text, STR(" % of all by itself"));
	page_style(page, STYLE_DIM);
	label_cut(page->out, buf_str(&text), page->width, page->options->unicode);
	page_end_line(page);
	if (note.n)
		buf_addf(page->out, "%.*s\n", STR_ARG(note));
	buf_addf(page->out, "%*s%*s%*s\n", PERCENT, "self%", PERCENT, "total%", ADDRESS, "address");
	page_style(page, STYLE_PLAIN);
	buf_fini(&text);
}

static int put_piece(struct listing *list, const struct machine_code *machine, uint32_t *at, uint32_t end)
{
	const struct profile *profile = list->page->profile;
	uint32_t first = *at, module = list->code->rows[first].module;
	struct machine_cost *costs = machine_costs(machine, list->code->rows, end, at);
	uint32_t *labels = machine_labels(machine);
	struct piece piece = { .machine = machine, .costs = costs, .labels = labels };
	int rc = costs && labels ? choose_shown(&piece, list->page->options->limit) : -ENOMEM;
	int64_t self = 0;

	for (uint32_t i = 0; rc == 0 && i < machine->n; i++)
		sum_add(&self, costs[i].self);
	if (rc == 0) {
		page_style(list->page, STYLE_BOLD);
		label_fit(list->page->out, machine->name.n ? machine->name :
			  frame_name(&profile->frames, list->code->rows[first].frame),
			  list->page->width, list->page->options->unicode);
		page_style(list->page, STYLE_PLAIN);
		page_end_line(list->page);
		put_heading(list->page, machine->path, machine->n, self, list->code->total, machine->note);
		put_insns(list, &piece, strings_get(&profile->strings,
						    profile->frames.modules[module].build_id));
	}
	free(costs);
	free(labels);
	free(piece.shown);
	return rc;
}

/* Without code: what each address cost. */
static void put_addresses(struct listing *list, uint32_t from, uint32_t to, const char *why)
{
	struct page *page = list->page;
	const struct profile *profile = page->profile;
	const struct code_row *rows = list->code->rows;

	page_style(page, STYLE_BOLD);
	label_fit(page->out, frame_name(&profile->frames, rows[from].frame), page->width,
		  page->options->unicode);
	page_style(page, STYLE_PLAIN);
	page_end_line(page);
	label_cut(page->out, str_of(why), page->width * 3, page->options->unicode);
	page_end_line(page);
	for (uint32_t i = from; i < to; i++) {
		const struct frame *frame = &profile->frames.frames[rows[i].frame];

		put_cost(page, rows[i].self, list->code->total);
		put_cost(page, rows[i].total, list->code->total);
		put_address(page, rows[i].address);
		if (frame->line)
			buf_addf(page->out, "  line %u", frame->line);
		page_end_line(page);
	}
}

/* Code that the compiler split off (lex.cold) is a piece of its own. */
static int put_function(struct listing *list, const struct code_function *function)
{
	const struct machine_reader *reader = list->page->options->machine;
	uint32_t at = function->first, end = function->first + function->n;
	int rc = 0;

	while (rc == 0 && at < end) {
		struct machine_code machine;
		struct err why = { 0 };
		uint32_t from = at;

		if (at != function->first)
			page_end_line(list->page);
		rc = reader->read(reader->context, list->page->profile, &list->code->rows[at], &machine, &why);
		if (rc == 0)
			rc = put_piece(list, &machine, &at, end);
		if (rc == -ENOMEM)
			return rc;
		if (rc < 0) {
			put_addresses(list, at, end, why.text[0] ? why.text : err_text(rc));
			return 0;
		}
		if (at == from)	/* (the row's own address is always in what was read) */
			at++;
	}
	return rc;
}

int text_code(struct page *page, struct err *err)
{
	struct code code;
	struct listing list = { .page = page, .code = &code };
	uint32_t shown;
	int rc = code_init(&code, page->profile, &(struct code_options){
		.filter = page->options->filter, .expression = page->options->expression,
		.type = page->type }, err);

	if (rc < 0)
		return rc;
	shown = code.n_functions < TEXT_FUNCTIONS_MAX ? code.n_functions : TEXT_FUNCTIONS_MAX;
	for (uint32_t i = 0; rc == 0 && i < shown; i++) {
		if (i)
			page_end_line(page);
		rc = put_function(&list, &code.functions[i]);
	}
	if (rc == 0 && shown < code.n_functions)
		buf_addf(page->out, "\n%u more functions match '%s'\n", code.n_functions - shown,
			 page->options->expression);
	if (rc < 0)
		err_set(err, "out of memory over %u instructions", code.n);
	for (uint32_t i = 0; i < list.n_sources; i++) {
		source_close(&list.sources[i]);
		free((char *)list.paths[i].p);
	}
	code_fini(&code);
	return rc;
}
