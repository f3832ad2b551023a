/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts: System V psABI x86-64, "Procedure Linkage Table"; ELF for the Arm 64-bit Architecture,
 * "Code and PLT". */
#include "elf/plt.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/vec.h"
#include "elf/elf.h"

#define ENTRY_BYTES 16
#define GOT_ENTRY_BYTES 8	/* .plt.got without CET */
#define TARGET_NAME_MAX 4096

/* A relocation that fills a slot which a PLT entry may jump through. */
struct slot {
	uint64_t vaddr;
	uint64_t addend;	/* of an IRELATIVE one */
	uint32_t symbol;	/* 0: IRELATIVE */
};

struct slots {
	struct slot *items;
	uint32_t n, cap;
};

static bool fills_a_slot(uint16_t machine, uint32_t type)
{
	if (machine == EM_AARCH64)
		return type == R_AARCH64_JUMP_SLOT || type == R_AARCH64_GLOB_DAT ||
		       type == R_AARCH64_IRELATIVE;
	return type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT ||
	       type == R_X86_64_IRELATIVE;
}

static int read_slots(struct slots *slots, struct elf *elf, const struct elf_section *section)
{
	struct str data;
	struct cursor c;

	if (elf_section_data(elf, section, &data, NULL) < 0)
		return 0;
	c = cursor_over(data);
	while (cursor_left(&c) >= sizeof(Elf64_Rela)) {
		uint64_t vaddr = cursor_u64(&c);
		uint64_t info = cursor_u64(&c);
		uint64_t addend = cursor_u64(&c);

		if (!fills_a_slot(elf->machine, ELF64_R_TYPE(info)))
			continue;
		if (VEC_RESERVE(&slots->items, &slots->cap, slots->n + 1) < 0)
			return -ENOMEM;
		slots->items[slots->n++] =
			(struct slot){ vaddr, addend, (uint32_t)ELF64_R_SYM(info) };
	}
	return 0;
}

