/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/code.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/code.h"
#include "base/buf.h"
#include "base/err.h"
#include "cli/codefile.h"
#include "elf/disasm.h"
#include "elf/dwarf.h"
#include "model/profile.h"
#include "symbol/demangle.h"
#include "symbol/sourcepath.h"

/* .lines and .disasm are of the code that was read last. Names and paths are kept once each, since a hostile
 * file may have a long one for every instruction. */
struct code_files {
	struct code_file *first;
	struct disasm disasm;
	struct machine_insn *insns;
	struct dwarf_result lines;
	struct strings strings;
};

static struct code_file *find_file(struct code_files *files, const struct profile *profile, uint32_t module)
{
	struct code_file *file = files->first;

	while (file && (file->profile != profile || file->module != module))
		file = file->next;
	if (file)
		return file;
	file = calloc(1, sizeof(*file));
	if (!file)
		return NULL;
	file->profile = profile;
	file->module = module;
	file->next = files->first;
	files->first = file;
	file->rc = code_file_open(file, &file->why);
	return file;
}

static struct str keep(struct code_files *files, struct str text)
{
	return strings_get(&files->strings, strings_add(&files->strings, text));
}

/* As a person reads it; an id of .strings. */
static uint32_t readable(struct code_files *files, struct str name)
{
	struct buf text = { 0 };
	uint32_t id;

	if (!demangle(name, &text)) {
		buf_clear(&text);
		buf_add_str(&text, name);
	}
	id = strings_add(&files->strings, buf_str(&text));
	buf_fini(&text);
	return id;
}

/* Of a symbol of the file; demangled once. */
static struct str symbol_name(struct code_files *files, const struct code_file *file,
			      const struct symbol *symbol)
{
	const struct symbols *own = &file->symbols;
	bool is_own = own->n && symbol >= own->items && symbol < own->items + own->n;
	uint32_t *id = is_own ? &file->names[symbol - own->items] :
				&file->debug_names[symbol - file->debug_symbols.items];

	if (!*id)
		*id = readable(files, symbol->name);
	return strings_get(&files->strings, *id);
}

static struct str name_at(struct code_files *files, const struct code_file *file, uint64_t vaddr,
			  uint64_t *ret_offset)
{
	const struct symbol *symbol = vaddr ? code_file_symbol(file, vaddr) : NULL;

	*ret_offset = symbol ? vaddr - symbol->vaddr : 0;
	return symbol ? symbol_name(files, file, symbol) : (struct str){ 0 };
}

/* Of a file that may be another build: whether it has the function that ran where it ran. */
static bool is_same_name(struct code_files *files, const struct code_file *file, const struct code_row *row,
			 uint64_t vaddr)
{
	const struct profile *profile = file->profile;
	const struct function *function = &profile->frames.functions[row->function];
	const struct symbol *symbol = code_file_symbol(file, vaddr);
	struct str name = strings_get(&profile->strings, function->name), shown;

	if (!symbol || !name.n)
		return !name.n;
	shown = symbol_name(files, file, symbol);
	return str_eq(symbol->name, strings_get(&profile->strings, function->system_name)) ||
	       str_starts(shown, name) || str_starts(name, shown) || str_eq(symbol->name, name);
}

/* The line that an instruction is of, and what was inlined there. */
static void add_line(struct code_files *files, uint32_t i, struct machine_insn *insn)
{
	const struct dwarf_frame *frame = &files->lines.frames[files->lines.first[i]];
	uint32_t n = files->lines.first[i + 1] - files->lines.first[i];
	struct buf path = { 0 };

	if (!n)
		return;
	source_path_join(frame->dir, frame->file, &path);
	insn->file = keep(files, buf_str(&path));
	insn->line = frame->line;
	if (n > 1)
		insn->inlined = strings_get(&files->strings, readable(files, frame->name));
	buf_fini(&path);
}

/* Of a stripped Go program. */
static void add_go_line(struct code_files *files, const struct code_file *file, struct machine_insn *insn)
{
	struct go_frame frames[GO_FRAMES_MAX];
	uint32_t n = go_table_frames(&file->go, insn->vaddr, frames);

	if (!n)
		return;
	insn->file = keep(files, frames[0].file);
	insn->line = frames[0].line;
	if (n > 1)
		insn->inlined = keep(files, frames[0].name);
}

