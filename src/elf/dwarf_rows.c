/* SPDX-License-Identifier: Apache-2.0 */
/* Line programs (DWARF 5, 6.2.5): run once per unit; of the rows only those queries fall into are
 * kept. A query belongs to the last row at or before it, up to the sequence's end. */
#include "elf/dwarf_internal.h"

struct machine {
	uint64_t vaddr;
	uint64_t file;
	uint32_t line, column, op_index;
};

struct run {
	struct queries *queries;
	const struct line_header *header;
	uint32_t owner;
	uint64_t text_lo;
	int64_t steps_left;	/* what a program that jumps to and fro may cost */
	struct machine now, row;	/* row: the last one, valid in a sequence */
	bool in_sequence;
	uint32_t next;		/* the first query at or behind row.vaddr that has no row */
	uint64_t next_vaddr;
	struct {
		uint8_t advance;
		int16_t line;
	} special[256];
};

static void aim(struct run *run, uint32_t next)
{
	run->next = next;
	run->next_vaddr = next < run->queries->n ? run->queries->vaddrs[next] : UINT64_MAX;
}

/* The row before ended at `end`. */
static void give_row(struct run *run, uint64_t end)
{
	struct queries *queries = run->queries;
	const struct line_file *file = dwarf_line_file(run->header, run->row.file);
	uint32_t q = run->next;

	for (; q < queries->n && queries->vaddrs[q] < end && run->steps_left-- > 0; q++) {
		struct line_row *row = &queries->row[q];

		if (queries->owner[q] == run->owner && !row->file && !row->line)
			*row = (struct line_row){ file, run->row.vaddr, run->row.line,
						  run->row.column };
	}
	aim(run, q);
}

static inline void emit(struct run *run)
{
	if (run->in_sequence && run->now.vaddr > run->next_vaddr)
		give_row(run, run->now.vaddr);
	if (!run->in_sequence || run->now.vaddr < run->row.vaddr) {
		/* a sequence below all code is a function that the linker removed */
		aim(run, run->now.vaddr < run->text_lo ? run->queries->n :
			 queries_first(run->queries, run->now.vaddr));
		run->in_sequence = true;
	}
	run->row = run->now;
}

static void start_sequence(struct run *run)
{
	run->now = (struct machine){ .file = 1, .line = 1 };
	run->in_sequence = false;
}

static void advance(struct run *run, uint64_t operations)
{
	const struct line_header *header = run->header;

	if (header->max_ops == 1) {
		run->now.vaddr += operations * header->min_inst;
		return;
	}
	operations += run->now.op_index;
	run->now.vaddr += operations / header->max_ops * header->min_inst;
	run->now.op_index = (uint32_t)(operations % header->max_ops);
}

static void extended(struct run *run, struct cursor *c)
{
	struct cursor body = cursor_sub(c, cursor_uleb(c));
	uint64_t vaddr;

	switch (cursor_u8(&body)) {
	case DW_LNE_end_sequence:
		emit(run);
		start_sequence(run);
		break;
	case DW_LNE_set_address:
		vaddr = cursor_uint(&body, (unsigned)cursor_left(&body));
		if (body.failed)
			break;
		run->now.vaddr = vaddr;
		run->now.op_index = 0;
		break;
	}
}

static void standard(struct run *run, struct cursor *c, uint8_t opcode)
{
	struct machine *now = &run->now;

	switch (opcode) {
	case DW_LNS_copy:
		emit(run);
		break;
	case DW_LNS_advance_pc:
		advance(run, cursor_uleb(c));
		break;
	case DW_LNS_advance_line:
		now->line += (uint32_t)cursor_sleb(c);
		break;
	case DW_LNS_set_file:
		now->file = cursor_uleb(c);
		break;
	case DW_LNS_set_column:
		now->column = (uint32_t)cursor_uleb(c);
		break;
	case DW_LNS_const_add_pc:
		advance(run, run->special[255].advance);
		break;
	case DW_LNS_fixed_advance_pc:
		now->vaddr += cursor_u16(c);
		now->op_index = 0;
		break;
	default:
		for (unsigned i = 0; i < run->header->operands[opcode]; i++)
			cursor_uleb(c);
	}
}

static void run_program(struct run *run)
{
	struct cursor c = cursor_over(run->header->program);
	uint8_t base = run->header->opcode_base;

	start_sequence(run);
	while (cursor_more(&c)) {
		uint8_t opcode = *c.p++;

		if (opcode >= base) {
			advance(run, run->special[opcode].advance);
			run->now.line += (uint32_t)run->special[opcode].line;
			emit(run);
		} else if (opcode) {
			standard(run, &c, opcode);
		} else {
			extended(run, &c);
		}
	}
}

void dwarf_rows(struct worker *worker, struct unit *unit, uint32_t owner)
{
	const struct line_header *header = dwarf_lines(worker, unit);
	struct run run;

	if (!header || !dwarf_spend(&worker->line_budget, header->program.n))
		return;
	memset(&run, 0, sizeof(run));
	run.queries = &worker->dwarf->queries;
	run.header = header;
	run.owner = owner;
	run.text_lo = worker->dwarf->text_lo;
	run.steps_left = (int64_t)unit->owned * 64 + DWARF_SLACK;
	for (unsigned opcode = header->opcode_base; opcode < 256; opcode++) {
		unsigned adjusted = opcode - header->opcode_base;

		run.special[opcode].advance = (uint8_t)(adjusted / header->line_range);
		run.special[opcode].line =
			(int16_t)(header->line_base + (int)(adjusted % header->line_range));
	}
	run_program(&run);
}
