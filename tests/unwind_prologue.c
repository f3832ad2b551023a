/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unwind_prologue.c - rows from code beside rows from CFI, of the same program.
 *
 *   unwind_prologue WITH_CFI WITHOUT_CFI
 *
 * Over the bytes of .text that CFI covers with a plain rule, prints how many got a rule from the
 * code alone, how many of those give the CFA by the same register, in how many of these it is
 * another one, and in how many rbp's or rbx's place is another one (which is no fault: compilers do
 * not say that a register was popped, and its slot still holds it). Exit 1 when more than 1 in 100
 * are wrong. */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "elf/elf.h"
#include "unwind/unwind.h"

struct side {
	struct elf elf;
	struct unwind_rules rules;
	struct unwind_table table;
};

static void open_side(struct side *side, const char *path)
{
	struct err err = { 0 };

	if (elf_open(&side->elf, path, &err) < 0 || unwind_rules_init(&side->rules) < 0 ||
	    unwind_build(&side->table, &side->elf, &side->rules, &err) < 0) {
		printf("%s: %s\n", path, err.text);
		exit(1);
	}
}

static void close_side(struct side *side)
{
	unwind_table_fini(&side->table);
	unwind_rules_fini(&side->rules);
	elf_close(&side->elf);
}

static struct unwind_rule rule_at(const struct side *side, uint64_t vaddr)
{
	return side->rules.items[unwind_find(&side->table, vaddr)];
}

static bool same_place(struct unwind_rule a, struct unwind_rule b)
{
	return a.saves == b.saves && a.fp_off == b.fp_off && a.bx_off == b.bx_off;
}

int main(int argc, char **argv)
{
	static struct side cfi, code;
	const struct elf_section *text;
	unsigned long bytes = 0, ruled = 0, comparable = 0, wrong = 0, misplaced = 0;
	const char *only = argc == 4 ? argv[3] : NULL;

	if (argc < 3)
		return 2;
	open_side(&cfi, argv[1]);
	open_side(&code, argv[2]);
	text = elf_find_section(&cfi.elf, STR(".text"));
	for (uint64_t i = 0; text && i < text->size; i++) {
		struct unwind_rule wanted = rule_at(&cfi, text->vaddr + i);
		struct unwind_rule got = rule_at(&code, text->vaddr + i);

		if (wanted.kind != UNWIND_CFA || wanted.ra_reg != UNWIND_RIP)
			continue;
		bytes++;
		ruled += got.kind == UNWIND_CFA;
		if (got.kind != UNWIND_CFA || got.cfa_base != wanted.cfa_base)
			continue;
		comparable++;
		wrong += got.cfa_off != wanted.cfa_off;
		misplaced += got.cfa_off == wanted.cfa_off && !same_place(got, wanted);
		if (only && (got.cfa_off != wanted.cfa_off || !same_place(got, wanted)))
			printf("%lx: %d, wanted %d\n", (unsigned long)(text->vaddr + i),
			       got.cfa_off, wanted.cfa_off);
	}
	printf("%lu bytes, %lu with a rule, %lu comparable, %lu wrong, %lu misplaced\n", bytes,
	       ruled, comparable, wrong, misplaced);
	close_side(&cfi);
	close_side(&code);
	return !ruled || wrong > comparable / 100;
}