static void add_lines(struct code_files *files, const struct code_file *file, struct machine_code *code)
{
	uint64_t *vaddrs = file->dwarf ? calloc((size_t)code->n + 1, sizeof(*vaddrs)) : NULL;

	for (uint32_t i = 0; file->is_go && !file->dwarf && i < code->n; i++)
		add_go_line(files, file, &code->insns[i]);
	if (!vaddrs)
		return;
	for (uint32_t i = 0; i < code->n; i++)
		vaddrs[i] = code->insns[i].vaddr;
	if (dwarf_resolve(file->dwarf, vaddrs, code->n, &files->lines, NULL) == 0)
		for (uint32_t i = 0; i < code->n; i++)
			add_line(files, i, &code->insns[i]);
	free(vaddrs);
}

static int disassemble(struct code_files *files, const struct code_file *file, struct machine_code *code,
		       struct err *err)
{
	static const enum machine_flow flows[] = { [DISASM_NEXT] = MACHINE_NEXT, [DISASM_JUMP] = MACHINE_JUMP,
						   [DISASM_CALL] = MACHINE_CALL };
	struct str bytes = elf_bytes_at(&file->elf, code->vaddr, code->size);
	int rc;

	if (!bytes.n)
		return err_fail(err, -ENODATA, "%.*s has no code at 0x%llx", STR_ARG(code_file_path(file)),
				(unsigned long long)code->vaddr);
	rc = disasm_read(&files->disasm, file->elf.machine, bytes, code->vaddr, err);
	if (rc < 0)
		return rc;
	files->insns = calloc((size_t)files->disasm.n + 1, sizeof(*files->insns));
	if (!files->insns)
		return -ENOMEM;
	code->insns = files->insns;
	code->n = files->disasm.n;
	for (uint32_t i = 0; i < code->n; i++) {
		const struct disasm_insn *from = &files->disasm.items[i];

		code->insns[i] = (struct machine_insn){
			.vaddr = from->vaddr, .size = from->size, .target = from->target,
			.flow = flows[from->flow], .mnemonic = from->mnemonic, .operands = from->operands };
		code->insns[i].target_name = name_at(files, file, from->target,
						     &code->insns[i].target_offset);
	}
	add_lines(files, file, code);
	return 0;
}

/* What the last code was lent from. */
static void forget(struct code_files *files)
{
	disasm_fini(&files->disasm);
	dwarf_result_fini(&files->lines);
	free(files->insns);
	files->insns = NULL;
}

static int read_code(void *context, const struct profile *profile, const struct code_row *row,
		     struct machine_code *ret_code, struct err *err)
{
	struct code_files *files = context;
	struct code_file *file;
	struct machine_code code = { 0 };
	uint64_t vaddr;
	int rc;

	forget(files);
	file = find_file(files, profile, row->module);
	if (!file)
		return -ENOMEM;
	if (file->rc < 0)
		return err_fail(err, file->rc, "%s", file->why.text);
	if (!code_file_vaddr(file, row->address, &vaddr) || !elf_bytes_at(&file->elf, vaddr, 1).n)
		return err_fail(err, -ENODATA, "0x%llx is in no code of %.*s", (unsigned long long)row->address,
				STR_ARG(code_file_path(file)));
	if (!file->certain && !is_same_name(files, file, row, vaddr))
		return err_fail(err, -ESTALE, "%.*s has another function there now: its code is not shown",
				STR_ARG(code_file_path(file)));
	rc = code_file_range(file, vaddr, &code, err);
	if (rc == 0)
		rc = disassemble(files, file, &code, err);
	if (rc < 0)
		return rc;
	code.bias = vaddr - row->address;
	code.path = code_file_path(file);
	code.name = name_at(files, file, code.vaddr, &(uint64_t){ 0 });
	if (!file->certain)
		code.note = STR("the profile has no build id of this file: whether it is what ran is not certain");
	*ret_code = code;
	return 0;
}

struct code_files *code_files_open(void)
{
	return calloc(1, sizeof(struct code_files));
}

void code_files_close(struct code_files *files)
{
	if (!files)
		return;
	forget(files);
	strings_fini(&files->strings);
	for (struct code_file *file = files->first, *next; file; file = next) {
		next = file->next;
		code_file_close(file);
	}
	free(files);
}

struct machine_reader code_reader(struct code_files *files)
{
	return (struct machine_reader){ files, read_code };
}
