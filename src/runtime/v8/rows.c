/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/v8/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "elf/elf.h"
#include "elf/lookup.h"
#include "elf/x86.h"
#include "runtime/v8/v8.h"

#define FUNCTIONS_MAX 16384u
#define FUNCTION_BYTES_MAX (1u << 20)
#define PASSES_MAX 6
#define PUSHED_MAX 4096
#define PADDING_SURE 3u		/* so many int3 are no part of an instruction */

/* Where the caller's frame is found from, at an instruction. */
enum place {
	UNKNOWN,
	PUSHED,		/* from rsp: `n` bytes are above the return address */
	POPPED,		/* the return address is in register `n` */
	FRAMED,		/* from rbp */
};

struct state {
	uint8_t place;		/* enum place */
	int16_t n;
};

/* What the builtins are whose instructions do not tell all, by the beginnings of their names. */
enum role {
	ENTRY = 1,	/* C++ calls it: it keeps rbx */
	FRAMED_AT_ENTRY = 2,	/* a function jumps to it, or V8 made the frame: it is the function's, ... */
	FRAMED_TO_THE_END = 4,	/* ... and taken for that to the end */
	OF_FUNCTION = 8,	/* where rbp is the frame's, that is a function's */
};

static const struct {
	struct str name;
	unsigned roles;
} roles[] = {
	{ STR("JSEntry"), ENTRY },
	{ STR("JSConstructEntry"), ENTRY },
	{ STR("JSRunMicrotasksEntry"), ENTRY },
	{ STR("InterpreterEntryTrampoline"), OF_FUNCTION },
	{ STR("InterpreterEnterAt"), FRAMED_AT_ENTRY | OF_FUNCTION },
	{ STR("BaselineOrInterpreterEnterAt"), FRAMED_AT_ENTRY | OF_FUNCTION },
	{ STR("ContinueTo"), FRAMED_AT_ENTRY },
	{ STR("BaselineLeaveFrame"), FRAMED_AT_ENTRY | OF_FUNCTION },
	{ STR("BaselineOutOfLinePrologue"), OF_FUNCTION },
	{ STR("DeoptimizationEntry"), FRAMED_AT_ENTRY | FRAMED_TO_THE_END | OF_FUNCTION },
};

struct function {
	uint64_t start, end;
	unsigned roles;
};

struct rows {
	struct elf *elf;
	const struct v8_file *file;
	v8_row_fn add;
	void *context;
	struct function *functions;
	uint32_t n, cap;
	struct state *states;	/* one a byte of the function at hand */
	uint32_t cap_states;
	struct unwind_rule last;
	uint64_t last_at;
};

