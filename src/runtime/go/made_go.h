/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/go/made_go.h - for tests: a small Go program, without section headers: a function table and
 * all it refers to, made by hand.
 *
 *   MADE_TEXT + 0x000  main.work           a frame of 0x18 bytes; helper() inlined at 0x10 .. 0x20
 *             + 0x040  runtime.morestack
 *             + 0x080  runtime.systemstack
 *             + 0x0c0  runtime.goexit      nothing has called it
 *             + 0x100  main.Map[int]       no frame
 *             + 0x140  c_function          of C: it has a name only
 *             + 0x180  the end
 */
#ifndef SONDE_RUNTIME_GO_MADE_GO_H
#define SONDE_RUNTIME_GO_MADE_GO_H

#include <elf.h>
#include <stddef.h>

#include "base/buf.h"

#define MADE_BASE 0x400000u	/* vaddr of the file's first byte */
#define MADE_TEXT (MADE_BASE + 0x200u)
#define MADE_STRIDE 0x40u
#define MADE_FUNCTIONS 6u
#define MADE_TEXT_END (MADE_TEXT + MADE_STRIDE * MADE_FUNCTIONS)
#define MADE_DATA 0x500000u	/* vaddr of what can be written */

struct made_go {
	bool old;		/* as Go 1.18 writes it, else as 1.20 and later */
	bool relocated;		/* position-independent: pointers are relocations */
	bool without_text;	/* no text address in the header (1.26) */
	const char *version;	/* NULL: no build information */
};

static inline void made_u32(struct buf *out, uint32_t v)
{
	buf_add(out, &v, sizeof(v));
}

static inline void made_u64(struct buf *out, uint64_t v)
{
	buf_add(out, &v, sizeof(v));
}

static inline void made_pad(struct buf *out, size_t to)
{
	while (out->n < to && !out->failed)
		buf_add_u8(out, 0);
}

/* (value, bytes) steps, values absolute; as in a pctab. */
static inline uint32_t made_steps(struct buf *values, const int32_t (*steps)[2], uint32_t n)
{
	uint32_t at = (uint32_t)values->n;
	int32_t value = -1;

	for (uint32_t i = 0; i < n; i++) {
		int32_t d = steps[i][0] - value;

		buf_add_uleb(values, (uint32_t)(d < 0 ? -2 * d - 1 : 2 * d));
		buf_add_uleb(values, (uint32_t)steps[i][1]);
		value = steps[i][0];
	}
	buf_add_u8(values, 0);
	return at;
}

static const char made_names[] = "\0main.work\0main.helper\0runtime.morestack\0runtime.systemstack\0"
				 "runtime.goexit\0main.Map[int]\0c_function";
static const uint32_t made_name_at[] = { 1, 23, 41, 61, 76, 90 };
static const char made_files[] = "/src/work.go\0/src/helper.go\0/src/asm.s";

/* Code of the special functions as Go 1.22 has it, as far as it is looked at. */
static const char made_morestack[] =
	"\x64\x48\x8b\x3c\x25\xf8\xff\xff\xff"	/* mov %fs:-8,%rdi */
	"\x48\x89\x6f\x68"			/* mov %rbp,0x68(%rdi) */
	"\x48\x8b\x63\x38\xcc";			/* mov 0x38(%rbx),%rsp */
static const char made_systemstack[] =
	"\x48\x3b\x83\xc0\x00\x00\x00"		/* cmp 0xc0(%rbx),%rax */
	"\x48\x8b\x62\x38\xff\xd7"		/* mov 0x38(%rdx),%rsp; call *%rdi */
	"\x48\x8b\x60\x38\xc3";			/* mov 0x38(%rax),%rsp; ret */

struct made_record {
	uint32_t sp, file, line, inl;
	uint8_t id, flags;
};

static inline void made_record_write(struct buf *out, const struct made_go *made, uint32_t i,
				     const struct made_record *r)
{
	made_u32(out, i * MADE_STRIDE);
	made_u32(out, made_name_at[i]);
	made_u32(out, 0);
	made_u32(out, 0);
	made_u32(out, r->sp);
	made_u32(out, r->file);
	made_u32(out, r->line);
	made_u32(out, 3);		/* npcdata */
	made_u32(out, 0);		/* unit */
	if (!made->old)
		made_u32(out, 7 + i);	/* first line */
	buf_add_u8(out, r->id);
	buf_add_u8(out, r->flags);
	buf_add_u8(out, 0);
	buf_add_u8(out, 4);		/* nfuncdata */
	made_u32(out, 0);
	made_u32(out, 0);
	made_u32(out, r->inl);
	for (int k = 0; k < 3; k++)
		made_u32(out, UINT32_MAX);
	made_u32(out, r->inl ? 0 : UINT32_MAX);
}

