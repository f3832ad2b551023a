/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/unwind.h"

#include <errno.h>
#include <string.h>

#include "base/cursor.h"
#include "base/err.h"
#include "elf/elf.h"
#include "unwind/cfi.h"
#include "unwind/prologue.h"
#include "unwind/rows.h"
#include "unwind/special.h"

/* What a table can hold, and what sorting counts on. */
#define TEXT_MAX (((uint64_t)UNWIND_PAGES_MAX << UNWIND_PAGE_BITS) - 1)

static void find_text(struct cfi *cfi, const struct elf *elf)
{
	cfi->text_start = UINT64_MAX;
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		uint64_t end = segment->vaddr + segment->memsz;

		if (segment->type != PT_LOAD || !(segment->flags & PF_X) || end < segment->vaddr)
			continue;
		if (segment->vaddr < cfi->text_start)
			cfi->text_start = segment->vaddr;
		if (end > cfi->text_end)
			cfi->text_end = end;
	}
	if (cfi->text_end > ROWS_VADDR_MAX)
		cfi->text_end = ROWS_VADDR_MAX;
	if (cfi->text_start > cfi->text_end)
		cfi->text_start = cfi->text_end;
	if (cfi->text_end - cfi->text_start > TEXT_MAX)
		cfi->text_end = cfi->text_start + TEXT_MAX;
}

/* Where a file without section headers says its .eh_frame is: PT_GNU_EH_FRAME's second field (LSB
 * 5.0, "The .eh_frame_hdr section"). It ends at its terminator, at the latest with its segment. */
static void find_by_segment(struct cfi_section *section, const struct elf *elf)
{
	for (uint32_t i = 0; i < elf->n_segments; i++) {
		const struct elf_segment *s = &elf->segments[i];
		struct cfi_section header = { .vaddr = s->vaddr, .data_base = s->vaddr };
		struct cursor c;
		uint8_t encoding;

		if (s->type != PT_GNU_EH_FRAME)
			continue;
		header.bytes = elf_bytes_at(elf, s->vaddr, s->filesz);
		c = cursor_over(header.bytes);
		cursor_u8(&c);
		encoding = cursor_u8(&c);
		cursor_skip(&c, 2);
		section->vaddr = cfi_read_pointer(&c, encoding, &header);
		if (c.failed)
			return;
	}
	for (uint32_t i = 0; section->vaddr && i < elf->n_segments; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (s->type == PT_LOAD && section->vaddr >= s->vaddr &&
		    section->vaddr - s->vaddr < s->filesz)
			section->bytes = elf_bytes_at(elf, section->vaddr,
						      s->filesz - (section->vaddr - s->vaddr));
	}
}

static int find_section(struct cfi_section *section, struct elf *elf, struct str name,
			struct err *err)
{
	const struct elf_section *found = elf_find_section(elf, name);
	const struct elf_section *got = elf_find_section(elf, STR(".got"));
	const struct elf_section *text = elf_find_section(elf, STR(".text"));

	section->vaddr = found ? found->vaddr : 0;
	section->data_base = got ? got->vaddr : 0;
	section->text_base = text ? text->vaddr : 0;
	return elf_section_by_name(elf, name, &section->bytes, err);
}

/* Both sections; one that cannot be had (damaged compression) is as good as absent. */
static int read_sections(struct cfi *cfi, struct cfi_section sections[2], struct elf *elf,
			 struct unwind_stats *stats)
{
	int rc;

	if (find_section(&sections[0], elf, STR(".eh_frame"), NULL) < 0)
		stats->damaged++;
	if (!sections[0].bytes.n && !elf->n_sections)
		find_by_segment(&sections[0], elf);
	sections[1].debug_frame = true;
	if (find_section(&sections[1], elf, STR(".debug_frame"), NULL) < 0)
		stats->damaged++;
	rc = cfi_read_section(cfi, &sections[0], stats);
	if (rc == 0)
		rc = cfi_read_section(cfi, &sections[1], stats);
	return rc;
}

/* Drops what is said twice: of ranges with one start the first, of .debug_frame what .eh_frame
 * covers. The rest may still overlap; then each holds up to the start of the next, which is also
 * what the C++ run-time's search for the nearest start below makes of it. */