static bool see_builtin(void *context, const struct elf_symbol *symbol)
{
	struct rows *rows = context;
	struct function function = { .start = symbol->vaddr };
	struct str name = str_skip(symbol->name, 9);

	if (symbol->vaddr < rows->file->blob || symbol->vaddr >= rows->file->blob_end)
		return true;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (str_starts(name, roles[i].name))
			function.roles = roles[i].roles;
	if (rows->n == FUNCTIONS_MAX ||
	    VEC_RESERVE(&rows->functions, &rows->cap, (uint64_t)rows->n + 1) < 0)
		return false;
	rows->functions[rows->n++] = function;
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static bool is_one(const struct x86_insn *i, uint8_t opcode)
{
	return !i->vex && i->map == X86_ONE_BYTE && i->opcode == opcode;
}

static bool is_one_of(const struct x86_insn *i, uint8_t first, uint8_t last)
{
	return !i->vex && i->map == X86_ONE_BYTE && i->opcode >= first && i->opcode <= last;
}

/* mov to, from between registers, in either encoding. */
static bool is_move(const struct x86_insn *i, unsigned to, unsigned from)
{
	if (!i->has_modrm || x86_mod(i) != 3)
		return false;
	return (is_one(i, 0x89) && x86_rm(i) == to && x86_reg(i) == from) ||
	       (is_one(i, 0x8b) && x86_reg(i) == to && x86_rm(i) == from);
}

static struct state moved(struct state s, int bytes)
{
	if (s.place == PUSHED) {
		/* the return address is dropped: the caller's is on top then */
		s.n = (int16_t)(s.n + bytes == -8 ? 0 : s.n + bytes);
		if (s.n < 0 || s.n > PUSHED_MAX)
			s.place = UNKNOWN;
	}
	return s;
}

/* push [rsp + n] of the return address: before a jump to another function, an argument takes the place where it was. */
static bool copies_return(struct state s, const struct x86_insn *i)
{
	return s.place == PUSHED && x86_mod(i) != 3 && (i->modrm & 7) == 4 && i->sib == 0x24 &&
	       !(i->rex & 3) && i->disp == s.n;
}

/* The state behind an instruction. */
static struct state after(struct state s, const struct x86_insn *i)
{
	unsigned popped = (i->opcode & 7) | (i->rex & 1) << 3;

	if (s.place == UNKNOWN)
		return s;
	if (is_one_of(i, 0x50, 0x57)) {		/* push */
		if (s.place == POPPED && (int)popped == s.n)
			return (struct state){ PUSHED, 0 };
		return moved(s, 8);
	}
	if (is_one(i, 0x68) || is_one(i, 0x6a) || is_one(i, 0x9c))	/* of a number, of the flags */
		return moved(s, 8);
	if (is_one(i, 0xff) && i->has_modrm && (i->modrm >> 3 & 7) == 6)
		return copies_return(s, i) ? (struct state){ PUSHED, 0 } : moved(s, 8);
	if (is_one_of(i, 0x58, 0x5f)) {		/* pop */
		if (s.place == FRAMED && popped == 5)
			return (struct state){ PUSHED, 0 };
		if (s.place == PUSHED && s.n == 0)
			return (struct state){ POPPED, (int16_t)popped };
		return moved(s, -8);
	}
	if (is_one(i, 0x8f) || is_one(i, 0x9d))	/* into memory, the flags */
		return moved(s, -8);
	if (is_one(i, 0xc9))			/* leave */
		return (struct state){ PUSHED, 0 };
	if (is_move(i, 5, 4))
		return (struct state){ FRAMED, 0 };
	if ((is_one(i, 0x81) || is_one(i, 0x83)) && i->has_modrm && x86_mod(i) == 3 &&
	    x86_rm(i) == 4 && i->imm > -PUSHED_MAX && i->imm < PUSHED_MAX) {
		if ((i->modrm >> 3 & 7) == 5)
			return moved(s, i->imm);
		if ((i->modrm >> 3 & 7) == 0)
			return moved(s, -i->imm);
	}
	return s;
}

static bool is_jump(const struct x86_insn *i, bool *ret_conditional)
{
	*ret_conditional = is_one_of(i, 0x70, 0x7f) ||
			   (!i->vex && i->map == X86_0F && i->opcode >= 0x80 && i->opcode <= 0x8f);
	return *ret_conditional || is_one(i, 0xe9) || is_one(i, 0xeb);
}

/* Whether control does not go on behind it. */
static bool is_end(const struct x86_insn *i)
{
	return is_one(i, 0xe9) || is_one(i, 0xeb) || is_one(i, 0xc3) || is_one(i, 0xc2) ||
	       is_one(i, 0xcc) || (is_one(i, 0xff) && i->has_modrm && (i->modrm >> 3 & 7) == 4);
}

/* The first byte of the int3 that end at `at`. */
static size_t padding_before(struct str code, size_t at)
{
	while (at && (uint8_t)code.p[at - 1] == 0xcc)
		at--;
	return at;
}

/* The farthest place that a function is known to jump to, in bytes of the code, with one more instruction of it. Where
 * another may begin does not count: that one is gone on with. */
static size_t reach_of(const struct x86_insn *insn, size_t behind, size_t alignment, size_t reach)
{
	size_t target = behind + (size_t)(int64_t)insn->imm;
	bool conditional;

	if (!is_jump(insn, &conditional) || insn->imm < 0 || target % alignment == 0)
		return reach;
	return target > reach ? target : reach;
}

/* Without names: a function begins behind padding, of one int3 at least, and where no jump from before leads over it
 * into what is behind. Few int3 may be part of an instruction, or stand behind a call that does not return: they
 * count where the instructions from the last beginning on come to an end there. */
static void find_by_padding(struct rows *rows, struct str code)
{
	size_t alignment = rows->file->objects.version < 1000 ? 32 : 64;
	size_t decoded = 0;	/* an instruction begins here; ... */
	struct x86_insn insn = { 0 };	/* ... the one before it */
	size_t reach = 0;	/* of the jumps since the last beginning */

	for (size_t at = 0; at < code.n; at += alignment) {
		size_t padding = padding_before(code, at);

		if (at && (padding == at || (uint8_t)code.p[at] == 0xcc))
			continue;
		while (decoded < padding) {
			if (!x86_decode(str_skip(code, decoded), &insn) || !insn.length)
				insn = (struct x86_insn){ .length = 1 };
			decoded += insn.length;
			reach = reach_of(&insn, decoded, alignment, reach);
		}
		if (at && (reach > at || (at - padding < PADDING_SURE && (decoded != padding || !is_end(&insn)))))
			continue;
		if (rows->n == FUNCTIONS_MAX ||
		    VEC_RESERVE(&rows->functions, &rows->cap, (uint64_t)rows->n + 1) < 0)
			return;
		rows->functions[rows->n++] = (struct function){ .start = rows->file->blob + at };
		decoded = at;
		reach = 0;
	}
}

/* One pass in the order of addresses; true when a state was learnt before its place in it. */
static bool spread(struct state *states, struct str code)
{
	struct x86_insn insn;
	bool again = false, conditional;

	for (size_t at = 0; at < code.n; at += insn.length) {
		struct state s = states[at], next;
		size_t target, behind;

		if (!x86_decode(str_skip(code, at), &insn) || !insn.length) {
			insn.length = 1;
			continue;
		}
		if (s.place == UNKNOWN)
			continue;
		next = after(s, &insn);
		behind = at + insn.length;
		if (!is_end(&insn) && behind < code.n && states[behind].place == UNKNOWN)
			states[behind] = next;
		if (!is_jump(&insn, &conditional))
			continue;
		target = behind + (size_t)(int64_t)insn.imm;
		if (target < code.n && states[target].place == UNKNOWN) {
			states[target] = next;
			again |= target < at;
		}
	}
	return again;
}

static struct unwind_rule rule_of(const struct rows *rows, const struct function *function,
				  struct state s)
{
	struct unwind_rule rule = { .kind = UNWIND_CFA, .ra_off = -8, .cfa_base = UNWIND_RSP,
				    .ra_reg = UNWIND_RIP, .saves = UNWIND_SAME };
	static const uint8_t numbers[16] = {
		UNWIND_RAX, UNWIND_RCX, UNWIND_RDX, UNWIND_RBX, UNWIND_RSP, UNWIND_RBP, UNWIND_RSI,
		UNWIND_RDI, UNWIND_R8, UNWIND_R9, UNWIND_R10, UNWIND_R11, UNWIND_R12, UNWIND_R13,
		UNWIND_R14, UNWIND_R15
	};

	if (s.place == PUSHED) {
		rule.cfa_off = s.n + 8;
	} else if (s.place == POPPED) {
		rule.ra_reg = numbers[s.n & 15];
		rule.ra_off = 0;
	} else {
		rule.cfa_base = UNWIND_RBP;
		rule.cfa_off = 16;
		rule.saves = UNWIND_AT_CFA |
			     (function->roles & ENTRY ? UNWIND_AT_CFA << 4 : UNWIND_SAME);
		rule.fp_off = -16;
		/* EnterFrame's: type, a word, r12 to r15, rbx below the caller's rbp */
		rule.bx_off = function->roles & ENTRY ? -72 : 0;
		/* without a name it may be any of them; the walk looks closer */
		if (!rows->file->trampoline || (function->roles & OF_FUNCTION))
			rule.kind |= UNWIND_MARK_V8;
	}
	return rule;
}

static void emit(struct rows *rows, uint64_t vaddr, const struct unwind_rule *rule)
{
	if (!memcmp(&rows->last, rule, sizeof(*rule)))
		return;
	rows->last = *rule;
	rows->last_at = vaddr;
	rows->add(rows->context, vaddr, rule);
}

static void emit_function(struct rows *rows, const struct function *function, struct str code)
{
	struct state *states = rows->states, last;
	struct x86_insn insn;

	memset(states, 0, code.n * sizeof(*states));
	states[0] = (struct state){ function->roles & FRAMED_AT_ENTRY ? FRAMED : PUSHED, 0 };
	for (int i = 0; i < PASSES_MAX && spread(states, code); i++)
		;
	/* what only a jump through a register reaches: most functions that do have their frame then */
	last = states[0];
	/* no call returns to a function's first byte, but frames that V8 made of code it threw away do */
	if (function->start > rows->file->blob && function->start - 1 > rows->last_at) {
		struct unwind_rule rule = rule_of(rows, function, (struct state){ FRAMED, 0 });

		rule.cfa_add = 1;
		emit(rows, function->start - 1, &rule);
	}
	for (size_t at = 0; at < code.n; at += insn.length) {
		struct unwind_rule rule;
		struct state s = states[at];

		if (!x86_decode(str_skip(code, at), &insn) || !insn.length)
			insn.length = 1;
		if (s.place == UNKNOWN || (function->roles & FRAMED_TO_THE_END))
			s = last;
		else
			last = s;
		rule = rule_of(rows, function, s);
		emit(rows, function->start + at, &rule);
	}
}

int v8_rows_make(const struct v8_file *file, struct elf *elf, v8_row_fn add, void *context)
{
	struct rows rows = { .elf = elf, .file = file, .add = add, .context = context };
	uint64_t size = file->blob_end - file->blob;
	struct str code;
	int rc = 0;

	if (!file->blob || elf->machine != EM_X86_64)
		return 0;
	code = elf_bytes_at(elf, file->blob, size);
	elf_lookup_each(elf, STR("Builtins_"), see_builtin, &rows);
	if (!rows.n)
		find_by_padding(&rows, code);
	if (rows.n)
		qsort(rows.functions, rows.n, sizeof(*rows.functions), by_start);
	for (uint32_t i = 0; i < rows.n; i++) {
		struct function *f = &rows.functions[i];
		struct str body;

		f->end = i + 1 < rows.n ? rows.functions[i + 1].start : file->blob + code.n;
		if (f->end <= f->start || f->end > file->blob + code.n ||
		    f->end - f->start > FUNCTION_BYTES_MAX)
			continue;
		body = str_head(str_skip(code, f->start - file->blob), f->end - f->start);
		if (VEC_RESERVE(&rows.states, &rows.cap_states, (uint64_t)body.n + 1) < 0) {
			rc = -ENOMEM;
			break;
		}
		emit_function(&rows, f, body);
	}
	free(rows.functions);
	free(rows.states);
	return rc;
}
