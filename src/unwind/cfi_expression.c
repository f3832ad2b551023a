/* SPDX-License-Identifier: Apache-2.0 */
/* Compilers write few expressions into CFI, and always in the same form; what they compute is known
 * from that form, and the walker needs no interpreter. */
#include "base/cursor.h"
#include "unwind/cfi.h"

/* DWARF 5, 7.7.1. */
enum {
	OP_deref = 0x06, OP_and = 0x1a, OP_plus = 0x22, OP_plus_uconst = 0x23, OP_shl = 0x24,
	OP_ge = 0x2a, OP_lit0 = 0x30, OP_lit3 = 0x33, OP_lit15 = 0x3f, OP_lit31 = 0x4f,
	OP_breg0 = 0x70,
};

static bool next_is(struct cursor *c, uint8_t op)
{
	return cursor_u8(c) == op && !c->failed;
}

/* breg REG OFF, of a register that a sample has. */
static bool next_breg(struct cursor *c, uint8_t *ret_reg, int64_t *ret_off)
{
	uint8_t op = cursor_u8(c);

	*ret_reg = op - OP_breg0;
	*ret_off = cursor_sleb(c);
	return !c->failed && op >= OP_breg0 && op < OP_breg0 + UNWIND_REGS;
}

/* rsp + OFF + ((rip & 15) >= T) << 3: what linkers write for a lazy PLT, whose entries push a
 * number before they jump (at T = 11, or 10 after an endbr64). */
static bool plt_shape(struct cursor c, uint8_t *ret_threshold)
{
	uint8_t reg;
	int64_t off;
	uint8_t literal;

	if (!next_breg(&c, &reg, &off) || reg != UNWIND_RIP || off != 0 ||
	    !next_is(&c, OP_lit15) || !next_is(&c, OP_and))
		return false;
	literal = cursor_u8(&c);
	if (literal < OP_lit0 || literal > OP_lit31 || !next_is(&c, OP_ge) ||
	    !next_is(&c, OP_lit3) || !next_is(&c, OP_shl) || !next_is(&c, OP_plus) ||
	    cursor_left(&c))
		return false;
	*ret_threshold = literal - OP_lit0;
	return true;
}

/* deref [plus_uconst N]: functions that realign their stack keep the CFA in a slot. */
static bool deref_shape(struct cursor c, int16_t *ret_add)
{
	uint64_t add = 0;

	if (!next_is(&c, OP_deref))
		return false;
	if (cursor_left(&c)) {
		if (!next_is(&c, OP_plus_uconst))
			return false;
		add = cursor_uleb(&c);
	}
	if (c.failed || cursor_left(&c) || add > INT16_MAX)
		return false;
	*ret_add = (int16_t)add;
	return true;
}

void cfi_cfa_expression(struct cfi_state *state, struct str bytes)
{
	struct cursor c = cursor_over(bytes);
	uint8_t reg, threshold;
	int64_t off;
	int16_t add;

	state->cfa_kind = UNWIND_UNSUPPORTED;
	if (!next_breg(&c, &reg, &off) || reg == UNWIND_RIP)
		return;
	state->cfa_reg = reg;
	state->cfa_off = off;
	if (plt_shape(c, &threshold)) {
		state->cfa_kind = UNWIND_PLT;
		state->cfa_add = threshold;
	} else if (deref_shape(c, &add)) {
		state->cfa_kind = UNWIND_CFA_DEREF;
		state->cfa_add = add;
	} else if (!cursor_left(&c)) {
		state->cfa_kind = UNWIND_CFA;
	}
}

struct cfi_saved cfi_saved_expression(struct str bytes)
{
	struct cursor c = cursor_over(bytes);
	uint8_t reg;
	int64_t off;

	if (next_breg(&c, &reg, &off) && !cursor_left(&c) && reg == UNWIND_RBP &&
	    off >= INT16_MIN && off <= INT16_MAX)
		return (struct cfi_saved){ CFI_AT_FP, 0, (int16_t)off };
	return (struct cfi_saved){ .how = CFI_UNKNOWN };
}