static int compare_slots(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

static const struct slot *find_slot(const struct slots *slots, uint64_t vaddr)
{
	struct slot key = { .vaddr = vaddr };

	return slots->n ? bsearch(&key, slots->items, slots->n, sizeof(key), compare_slots) : NULL;
}

/* The name of dynamic symbol `index`. */
static struct str target_name(struct str symbols, struct str names, uint32_t index)
{
	struct cursor c = cursor_over(symbols);
	uint32_t name;

	cursor_seek(&c, (uint64_t)index * sizeof(Elf64_Sym));
	name = cursor_u32(&c);
	if (c.failed || name >= names.n)
		return (struct str){ 0 };
	c = cursor_over(str_head(str_skip(names, name), TARGET_NAME_MAX));
	return cursor_cstr(&c);
}

struct reader {
	struct elf *elf;
	struct plt_entries *entries;
	struct slots slots;
	struct str symbols, names;	/* .dynsym, .dynstr */
};

static int add_entry(struct reader *r, uint64_t vaddr, uint64_t size, uint64_t slot_vaddr)
{
	const struct slot *slot = find_slot(&r->slots, slot_vaddr);
	struct plt_entry entry = { .vaddr = vaddr, .size = size };

	if (!slot)
		return 0;
	if (slot->symbol)
		entry.target = target_name(r->symbols, r->names, slot->symbol);
	else
		entry.resolver_vaddr = slot->addend;
	if (slot->symbol && !entry.target.n)
		return 0;
	if (VEC_RESERVE(&r->entries->items, &r->entries->cap, r->entries->n + 1) < 0)
		return -ENOMEM;
	r->entries->items[r->entries->n++] = entry;
	return 0;
}

/* jmp *disp32(%rip): ff 25, after endbr64 (f3 0f 1e fa), mold's mov $index, %r11d (41 bb) and bnd
 * (f2) where they are. The lazy half of a CET pair (endbr64; push; jmp) has no such jump: it stays unnamed. */
static bool x86_slot_of(struct str entry, uint64_t vaddr, uint64_t *ret_slot)
{
	struct cursor c = cursor_over(entry);
	int32_t disp;

	if (str_starts(entry, STR("\xf3\x0f\x1e\xfa")))
		cursor_skip(&c, 4);
	if (str_starts(str_skip(entry, cursor_pos(&c)), STR("\x41\xbb")))
		cursor_skip(&c, 6);
	if (str_starts(str_skip(entry, cursor_pos(&c)), STR("\xf2")))
		cursor_skip(&c, 1);
	if (cursor_u16(&c) != 0x25ff)
		return false;
	disp = cursor_s32(&c);
	*ret_slot = vaddr + cursor_pos(&c) + (uint64_t)(int64_t)disp;
	return !c.failed;
}

static int read_x86(struct reader *r, struct str code, uint64_t vaddr, bool got_entries)
{
	uint64_t slot;
	size_t step = ENTRY_BYTES;

	/* .plt.got's entsize is not always set; with CET its entries are as long as the others. */
	if (got_entries && !str_starts(code, STR("\xf3\x0f\x1e\xfa")))
		step = GOT_ENTRY_BYTES;
	for (size_t at = 0; at < code.n; at += step) {
		struct str entry = str_head(str_skip(code, at), step);

		if (x86_slot_of(entry, vaddr + at, &slot) &&
		    add_entry(r, vaddr + at, entry.n, slot) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* [bti c]  adrp x16, page  ldr x17, [x16, #low]  add x16, ...  br x17  [nop] */
static int read_aarch64(struct reader *r, struct str code, uint64_t vaddr)
{
	struct cursor c = cursor_over(code);
	uint64_t start = vaddr, page = 0, slot = 0;

	while (cursor_left(&c) >= 4) {
		uint64_t pc = vaddr + cursor_pos(&c);
		uint32_t insn = cursor_u32(&c);

		if ((insn & 0x9f00001f) == 0x90000010) {	/* adrp x16 */
			uint32_t imm = ((insn >> 5) & 0x7ffff) << 2 | ((insn >> 29) & 3);
			int64_t pages = (int64_t)((uint64_t)imm << 43) >> 43;

			page = (pc & ~(uint64_t)4095) + ((uint64_t)pages << 12);
		} else if ((insn & 0xffc003ff) == 0xf9400211) {	/* ldr x17, [x16, #imm] */
			slot = page + ((insn >> 10) & 0xfff) * 8;
		} else if (insn == 0xd61f0220) {		/* br x17 */
			if (slot && add_entry(r, start, pc + 4 - start, slot) < 0)
				return -ENOMEM;
			slot = 0;
			start = pc + 4;
		} else if (insn == 0xd503201f && start == pc) {	/* nop between entries */
			start = pc + 4;
		}
	}
	return 0;
}

static int read_section(struct reader *r, const struct elf_section *section)
{
	struct str code;

	if (elf_section_data(r->elf, section, &code, NULL) < 0)
		return 0;
	if (r->elf->machine == EM_AARCH64)
		return read_aarch64(r, code, section->vaddr);
	return read_x86(r, code, section->vaddr, str_eq(section->name, STR(".plt.got")));
}

int plt_entries_read(struct plt_entries *entries, struct elf *elf)
{
	static const struct str tables[] = { { ".plt", 4 }, { ".plt.sec", 8 }, { ".plt.got", 8 } };
	struct reader r = { .elf = elf, .entries = entries };
	const struct elf_section *jumps = elf_find_section(elf, STR(".rela.plt"));
	const struct elf_section *rest = elf_find_section(elf, STR(".rela.dyn"));
	int rc = 0;

	*entries = (struct plt_entries){ 0 };
	elf_section_by_name(elf, STR(".dynsym"), &r.symbols, NULL);
	elf_section_by_name(elf, STR(".dynstr"), &r.names, NULL);
	if (jumps)
		rc = read_slots(&r.slots, elf, jumps);
	/* .rela.dyn is long in large libraries and only .plt.got needs it (gold puts all there). */
	if (rc == 0 && rest && (!jumps || elf_find_section(elf, STR(".plt.got"))))
		rc = read_slots(&r.slots, elf, rest);
	if (r.slots.n)
		qsort(r.slots.items, r.slots.n, sizeof(*r.slots.items), compare_slots);
	for (size_t i = 0; i < 3 && rc == 0; i++) {
		const struct elf_section *section = elf_find_section(elf, tables[i]);

		if (section)
			rc = read_section(&r, section);
	}
	free(r.slots.items);
	if (rc < 0) {
		free(entries->items);
		*entries = (struct plt_entries){ 0 };
	}
	return rc;
}
