/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unwind_oracle.c - our rows against libdw's, at every byte of executable code.
 *
 *   unwind_oracle FILE...	"[vdso]" is this process's own
 *
 * At each address that CFI covers, the CFA's, return address's, rbp's and rbx's rule must be what
 * libdw says; elsewhere there must be none, except padding (CFI_PADDING_MAX) and the special cases
 * of unwind/special.c and the rules that unwind/prologue.c makes of code, whose bytes are counted.
 * Prints one line a file; exit 1 when any differs. */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/err.h"
#include "elf/elf.h"
#include "unwind/unwind.h"

#define PADDING_MAX 15
#define CLONE_GAP_MAX 64
#define COMPLAINTS_MAX 10

struct oracle {
	const char *path;
	struct elf elf;
	struct unwind_table table;
	struct unwind_rules rules;
	Elf *libelf;
	Dwarf_CFI *eh_frame, *debug_frame;
	bool made;	/* a PLT, .init, .fini: unwind/special.c writes rows where nobody wrote CFI */
	uint64_t bytes, frames, expressions, special, from_code, wrong;
};

/* ---- libdw's words as one of our rules. ---- */

/* Where a register is: false when our rules cannot say it. */
static bool saved_of(Dwarf_Frame *frame, int reg, uint8_t *ret_save, int16_t *ret_off)
{
	Dwarf_Op memory[3], *ops;
	size_t n;

	*ret_off = 0;
	if (dwarf_frame_register(frame, reg, memory, &ops, &n) < 0)
		return false;
	if (n == 0) {
		*ret_save = ops ? UNWIND_LOST : UNWIND_SAME;
		return true;
	}
	if (ops[0].atom != DW_OP_call_frame_cfa)
		return false;
	*ret_save = UNWIND_AT_CFA;
	if (n == 1)
		return true;
	if (n == 2 && ops[1].atom == DW_OP_plus_uconst) {
		*ret_off = (int16_t)ops[1].number;
		return *ret_off == (int64_t)ops[1].number;
	}
	*ret_save = UNWIND_AT_FP;
	*ret_off = (int16_t)ops[1].number;
	return n == 2 && ops[1].atom == DW_OP_breg6;
}

static bool cfa_of(Dwarf_Frame *frame, struct unwind_rule *rule, bool *ret_expression)
{
	static const uint8_t plt[] = { DW_OP_breg7, DW_OP_breg16, DW_OP_lit15, DW_OP_and, 0,
				       DW_OP_ge, DW_OP_lit3, DW_OP_shl, DW_OP_plus };
	Dwarf_Op *ops;
	size_t n;

	*ret_expression = false;
	if (dwarf_frame_cfa(frame, &ops, &n) < 0 || n == 0)
		return false;
	rule->kind = UNWIND_CFA;
	if (ops[0].atom == DW_OP_bregx) {
		rule->cfa_base = (uint8_t)ops[0].number;
		rule->cfa_off = (int32_t)ops[0].number2;
		return n == 1 && ops[0].number < UNWIND_RIP;
	}
	*ret_expression = true;
	if (ops[0].atom < DW_OP_breg0 || ops[0].atom > DW_OP_breg15)
		return false;
	rule->cfa_base = ops[0].atom - DW_OP_breg0;
	rule->cfa_off = (int32_t)ops[0].number;
	if (n == 1)
		return true;
	rule->kind = UNWIND_CFA_DEREF;
	if (n == 2)
		return ops[1].atom == DW_OP_deref;
	if (n == 3) {
		rule->cfa_add = (int16_t)ops[2].number;
		return ops[1].atom == DW_OP_deref && ops[2].atom == DW_OP_plus_uconst;
	}
	rule->kind = UNWIND_PLT;
	if (n != sizeof(plt))
		return false;
	for (size_t i = 0; i < n; i++)
		if (plt[i] && ops[i].atom != plt[i])
			return false;
	rule->cfa_add = ops[4].atom - DW_OP_lit0;
	return ops[1].number == 0;
}

static bool ra_of(Dwarf_Frame *frame, struct unwind_rule *rule)
{
	Dwarf_Op memory[3], *ops;
	uint8_t save;
	size_t n;

	if (dwarf_frame_register(frame, UNWIND_RIP, memory, &ops, &n) < 0)
		return false;
	if (n == 1 && ops[0].atom == DW_OP_regx) {
		rule->ra_reg = (uint8_t)ops[0].number;
		return true;
	}
	rule->ra_reg = UNWIND_RIP;
	return saved_of(frame, UNWIND_RIP, &save, &rule->ra_off) && save == UNWIND_AT_CFA;
}

static struct unwind_rule rule_of(struct oracle *o, Dwarf_Frame *frame, bool signal)
{
	struct unwind_rule rule = { 0 };
	Dwarf_Op memory[3], *ops;
	uint8_t fp = UNWIND_LOST, bx = UNWIND_LOST;
	bool expression, ok;
	size_t n;

