/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/code.h
 *
 * What each sampled instruction cost of the functions that an expression names.
 *
 *   stack    main 0x40   parse 0x7c   skip (inlined) 0x7c          parse's 0x7c: self
 *            main 0x40   parse 0x90   lex 0xc0                     parse's 0x90: total
 *
 * Inlined calls have no code of their own: theirs is that of the function they are inlined into, which is
 * there too when only one of them is named.
 *
 * self   samples whose innermost function was there
 * total  samples with it anywhere in the stack, once each (callers are at their calls)
 *
 * Memory: malloc's.
 */
#ifndef SONDE_ANALYZE_CODE_H
#define SONDE_ANALYZE_CODE_H

#include <stdint.h>

struct err;
struct filter;
struct profile;

struct code_row {
	uint64_t address;	/* as the profile has it */
	uint32_t module;	/* index into the profile's modules */
	uint32_t function;	/* index into its functions: which one's code it is */
	uint32_t frame;		/* one of its frames there */
	int64_t self, total;
};

struct code_function {
	uint32_t first, n;	/* rows */
	int64_t self;		/* of them all */
};

struct code {
	struct code_row *rows;	/* by module, function, address */
	struct code_function *functions;	/* the costliest by itself first */
	uint32_t n, n_functions;
	int64_t total;		/* of all kept samples */
};

struct code_options {
	const struct filter *filter;	/* NULL: all samples */
	const char *expression;		/* POSIX extended, for names of functions */
	uint32_t type;			/* value type of the profile */
};

/* Rows of functions of which a frame is named so and some kept sample has an instruction; frames without an
 * address have no row. 0; -EINVAL (no such value type, no expression, nothing that matches); -ENOMEM. */
int code_init(struct code *code, const struct profile *profile, const struct code_options *options,
	      struct err *err);
void code_fini(struct code *code);

#endif
