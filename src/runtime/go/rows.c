/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/go/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "elf/elf.h"
#include "runtime/go/special.h"
#include "runtime/go/table.h"

#define FUNCTION_BYTES_MAX 4096u	/* what is known by its code is much smaller */
#define MOVED_MAX ((1 << 30) + (1 << 20))	/* reflection calls with up to 1 GiB of arguments */

static uint64_t hash_of(const struct unwind_rule *rule)
{
	uint64_t halves[2];

	memcpy(halves, rule, sizeof(halves));
	return hash_u64(halves[0], halves[1]);
}

uint32_t go_rows_rule(struct go_rows *rows, const struct unwind_rule *rule)
{
	uint64_t hash = hash_of(rule);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&rows->index, hash, &step)))
		if (!memcmp(&rows->rules[id - 1], rule, sizeof(*rule)))
			return id - 1;
	if (VEC_RESERVE(&rows->rules, &rows->cap_rules, (uint64_t)rows->n_rules + 1) < 0 ||
	    idindex_add(&rows->index, hash, rows->n_rules + 1) < 0) {
		rows->failed = true;
		return GO_RULE_KEEP;
	}
	rows->rules[rows->n_rules] = *rule;
	return rows->n_rules++;
}

uint32_t go_rows_moved(struct go_rows *rows, int32_t moved)
{
	struct unwind_rule rule = { .kind = UNWIND_CFA, .ra_off = -8, .cfa_base = UNWIND_RSP,
				    .ra_reg = UNWIND_RIP, .saves = UNWIND_SAME };
	uint32_t word = (uint32_t)moved / 8, id;

	if (moved < 0 || moved % 8 || moved > MOVED_MAX) {
		rule = (struct unwind_rule){ .kind = UNWIND_UNSUPPORTED };
		return go_rows_rule(rows, &rule);
	}
	if (word < 256 && rows->moved_rules[word])
		return rows->moved_rules[word] - 1;
	rule.cfa_off = moved + 8;
	if (moved) {
		rule.saves = UNWIND_AT_CFA | UNWIND_SAME << 4;
		rule.fp_off = -16;
	}
	id = go_rows_rule(rows, &rule);
	if (word < 256 && !rows->failed)
		rows->moved_rules[word] = id + 1;
	return id;
}

void go_rows_add(struct go_rows *rows, uint64_t vaddr, uint32_t rule)
{
	if (rows->n && vaddr <= rows->items[rows->n - 1].vaddr) {
		/* a signal trampoline begins one byte early; nothing else goes back */
		while (rows->n && vaddr <= rows->items[rows->n - 1].vaddr)
			rows->n--;
	}
	if (rows->n && rows->items[rows->n - 1].rule == rule)
		return;
	if (VEC_RESERVE(&rows->items, &rows->cap, (uint64_t)rows->n + 1) < 0) {
		rows->failed = true;
		return;
	}
	rows->items[rows->n++] = (struct go_row){ vaddr, rule };
}

/* Before it becomes two processes on one stack, vfork's caller takes the return address into r12. */
static uint32_t popped_to_r12(struct go_rows *rows)
{
	const struct unwind_rule rule = { .kind = UNWIND_CFA, .cfa_base = UNWIND_RSP, .cfa_off = 0,
					  .ra_reg = UNWIND_R12, .saves = UNWIND_SAME };

	return go_rows_rule(rows, &rule);
}

void go_rows_by_table(struct go_rows *rows, const struct go_table *table,
		      const struct go_function *function)
{
	struct go_steps steps = go_steps_over(table, function->sp_values, function->start);
	uint64_t end = function->start;
	struct go_step step;

	while (end < function->end && go_steps_next(&steps, &step)) {
		if (step.value == -8 && str_eq(function->name, STR("syscall.rawVforkSyscall")))
			go_rows_add(rows, step.start, popped_to_r12(rows));
		else
			go_rows_add(rows, step.start, go_rows_moved(rows, step.value));
		end = step.end;
	}
}

static void add_function(struct go_rows *rows, const struct go_table *table,
			 const struct elf *elf, const struct go_function *function)
{
	uint64_t size = function->end - function->start;
	struct str code = { 0 };

	/* C code that Go's own linker took in has a name and no more */
	if (!function->sp_values) {
		go_rows_add(rows, function->start, GO_RULE_KEEP);
		return;
	}
	if (go_special_may_be(function) && size <= FUNCTION_BYTES_MAX)
		code = elf_bytes_at(elf, function->start, size);
	if (!code.n || !go_special_add(rows, table, function, code))
		go_rows_by_table(rows, table, function);
}

int go_rows_make(struct go_rows *rows, const struct go_table *table, const struct elf *elf)
{
	uint64_t covered = table->text;		/* each byte once, also in damaged tables */
	struct go_function function;

	*rows = (struct go_rows){ .start = table->text, .end = table->text_end };
	for (uint32_t i = 0; i < table->n_functions && !rows->failed; i++) {
		if (!go_table_function(table, i, &function) || function.end > rows->end ||
		    function.start < covered || function.start >= function.end)
			continue;
		add_function(rows, table, elf, &function);
		covered = function.end;
	}
	if (!rows->failed)
		return 0;
	go_rows_fini(rows);
	return -ENOMEM;
}

void go_rows_fini(struct go_rows *rows)
{
	free(rows->items);
	free(rows->rules);
	idindex_fini(&rows->index);
	*rows = (struct go_rows){ 0 };
}