	if (signal)
		return (struct unwind_rule){ .kind = UNWIND_SIGNAL };
	if (dwarf_frame_register(frame, UNWIND_RIP, memory, &ops, &n) == 0 && n == 0 && ops)
		return (struct unwind_rule){ .kind = UNWIND_END };
	ok = cfa_of(frame, &rule, &expression) && ra_of(frame, &rule);
	o->expressions += expression;
	if (!ok)
		return (struct unwind_rule){ .kind = UNWIND_UNSUPPORTED };
	if (!saved_of(frame, UNWIND_RBP, &fp, &rule.fp_off)) {
		fp = UNWIND_LOST;
		rule.fp_off = 0;
	}
	if (!saved_of(frame, UNWIND_RBX, &bx, &rule.bx_off)) {
		bx = UNWIND_LOST;
		rule.bx_off = 0;
	}
	rule.saves = fp | bx << 4;
	return rule;
}

/* ---- Comparing. ---- */

static void print_rule(const char *who, const struct unwind_rule *r)
{
	printf("  %-6s kind %u base %u off %d add %d ra %d reg %u saves %#x fp %d bx %d\n", who,
	       r->kind, r->cfa_base, r->cfa_off, r->cfa_add, r->ra_off, r->ra_reg, r->saves,
	       r->fp_off, r->bx_off);
}

static void complain(struct oracle *o, uint64_t vaddr, const struct unwind_rule *wanted)
{
	if (o->wrong++ >= COMPLAINTS_MAX)
		return;
	printf("%s: at %#lx\n", o->path, (unsigned long)vaddr);
	print_rule("ours", &o->rules.items[unwind_find(&o->table, vaddr)]);
	print_rule("wanted", wanted);
}

static bool is_special(const struct unwind_rule *rule)
{
	return rule->kind == UNWIND_END || rule->kind == UNWIND_SIGNAL || rule->kind == UNWIND_PLT;
}

/* libdw's table of callee-saved registers (0.188) names register 0 where it means rbx, which is 3:
 * it calls an rbx that CFI does not mention "undefined", where the psABI has it unchanged. */
static bool differ_by_rbx_only(const struct unwind_rule *ours, const struct unwind_rule *wanted)
{
	struct unwind_rule same = *wanted;

	same.saves = ours->saves;
	return wanted->saves >> 4 == UNWIND_LOST && ours->saves >> 4 == UNWIND_SAME &&
	       ((ours->saves ^ wanted->saves) & 15) == 0 && memcmp(ours, &same, sizeof(same)) == 0;
}

static void compare_covered(struct oracle *o, uint64_t start, uint64_t end,
			    const struct unwind_rule *wanted)
{
	o->frames++;
	o->bytes += end - start;
	for (uint64_t vaddr = start; vaddr < end; vaddr++) {
		const struct unwind_rule *ours = &o->rules.items[unwind_find(&o->table, vaddr)];

		if (memcmp(ours, wanted, sizeof(*ours)) == 0 || differ_by_rbx_only(ours, wanted))
			continue;
		/* An entry stub or a trampoline whose CFI does not say what it is. */
		if (is_special(ours) && !is_special(wanted))
			o->special++;
		else
			complain(o, vaddr, wanted);
	}
}

/* As unwind/prologue.c makes them of code. */
static bool plain(const struct unwind_rule *rule)
{
	return rule->kind == UNWIND_CFA && rule->ra_off == -8 && rule->ra_reg == UNWIND_RIP &&
	       (rule->cfa_base == UNWIND_RSP || rule->cfa_base == UNWIND_RBP);
}

/* The gap around a clone system call: what ends it is where a new thread's stack ends, and up to there
 * the parent's last row goes on, but for its kind (unwind/unwind.c). */
static bool is_clone_gap(const struct oracle *o, uint64_t start, uint64_t end)
{
	return end - start <= CLONE_GAP_MAX &&
	       o->rules.items[unwind_find(&o->table, end)].kind == UNWIND_END;
}

static bool goes_on(const struct oracle *o, uint32_t ours, uint32_t before)
{
	struct unwind_rule rule = o->rules.items[ours];

	if (rule.kind != UNWIND_CLONE || before == UNWIND_RULE_NONE)
		return false;
	rule.kind = UNWIND_CFA;
	return !memcmp(&rule, &o->rules.items[before], sizeof(rule));
}