/* helper() inlined at +0x0c of work(). */
static inline void made_inlines_write(struct buf *out, const struct made_go *made)
{
	if (made->old) {
		made_u32(out, 0xffff);	/* no parent */
		made_u32(out, 0);
		made_u32(out, 11);
		made_u32(out, 11);	/* name */
		made_u32(out, 0x0c);
	} else {
		made_u32(out, 0);
		made_u32(out, 11);	/* name */
		made_u32(out, 0x0c);
		made_u32(out, 30);
	}
}

static inline void made_values_write(struct buf *values, struct made_record records[MADE_FUNCTIONS])
{
	static const int32_t frame[][2] = { { 0, 4 }, { 0x18, 0x38 }, { 0, 4 } };
	static const int32_t none[][2] = { { 0, MADE_STRIDE } };
	static const int32_t lines[][2] = { { 10, 0x10 }, { 31, 0x10 }, { 12, 0x20 } };
	static const int32_t files[][2] = { { 0, 0x10 }, { 1, 0x10 }, { 0, 0x20 } };
	static const int32_t inlines[][2] = { { -1, 0x10 }, { 0, 0x10 }, { -1, 0x20 } };
	static const int32_t line[][2] = { { 99, MADE_STRIDE } }, file[][2] = { { 2, MADE_STRIDE } };
	uint32_t sp, in_file, in_line;

	buf_add_u8(values, 0);		/* offset 0 is "none" */
	records[0] = (struct made_record){
		.sp = made_steps(values, frame, 3), .file = made_steps(values, files, 3),
		.line = made_steps(values, lines, 3), .inl = made_steps(values, inlines, 3),
	};
	sp = made_steps(values, none, 1);
	in_file = made_steps(values, file, 1);
	in_line = made_steps(values, line, 1);
	for (uint32_t i = 1; i < MADE_FUNCTIONS - 1; i++)
		records[i] = (struct made_record){ .sp = sp, .file = in_file, .line = in_line };
	records[1].id = 13;
	records[1].flags = records[2].flags = 6;
	records[2].id = 20;
	records[3].id = 8;
	records[3].flags = 5;
	records[5] = (struct made_record){ 0 };
}

/* Header and parts; returns the parts' offsets in ret_at. */
static inline void made_table_write(struct buf *out, const struct made_go *made, uint64_t ret_at[5])
{
	struct made_record records[MADE_FUNCTIONS];
	struct buf values = { 0 }, list = { 0 };
	uint32_t functab = 8 * MADE_FUNCTIONS + 4, record = made->old ? 68 : 72;

	made_values_write(&values, records);
	for (uint32_t i = 0; i < MADE_FUNCTIONS; i++) {
		made_u32(&list, i * MADE_STRIDE);
		made_u32(&list, functab + i * record);
	}
	made_u32(&list, MADE_FUNCTIONS * MADE_STRIDE);
	for (uint32_t i = 0; i < MADE_FUNCTIONS; i++)
		made_record_write(&list, made, i, &records[i]);
	ret_at[0] = 72;
	ret_at[1] = ret_at[0] + 104;
	ret_at[2] = ret_at[1] + 16;
	ret_at[3] = ret_at[2] + 40;
	ret_at[4] = (ret_at[3] + values.n + 7) & ~7ull;
	made_u32(out, made->old ? 0xfffffff0u : 0xfffffff1u);
	made_u32(out, 0x08010000);
	made_u64(out, MADE_FUNCTIONS);
	made_u64(out, 3);
	made_u64(out, made->without_text ? 0 : MADE_TEXT);
	for (int i = 0; i < 5; i++)
		made_u64(out, ret_at[i]);
	buf_add(out, made_names, sizeof(made_names));
	made_pad(out, ret_at[1]);
	made_u32(out, 0);
	made_u32(out, 13);
	made_u32(out, 28);
	made_pad(out, ret_at[2]);
	buf_add(out, made_files, sizeof(made_files));
	made_pad(out, ret_at[3]);
	buf_add_str(out, buf_str(&values));
	made_pad(out, ret_at[4]);
	buf_add_str(out, buf_str(&list));
	buf_fini(&values);
	buf_fini(&list);
}

