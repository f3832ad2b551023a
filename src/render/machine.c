/* SPDX-License-Identifier: Apache-2.0 */
#include "render/machine.h"

#include <stdlib.h>

#include "analyze/code.h"
#include "base/buf.h"
#include "base/sum.h"

int64_t machine_find(const struct machine_code *code, uint64_t vaddr)
{
	uint32_t from = 0, to = code->n;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		const struct machine_insn *insn = &code->insns[middle];

		if (vaddr < insn->vaddr)
			to = middle;
		else if (vaddr - insn->vaddr >= insn->size)
			from = middle + 1;
		else
			return middle;
	}
	return -1;
}

struct machine_cost *machine_costs(const struct machine_code *code, const struct code_row *rows,
				   uint32_t n, uint32_t *at)
{
	struct machine_cost *costs = calloc((size_t)code->n + 1, sizeof(*costs));

	for (; costs && *at < n; ++*at) {
		const struct code_row *row = &rows[*at];
		int64_t insn = machine_find(code, row->address + code->bias);

		if (insn < 0)
			break;
		sum_add(&costs[insn].self, row->self);
		sum_add(&costs[insn].total, row->total);
	}
	return costs;
}

uint32_t *machine_labels(const struct machine_code *code)
{
	uint32_t *labels = calloc((size_t)code->n + 1, sizeof(*labels)), n = 0;

	for (uint32_t i = 0; labels && i < code->n; i++) {
		const struct machine_insn *insn = &code->insns[i];
		int64_t to = insn->flow == MACHINE_JUMP && machine_is_direct(insn) ?
			     machine_find(code, insn->target) : -1;

		if (to >= 0 && code->insns[to].vaddr == insn->target)
			labels[to] = 1;
	}
	for (uint32_t i = 0; labels && i < code->n; i++)
		if (labels[i])
			labels[i] = ++n;
	return labels;
}

void machine_add_target(struct buf *out, const struct machine_insn *insn)
{
	buf_add_str(out, insn->target_name);
	if (insn->target_name.n && insn->target_offset)
		buf_addf(out, "+0x%llx", (unsigned long long)insn->target_offset);
}

bool machine_is_direct(const struct machine_insn *insn)
{
	ptrdiff_t space = str_rfind(insn->operands, ' ');
	struct str last = str_skip(insn->operands, (size_t)(space + 1));

	return insn->target && insn->flow != MACHINE_NEXT &&
	       (str_starts(last, STR("0x")) || str_starts(last, STR("#0x"))) && !str_contains(last, STR("("));
}