static void settle(struct cfi *cfi)
{
	uint64_t covered_to = 0;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < cfi->n; i++) {
		const struct cfi_range *range = &cfi->ranges[i];

		if ((kept && cfi->ranges[kept - 1].start == range->start) ||
		    (range->fallback && range->start < covered_to))
			continue;
		if (!range->fallback && cfi_range_end(range) > covered_to)
			covered_to = cfi_range_end(range);
		if (kept < i)
			cfi->ranges[kept] = *range;
		kept++;
	}
	cfi->n = kept;
}

#define PREFETCH_AHEAD 8

/* glibc's clone() and clone3() end their FDE right before the system call and begin another, in which the
 * return address is undefined, where the new thread starts. In the parent nothing has changed in
 * between: what held before holds there. The new thread comes by, too, on a stack with nothing on it yet. */
#define CLONE_GAP_MAX 64

static bool is_thread_start(const struct cfi_range *range)
{
	return range->rule == UNWIND_RULE_NONE && range->program_n >= 2 &&
	       !memcmp(range->program, "\x07\x10", 2);	/* DW_CFA_undefined: rip */
}

static void add_clone_gap(const struct cfi_output *out, uint64_t start)
{
	uint32_t last = rows_last_rule(out->rows);
	struct unwind_rule rule;

	if (last == UNWIND_RULE_NONE || last >= out->rules->n)
		return;
	rule = out->rules->items[last];
	if (rule.kind != UNWIND_CFA)
		return;
	rule.kind = UNWIND_CLONE;
	rows_add(out->rows, start, unwind_rules_add(out->rules, &rule));
}

/* Of CFI, in programs full of rows. */
#define BYTES_PER_ROW 5

static int write_rows(const struct cfi *cfi, uint64_t bytes, struct cfi_output *out)
{
	uint64_t end = cfi->ranges[0].start;
	uint64_t last = cfi_range_end(&cfi->ranges[cfi->n - 1]);
	int rc = rows_init(out->rows, end, last, bytes / BYTES_PER_ROW);

	for (uint32_t i = 0; i < cfi->n && rc == 0; i++) {
		const struct cfi_range *range = &cfi->ranges[i];
		uint64_t limit = cfi_range_end(range);

		/* In order of address, programs are all over the section. */
		if (i + PREFETCH_AHEAD < cfi->n)
			__builtin_prefetch(cfi->ranges[i + PREFETCH_AHEAD].program);
		if (i + 1 < cfi->n && cfi->ranges[i + 1].start < limit)
			limit = cfi->ranges[i + 1].start;
		if (end < range->start && range->start - end <= CLONE_GAP_MAX && is_thread_start(range))
			add_clone_gap(out, end);
		else if (end < range->start)
			rows_add(out->rows, end, UNWIND_RULE_NONE);
		out->first_row = range->start - end <= CFI_PADDING_MAX ? end : range->start;
		if (range->rule != UNWIND_RULE_NONE)
			rows_add(out->rows, range->start, range->rule);
		else
			cfi_run_fde(&cfi->cies[range->cie], range, limit, out);
		end = limit;
	}
	rows_add(out->rows, end, UNWIND_RULE_NONE);
	return rc;
}

int unwind_build(struct unwind_table *table, struct elf *elf, struct unwind_rules *rules,
		 struct err *err)
{
	struct unwind_table built = { 0 };
	struct cfi cfi = { 0 };
	struct cfi_section sections[2] = { 0 };
	struct rows rows = { 0 };
	struct cfi_output out = { .rows = &rows, .rules = rules, .stats = &built.stats };
	int rc = 0;

	if (elf->machine != EM_X86_64)
		goto out;
	find_text(&cfi, elf);
	rc = read_sections(&cfi, sections, elf, &built.stats);
	if (rc == 0)
		rc = cfi_sort(&cfi);
	if (rc == 0)
		rc = special_add(&cfi, elf, rules);
	if (rc == 0)
		rc = prologue_add(&cfi, elf, rules);
	settle(&cfi);
	if (rc < 0 || !cfi.n)
		goto out;
	rc = write_rows(&cfi, (uint64_t)sections[0].bytes.n + sections[1].bytes.n, &out);
	if (rc == 0)
		rc = rows_finish(&rows, &built);
out:
	if (rc < 0)
		err_set(err, "out of memory while reading unwind information");
	else
		*table = built;
	rows_fini(&rows);
	cfi_fini(&cfi);
	return rc;
}
