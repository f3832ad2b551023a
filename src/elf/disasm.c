/* SPDX-License-Identifier: Apache-2.0 */
/* The interface: capstone/capstone.h of capstone 4 and 5. */
#include "elf/disasm.h"

/* Its names for two enums are ours for a struct and a function. */
#define x86_insn capstone_x86_insn
#define x86_reg capstone_x86_reg
#include <capstone/capstone.h>
#undef x86_insn
#undef x86_reg
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>

#include "base/err.h"
#include "base/vec.h"
#include "elf/x86.h"

#define WORDS_OF(x) #x
#define WORDS(x) WORDS_OF(x)
/* Its structs differ between major versions: the one whose header was read. */
#define SONAME "libcapstone.so." WORDS(CS_API_MAJOR)

#define FUNCTIONS(X) X(open) X(close) X(option) X(malloc) X(free) X(disasm_iter) X(insn_group)

struct library {
#define X(name) __typeof__(cs_##name) *name;
	FUNCTIONS(X)
#undef X
};

static int load(struct library *library, struct err *err)
{
	void *handle = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
	bool all = handle;

	if (!handle)
		return err_fail(err, -ENOSYS, "code is shown by " SONAME ", which is not installed: "
				"install the package libcapstone%d (Fedora: capstone, Arch: capstone)",
				CS_API_MAJOR);
#define X(name) all &= (*(void **)&library->name = dlsym(handle, "cs_" #name)) != NULL;
	FUNCTIONS(X)
#undef X
	return all ? 0 : err_fail(err, -ENOSYS, SONAME " is damaged");
}

/* The immediate of a jump or call, or what a distance from the instruction means. */
static uint64_t x86_target(const cs_insn *insn, enum disasm_flow flow)
{
	const cs_x86 *x86 = &insn->detail->x86;

	for (unsigned i = 0; i < x86->op_count; i++) {
		const cs_x86_op *op = &x86->operands[i];

		if (flow != DISASM_NEXT && op->type == X86_OP_IMM)
			return (uint64_t)op->imm;
		if (op->type == X86_OP_MEM && op->mem.base == X86_REG_RIP)
			return insn->address + insn->size + (uint64_t)op->mem.disp;
	}
	return 0;
}

static uint64_t arm_target(const cs_insn *insn, enum disasm_flow flow)
{
	const cs_arm64 *arm = &insn->detail->arm64;
	bool relative = flow != DISASM_NEXT || insn->id == ARM64_INS_ADR || insn->id == ARM64_INS_ADRP;

	for (unsigned i = arm->op_count; relative && i-- > 0;)	/* tbz has a bit number before it */
		if (arm->operands[i].type == ARM64_OP_IMM)
			return (uint64_t)arm->operands[i].imm;
	return 0;
}

/* Capstone 4 counts aarch64's calls among the jumps only. */
static enum disasm_flow flow_of(const struct library *library, csh capstone, uint16_t machine,
				const cs_insn *insn)
{
	bool call = machine == EM_AARCH64 && (insn->id == ARM64_INS_BL || insn->id == ARM64_INS_BLR);

	if (call || library->insn_group(capstone, insn, CS_GRP_CALL))
		return DISASM_CALL;
	return library->insn_group(capstone, insn, CS_GRP_JUMP) ? DISASM_JUMP : DISASM_NEXT;
}

static struct disasm_insn *add(struct disasm *disasm, uint64_t vaddr, uint32_t size)
{
	if (VEC_RESERVE(&disasm->items, &disasm->cap, (uint64_t)disasm->n + 1) < 0)
		return NULL;
	disasm->items[disasm->n] = (struct disasm_insn){ .vaddr = vaddr, .size = size };
	return &disasm->items[disasm->n++];
}

static int add_known(struct disasm *disasm, const struct library *library, csh capstone,
		     uint16_t machine, const cs_insn *from)
{
	struct disasm_insn *insn = add(disasm, from->address, from->size);

	if (!insn)
		return -ENOMEM;
	insn->flow = flow_of(library, capstone, machine, from);
	insn->target = machine == EM_X86_64 ? x86_target(from, insn->flow) : arm_target(from, insn->flow);
	insn->mnemonic = arena_dup(&disasm->arena, str_of(from->mnemonic));
	insn->operands = arena_dup(&disasm->arena, str_of(from->op_str));
	return insn->mnemonic.p && insn->operands.p ? 0 : -ENOMEM;
}

/* Takes bytes that capstone does not know off *code. */
static int add_unknown(struct disasm *disasm, uint16_t machine, const uint8_t **code, size_t *n,
		       uint64_t *vaddr)
{
	uint32_t size = machine == EM_X86_64 ? 1 : 4;
	struct x86_insn x86;
	struct disasm_insn *insn;

	if (machine == EM_X86_64 && x86_decode(str_over((const char *)*code, *n), &x86))
		size = x86.length;
	if (!size || size > *n)
		size = (uint32_t)*n;
	insn = add(disasm, *vaddr, size);
	if (!insn)
		return -ENOMEM;
	insn->mnemonic = STR("(unknown)");
	*code += size;
	*n -= size;
	*vaddr += size;
	return 0;
}

static int read_all(struct disasm *disasm, const struct library *library, csh capstone,
		    uint16_t machine, struct str bytes, uint64_t vaddr)
{
	const uint8_t *code = (const uint8_t *)bytes.p;
	cs_insn *insn = library->malloc(capstone);
	size_t n = bytes.n;
	int rc = insn ? 0 : -ENOMEM;

	while (rc == 0 && n) {
		if (library->disasm_iter(capstone, &code, &n, &vaddr, insn))
			rc = add_known(disasm, library, capstone, machine, insn);
		else
			rc = add_unknown(disasm, machine, &code, &n, &vaddr);
	}
	if (insn)
		library->free(insn, 1);
	return rc;
}

int disasm_read(struct disasm *disasm, uint16_t machine, struct str code, uint64_t vaddr,
		struct err *err)
{
	bool x86 = machine == EM_X86_64;
	struct library library = { 0 };
	csh capstone;
	int rc;

	*disasm = (struct disasm){ 0 };
	if (!x86 && machine != EM_AARCH64)
		return err_fail(err, -EINVAL, "code of machine %u cannot be shown", machine);
	if (code.n > DISASM_BYTES_MAX)
		return err_fail(err, -E2BIG, "a function of %zu bytes is not shown", code.n);
	rc = load(&library, err);
	if (rc < 0)
		return rc;
	if (library.open(x86 ? CS_ARCH_X86 : CS_ARCH_ARM64, x86 ? CS_MODE_64 : CS_MODE_ARM, &capstone))
		return err_fail(err, -ENOMEM, "out of memory for capstone");
	library.option(capstone, CS_OPT_DETAIL, CS_OPT_ON);
	if (x86)
		library.option(capstone, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
	rc = read_all(disasm, &library, capstone, machine, code, vaddr);
	library.close(&capstone);
	if (rc < 0) {
		disasm_fini(disasm);
		return err_fail(err, rc, "out of memory over %zu bytes of code", code.n);
	}
	return 0;
}

void disasm_fini(struct disasm *disasm)
{
	free(disasm->items);
	arena_fini(&disasm->arena);
	*disasm = (struct disasm){ 0 };
}