/* A word of data, or a relocation that will put it there. */
static inline void made_pointer(struct buf *data, struct buf *relocs, bool relocated, uint64_t value)
{
	if (relocated && value) {
		made_u64(relocs, MADE_DATA + data->n);
		made_u64(relocs, R_X86_64_RELATIVE);
		made_u64(relocs, value);
		value = 0;
	}
	made_u64(data, value);
}

/* Build information, moduledata, and what finds relocations. */
static inline void made_data_write(struct buf *data, const struct made_go *made, uint64_t table,
				   const uint64_t at[5], uint64_t gofunc, uint64_t *ret_dynamic)
{
	struct buf relocs = { 0 };
	uint64_t n_relocs;

	if (made->version) {
		buf_add(data, "\xff Go buildinf:\x08\x02", 16);
		made_pad(data, 32);
		buf_add_uleb(data, strlen(made->version));
		buf_add(data, made->version, strlen(made->version));
		made_pad(data, (data->n + 15) & ~(size_t)15);
	}
	for (uint32_t i = 0; i < 44; i++) {
		uint64_t word = 0;

		if (i == 0)
			word = table;
		else if (i == 1)
			word = table + at[0];
		else if (i == 13)
			word = table + at[4];
		else if (i == 22)
			word = MADE_TEXT;
		else if (i == (made->old ? 38 : 40))
			word = gofunc;
		made_pointer(data, &relocs, made->relocated, word);
	}
	n_relocs = relocs.n;
	*ret_dynamic = n_relocs ? MADE_DATA + data->n + n_relocs : 0;
	made_u64(&relocs, DT_RELA);
	made_u64(&relocs, MADE_DATA + data->n);
	made_u64(&relocs, DT_RELASZ);
	made_u64(&relocs, n_relocs);
	buf_add_str(data, buf_str(&relocs));
	buf_fini(&relocs);
}

/* The whole file. */
static inline void made_go_write(struct buf *out, const struct made_go *made)
{
	Elf64_Ehdr eh = { .e_ident = ELFMAG "\2\1\1", .e_machine = EM_X86_64, .e_type = ET_EXEC,
			  .e_phoff = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr),
			  .e_phnum = 3 };
	Elf64_Phdr ph[3] = { 0 };
	struct buf part = { 0 }, data = { 0 };
	uint64_t table, gofunc, dynamic, at[5];

	buf_clear(out);
	buf_add(out, &eh, sizeof(eh));
	buf_add(out, ph, sizeof(ph));
	made_pad(out, MADE_TEXT - MADE_BASE);
	made_pad(out, MADE_TEXT - MADE_BASE + MADE_STRIDE);
	buf_add(out, made_morestack, sizeof(made_morestack) - 1);
	made_pad(out, MADE_TEXT - MADE_BASE + 2 * MADE_STRIDE);
	buf_add(out, made_systemstack, sizeof(made_systemstack) - 1);
	made_pad(out, MADE_TEXT_END - MADE_BASE);
	table = MADE_BASE + out->n;
	made_table_write(&part, made, at);
	buf_add_str(out, buf_str(&part));
	buf_fini(&part);
	made_pad(out, (out->n + 7) & ~(size_t)7);
	gofunc = MADE_BASE + out->n;
	made_inlines_write(out, made);
	made_pad(out, (out->n + 15) & ~(size_t)15);
	made_data_write(&data, made, table, at, gofunc, &dynamic);
	ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = MADE_BASE,
			      .p_filesz = out->n, .p_memsz = out->n };
	ph[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = out->n,
			      .p_vaddr = MADE_DATA, .p_filesz = data.n, .p_memsz = data.n };
	if (dynamic)
		ph[2] = (Elf64_Phdr){ .p_type = PT_DYNAMIC, .p_flags = PF_R, .p_vaddr = dynamic,
				      .p_filesz = 32, .p_memsz = 32,
				      .p_offset = out->n + (dynamic - MADE_DATA) };
	if (!out->failed)
		memcpy(out->p + sizeof(eh), ph, sizeof(ph));
	buf_add_str(out, buf_str(&data));
	buf_fini(&data);
}

#endif
