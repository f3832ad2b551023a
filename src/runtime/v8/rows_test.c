/* SPDX-License-Identifier: Apache-2.0 */
/* Builtins of a file without names, in instructions as V8's have them. */
#include "runtime/v8/rows.h"

#include <elf.h>
#include <string.h>

#include "base/err.h"
#include "base/test.h"
#include "elf/elf.h"
#include "runtime/v8/v8.h"

#define CODE_AT 0x1000u
#define CODE_BYTES 0x100u

static struct {
	Elf64_Ehdr head;
	Elf64_Phdr segment;
	uint8_t zero[CODE_AT - sizeof(Elf64_Ehdr) - sizeof(Elf64_Phdr)];
	uint8_t code[CODE_BYTES];
} image;

static struct { uint64_t at; struct unwind_rule rule; } rows[64];
static uint32_t n_rows;

static void put(uint32_t at, const char *bytes, size_t n)
{
	memcpy(image.code + at, bytes, n);
}

#define PUT(at, bytes) put(at, bytes, sizeof(bytes) - 1)

static void see_row(void *context, uint64_t vaddr, const struct unwind_rule *rule)
{
	(void)context;
	CHECK(n_rows < 64);
	rows[n_rows].at = vaddr - CODE_AT;
	rows[n_rows++].rule = *rule;
}

static void make_rows(void)
{
	struct v8_file file = { .blob = CODE_AT, .blob_end = CODE_AT + CODE_BYTES };
	struct elf elf = { 0 };
	struct err err = { 0 };

	file.objects.version = 1103;
	memcpy(image.head.e_ident, ELFMAG, SELFMAG);
	image.head.e_ident[EI_CLASS] = ELFCLASS64;
	image.head.e_ident[EI_DATA] = ELFDATA2LSB;
	image.head.e_ident[EI_VERSION] = EV_CURRENT;
	image.head.e_type = ET_EXEC;
	image.head.e_machine = EM_X86_64;
	image.head.e_version = EV_CURRENT;
	image.head.e_ehsize = sizeof(image.head);
	image.head.e_phoff = sizeof(image.head);
	image.head.e_phentsize = sizeof(image.segment);
	image.head.e_phnum = 1;
	image.segment = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = CODE_AT,
				      .p_vaddr = CODE_AT, .p_filesz = CODE_BYTES, .p_memsz = CODE_BYTES };
	n_rows = 0;
	CHECK_EQ(elf_open_bytes(&elf, str_over((const char *)&image, sizeof(image)), "image", &err), 0);
	CHECK_EQ(v8_rows_make(&file, &elf, see_row, NULL), 0);
	elf_close(&elf);
}

static void check_base(uint32_t at, unsigned base, int32_t cfa_off)
{
	struct unwind_rule rule = { 0 };

	for (uint32_t i = 0; i < n_rows && rows[i].at <= at; i++)
		rule = rows[i].rule;
	CHECK_EQ(rule.cfa_base, base);
	CHECK_EQ(rule.cfa_off, cfa_off);
}

/* Two functions, at 0 and 0x80; an int3 that is not reached stands before 0x40. */
static void put_functions(void)
{
	memset(image.code, 0xcc, sizeof(image.code));
	PUT(0, "\x55\x48\x89\xe5");			/* push rbp; mov rbp, rsp */
	PUT(4, "\x0f\x84\x46\x00\x00\x00");		/* je 0x50 */
	memset(image.code + 10, 0x90, 0x3d - 10);
	PUT(0x3d, "\xeb\xcb");				/* jmp 0xa */
	memset(image.code + 0x40, 0x90, 0x10);
	PUT(0x50, "\xe8\x2b\x00\x00\x00\x5d\xc3");	/* call 0x80; pop rbp; ret */
	PUT(0x80, "\x50\x90\x58\xc3");			/* push rax; nop; pop rax; ret */
}

TEST(a_function_that_jumps_over_padding_goes_on_behind_it)
{
	put_functions();
	make_rows();
	check_base(0x3d, UNWIND_RBP, 16);
	check_base(0x40, UNWIND_RBP, 16);
	check_base(0x55, UNWIND_RBP, 16);
	check_base(0x56, UNWIND_RSP, 8);
	check_base(0x80, UNWIND_RSP, 8);
	check_base(0x81, UNWIND_RSP, 16);
}

TEST(a_function_begins_behind_padding_that_is_only_jumped_to)
{
	put_functions();
	PUT(4, "\xe9\x77\x00\x00\x00\x90");		/* jmp 0x80: where one begins, that is gone on with */
	PUT(0x40, "\x50");				/* push rax */
	make_rows();
	check_base(0x3d, UNWIND_RBP, 16);
	check_base(0x40, UNWIND_RSP, 8);
	check_base(0x41, UNWIND_RSP, 16);
	check_base(0x80, UNWIND_RSP, 8);
}

/* Where a double is divided, its remainder is asked for until the flags say that it is there. */
TEST(flags_that_are_popped_were_pushed)
{
	put_functions();
	PUT(0x80, "\x50\x9d\x7a\xfc\x9c\x90\x58\xc3");	/* push rax; popf; jp 0x80; pushf; nop; pop rax; ret */
	make_rows();
	check_base(0x81, UNWIND_RSP, 16);
	check_base(0x82, UNWIND_RSP, 8);
	check_base(0x84, UNWIND_RSP, 8);
	check_base(0x85, UNWIND_RSP, 16);
	check_base(0x87, UNWIND_RSP, 8);
}

/* push rbx; push [rsp + 8]; mov [rsp + 16], rax; jmp: an argument more for the function that goes on. */
TEST(a_return_address_that_is_pushed_again_is_on_top)
{
	put_functions();
	PUT(0x80, "\x53\xff\x74\x24\x08\x48\x89\x44\x24\x10\xe9\x71\xff\xff\xff");
	make_rows();
	check_base(0x81, UNWIND_RSP, 16);
	check_base(0x85, UNWIND_RSP, 8);
	check_base(0x8a, UNWIND_RSP, 8);
	PUT(0x82, "\x74\x24\x10");			/* another word */
	make_rows();
	check_base(0x85, UNWIND_RSP, 24);
}

TEST_MAIN(CASE(flags_that_are_popped_were_pushed), CASE(a_return_address_that_is_pushed_again_is_on_top),
	  CASE(a_function_that_jumps_over_padding_goes_on_behind_it),
	  CASE(a_function_begins_behind_padding_that_is_only_jumped_to))