/* Nothing in [start, end) has CFI. */
static void compare_gap(struct oracle *o, uint64_t start, uint64_t end)
{
	static const struct unwind_rule none = { .kind = UNWIND_NONE };
	uint32_t next = unwind_find(&o->table, end);
	uint32_t before = start ? unwind_find(&o->table, start - 1) : UNWIND_RULE_NONE;
	bool clone_gap = is_clone_gap(o, start, end);

	for (uint64_t vaddr = start; vaddr < end; vaddr++) {
		uint32_t ours = unwind_find(&o->table, vaddr);

		if (ours == UNWIND_RULE_NONE || (end - start <= PADDING_MAX && ours == next))
			continue;
		if (o->made || is_special(&o->rules.items[ours]) || (clone_gap && goes_on(o, ours, before)))
			o->special++;
		else if (end - start > PADDING_MAX && plain(&o->rules.items[ours]))
			o->from_code++;
		else
			complain(o, vaddr, &none);
	}
}

static bool find_frame(struct oracle *o, uint64_t vaddr, Dwarf_Frame **ret_frame)
{
	return (o->eh_frame && dwarf_cfi_addrframe(o->eh_frame, vaddr, ret_frame) == 0) ||
	       (o->debug_frame && dwarf_cfi_addrframe(o->debug_frame, vaddr, ret_frame) == 0);
}

static void compare_section(struct oracle *o, uint64_t start, uint64_t end)
{
	uint64_t gap = start;

	for (uint64_t vaddr = start; vaddr < end;) {
		Dwarf_Frame *frame;
		Dwarf_Addr row_start, row_end;
		struct unwind_rule wanted;
		bool signal;

		if (!find_frame(o, vaddr, &frame)) {
			vaddr++;
			continue;
		}
		dwarf_frame_info(frame, &row_start, &row_end, &signal);
		wanted = rule_of(o, frame, signal);
		free(frame);
		compare_gap(o, gap, vaddr);
		if (row_end > end)
			row_end = end;
		compare_covered(o, vaddr, row_end, &wanted);
		gap = vaddr = row_end;
	}
	compare_gap(o, gap, end);
}

static int compare(struct oracle *o)
{
	Dwarf *dwarf = dwarf_begin_elf(o->libelf, DWARF_C_READ, NULL);

	o->eh_frame = dwarf_getcfi_elf(o->libelf);
	o->debug_frame = dwarf ? dwarf_getcfi(dwarf) : NULL;
	for (uint32_t i = 0; i < o->elf.n_sections; i++) {
		const struct elf_section *section = &o->elf.sections[i];

		o->made = str_starts(section->name, STR(".plt")) || str_eq(section->name, STR(".init")) ||
			  str_eq(section->name, STR(".fini"));
		if (section->type == SHT_PROGBITS && (section->flags & SHF_EXECINSTR))
			compare_section(o, section->vaddr, section->vaddr + section->size);
	}
	printf("%-28s %8lu rows %9lu bytes, expressions %5lu, special bytes %4lu, from code %lu,"
	       " unsupported %3u, wrong %lu\n", o->path, (unsigned long)o->frames,
	       (unsigned long)o->bytes,
	       (unsigned long)o->expressions, (unsigned long)o->special,
	       (unsigned long)o->from_code, o->table.stats.unsupported, (unsigned long)o->wrong);
	dwarf_cfi_end(o->eh_frame);
	dwarf_end(dwarf);
	return o->wrong || !o->frames;
}

static int open_both(struct oracle *o, int *fd, struct err *err)
{
	if (strcmp(o->path, "[vdso]") == 0) {
		char *vdso = (char *)getauxval(AT_SYSINFO_EHDR);
		GElf_Ehdr ehdr;
		size_t size = 2 * 4096;

		o->libelf = elf_memory(vdso, size);
		if (o->libelf && gelf_getehdr(o->libelf, &ehdr))
			size = ehdr.e_shoff + (size_t)ehdr.e_shnum * ehdr.e_shentsize;
		elf_end(o->libelf);
		o->libelf = elf_memory(vdso, size);
		return elf_open_bytes(&o->elf, str_over(vdso, size), o->path, err);
	}
	*fd = open(o->path, O_RDONLY | O_CLOEXEC);
	o->libelf = elf_begin(*fd, ELF_C_READ_MMAP, NULL);
	return elf_open(&o->elf, o->path, err);
}

static int check_file(const char *path)
{
	struct oracle o = { .path = path };
	struct err err = { 0 };
	int fd = -1, bad = 1;

	if (unwind_rules_init(&o.rules) == 0 && open_both(&o, &fd, &err) == 0 && o.libelf &&
	    unwind_build(&o.table, &o.elf, &o.rules, &err) == 0)
		bad = compare(&o);
	else
		printf("%s: %s\n", path, err.text[0] ? err.text : "cannot be opened");
	unwind_table_fini(&o.table);
	unwind_rules_fini(&o.rules);
	elf_close(&o.elf);
	elf_end(o.libelf);
	if (fd >= 0)
		close(fd);
	return bad;
}

int main(int argc, char **argv)
{
	int bad = 0;

	elf_version(EV_CURRENT);
	for (int i = 1; i < argc; i++)
		bad |= check_file(argv[i]);
	return bad;
}
