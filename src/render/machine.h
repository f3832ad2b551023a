/* SPDX-License-Identifier: Apache-2.0 */
/* render/machine.h
 *
 * What a view of machine code asks of whoever can read the files that ran: this room knows no ELF, so the
 * reader is handed down (cli/code.h is one).
 */
#ifndef SONDE_RENDER_MACHINE_H
#define SONDE_RENDER_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct buf;
struct code_row;
struct err;
struct profile;

enum machine_flow { MACHINE_NEXT, MACHINE_JUMP, MACHINE_CALL };

struct machine_insn {
	uint64_t vaddr;
	uint64_t target;		/* of a jump or call, or an address that an operand means; 0: none */
	struct str target_name;		/* "puts@plt": the symbol that holds it; empty when there is none */
	uint64_t target_offset;		/* from where that begins */
	uint32_t size;
	enum machine_flow flow;
	struct str mnemonic, operands;
	struct str file, inlined;	/* where it comes from; the function that was inlined there, or empty */
	uint32_t line;			/* 0: unknown */
};

struct machine_code {
	struct str name;		/* of the symbol, as a person reads it */
	struct str path;		/* of the file that was read */
	uint64_t vaddr, size;		/* of all of it */
	uint64_t bias;			/* vaddr = the profile's address + bias (modulo 2^64) */
	struct machine_insn *insns;	/* by vaddr, without gaps */
	uint32_t n;
	struct str note;		/* what a reader should know of it; or empty */
};

struct machine_reader {
	void *context;
	/* The function that holds a row's address, lent until the next call. 0 or -errno with a sentence that
	 * says why its code cannot be shown. */
	int (*read)(void *context, const struct profile *profile, const struct code_row *row,
		    struct machine_code *ret_code, struct err *err);
};

/* The instruction that holds vaddr, or -1. */
int64_t machine_find(const struct machine_code *code, uint64_t vaddr);

/* Which instruction each row is at, and what each instruction cost: one entry for each instruction, to be
 * freed; NULL when out of memory. Rows [*at, n) that lie in the code are taken: *at is moved on. */
struct machine_cost {
	int64_t self, total;
};

struct machine_cost *machine_costs(const struct machine_code *code, const struct code_row *rows,
				   uint32_t n, uint32_t *at);

/* For each instruction the number of its label, from 1 on, where a jump of the function goes; else 0. To be
 * freed; NULL when out of memory. */
uint32_t *machine_labels(const struct machine_code *code);

/* "puts@plt", "lex+0x10"; nothing where the target has no symbol. Appended. */
void machine_add_target(struct buf *out, const struct machine_insn *insn);

/* Whether the last operand is the target itself ("jne 0x10"), and not a place that holds it. */
bool machine_is_direct(const struct machine_insn *insn);

#endif
