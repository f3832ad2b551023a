/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/code.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyze/code.h"
#include "base/buf.h"
#include "base/err.h"
#include "cli/namer.h"
#include "elf/debugfile.h"
#include "elf/debuginfod.h"
#include "elf/disasm.h"
#include "elf/dwarf.h"
#include "elf/elf.h"
#include "elf/starts.h"
#include "elf/symbols.h"
#include "model/profile.h"
#include "runtime/go/table.h"
#include "symbol/demangle.h"
#include "symbol/sourcepath.h"

/* One file, opened once: a list. */
struct code_file {
	struct code_file *next;
	const struct profile *profile;
	uint32_t module;
	int rc;				/* why not: with .why */
	struct err why;
	bool certain;			/* its build id is that of the profile */
	struct elf elf, debug;
	struct symbols symbols, debug_symbols;
	uint32_t *names, *debug_names;	/* of each symbol: strings, once they were asked for */
	struct starts starts;
	bool is_go;
	struct go_table go;
	struct dwarf *dwarf;
};

/* .lines and .disasm are of the code that was read last. Names and paths are kept once each, since a hostile
 * file may have a long one for every instruction. */
struct code_files {
	struct code_file *first;
	struct disasm disasm;
	struct machine_insn *insns;
	struct dwarf_result lines;
	struct strings strings;
};

static struct str module_path(const struct code_file *file)
{
	return strings_get(&file->profile->strings, file->profile->frames.modules[file->module].path);
}

static struct str module_build_id(const struct code_file *file)
{
	return strings_get(&file->profile->strings, file->profile->frames.modules[file->module].build_id);
}

/* The kernel pads a short id with zeros. */
static bool is_build_id(struct str told, struct str own)
{
	char hex[2 * 64 + 1];
	struct str mine;

	elf_build_id_hex(own, hex, sizeof(hex));
	mine = str_of(hex);
	if (!mine.n || !str_starts(told, mine))
		return false;
	for (size_t i = mine.n; i < told.n; i++)
		if (told.p[i] != '0')
			return false;
	return true;
}

/* Go puts an id of its own, which no ELF note has, where pprof has the build id. */
static bool is_hex(struct str id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!strchr("0123456789abcdef", id.p[i]))
			return false;
	return id.n > 0;
}

static int check_build(struct code_file *file, const char *path, struct err *err)
{
	const struct profile *profile = file->profile;
	struct str told = module_build_id(file);
	struct stat st;

	if (is_hex(told) && file->elf.build_id.n) {
		file->certain = is_build_id(told, file->elf.build_id);
		return file->certain ? 0 : err_fail(err, -ESTALE, "%s is another build than what ran: its code "
						    "is not shown", path);
	}
	if (is_hex(told))
		return err_fail(err, -ESTALE, "%s has no build id, what ran had: its code is not shown", path);
	if (stat(path, &st) == 0 && namer_is_younger(&st, profile))
		return err_fail(err, -ESTALE, "%s was written after the profile was taken: its code is not "
				"shown", path);
	return 0;
}

/* What is at the module's path, else what debuginfod has of that build. */
static int open_binary(struct code_file *file, struct err *err)
{
	struct str path = module_path(file), told = module_build_id(file);
	char text[PATH_MAX];
	struct stat st;
	int rc, fd;

	if (!str_starts(path, STR("/")) || path.n >= sizeof(text))
		return err_fail(err, -ENOENT, path.n ? "%.*s is no file: its code cannot be shown" :
				"its code was made while the program ran, or its file is not known%.*s",
				STR_ARG(path));
	snprintf(text, sizeof(text), "%.*s", STR_ARG(path));
	rc = stat(text, &st) == 0 && S_ISREG(st.st_mode) ? elf_open(&file->elf, text, err) : -ENOENT;
	if (rc == 0)
		rc = check_build(file, text, err);
	if (rc == 0 || !is_hex(told))
		return rc == -ENOENT ? err_fail(err, rc, "%s is not here", text) : rc;
	fd = debuginfod_executable(told, text, sizeof(text));
	if (fd < 0)
		return err_fail(err, rc, "%.*s is not here%s", STR_ARG(path),
				fd == -ENOENT ? ", nor on the debuginfod server" : "");
	elf_close(&file->elf);
	if (err)
		err_clear(err);
	rc = elf_open_fd(&file->elf, fd, text, err);
	close(fd);
	return rc < 0 ? rc : check_build(file, text, err);
}

static int open_file(struct code_file *file, struct err *err)
{
	char path[PATH_MAX], debug_path[PATH_MAX];
	struct elf *with_lines = &file->elf;
	int rc = open_binary(file, err);

	if (rc < 0)
		return rc;
	snprintf(path, sizeof(path), "%.*s", STR_ARG(module_path(file)));
	snprintf(debug_path, sizeof(debug_path), "%s", path);
	if (debugfile_find(&file->elf, path, "", &file->debug, debug_path, NULL) == 0)
		with_lines = &file->debug;
	rc = symbols_load(&file->symbols, &file->elf, err);
	if (rc == 0 && with_lines == &file->debug)
		rc = symbols_load(&file->debug_symbols, &file->debug, err);
	if (rc == 0)
		rc = starts_load(&file->starts, &file->elf);
	file->names = calloc((size_t)file->symbols.n + 1, sizeof(*file->names));
	file->debug_names = calloc((size_t)file->debug_symbols.n + 1, sizeof(*file->debug_names));
	if (rc == 0 && !(file->names && file->debug_names))
		rc = -ENOMEM;
	file->is_go = rc == 0 && go_table_open(&file->go, &file->elf) == 0;
	if (rc == 0 && dwarf_open(&file->dwarf, with_lines, debug_path, NULL) < 0)
		file->dwarf = NULL;	/* no lines then */
	return rc;
}

static void close_file(struct code_file *file)
{
	dwarf_close(file->dwarf);
	symbols_fini(&file->symbols);
	symbols_fini(&file->debug_symbols);
	free(file->names);
	free(file->debug_names);
	starts_fini(&file->starts);
	elf_close(&file->debug);
	elf_close(&file->elf);
	free(file);
}

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
	file->rc = open_file(file, &file->why);
	return file;
}

static const struct symbol *find_symbol(const struct code_file *file, uint64_t vaddr)
{
	const struct symbol *symbol = symbols_find(&file->symbols, vaddr);

	return symbol ? symbol : symbols_find(&file->debug_symbols, vaddr);
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
	const struct symbol *symbol = vaddr ? find_symbol(file, vaddr) : NULL;

	*ret_offset = symbol ? vaddr - symbol->vaddr : 0;
	return symbol ? symbol_name(files, file, symbol) : (struct str){ 0 };
}

/* A mapping tells live addresses, none (or one that spans everything) the file's own. */
static bool find_vaddr(const struct code_file *file, uint64_t address, uint64_t *ret_vaddr)
{
	const struct module *module = &file->profile->frames.modules[file->module];

	*ret_vaddr = address;
	if (!module->start && !module->offset && (!module->limit || module->limit == UINT64_MAX))
		return true;
	return address >= module->start &&
	       elf_code_vaddr_of_off(&file->elf, address - module->start + module->offset, ret_vaddr);
}

/* Of a file that may be another build: whether it has the function that ran where it ran. */
static bool is_same_name(struct code_files *files, const struct code_file *file, const struct code_row *row,
			 uint64_t vaddr)
{
	const struct profile *profile = file->profile;
	const struct function *function = &profile->frames.functions[row->function];
	const struct symbol *symbol = find_symbol(file, vaddr);
	struct str name = strings_get(&profile->strings, function->name), shown;

	if (!symbol || !name.n)
		return !name.n;
	shown = symbol_name(files, file, symbol);
	return str_eq(symbol->name, strings_get(&profile->strings, function->system_name)) ||
	       str_starts(shown, name) || str_starts(name, shown) || str_eq(symbol->name, name);
}

static int find_range(const struct code_file *file, uint64_t vaddr, struct machine_code *code, struct err *err)
{
	const struct symbol *symbol = find_symbol(file, vaddr);
	struct starts_range range;
	struct go_function go;

	if (!symbol && file->is_go && go_table_find(&file->go, vaddr, &go)) {
		code->vaddr = go.start;
		code->size = go.end - go.start;
		while (code->size > 1 && str_eq(elf_bytes_at(&file->elf, code->vaddr + code->size - 1, 1), STR("\xcc")))
			code->size--;	/* int3 up to the next function */
		return 0;
	}
	if (symbol) {
		code->vaddr = symbol->vaddr;
		code->size = symbol->size;
		return 0;
	}
	if (!starts_find_range(&file->starts, vaddr, &range))
		return err_fail(err, -ENODATA, "%.*s does not tell where the function at 0x%llx begins: it is "
				"stripped", STR_ARG(module_path(file)), (unsigned long long)vaddr);
	code->vaddr = range.start;
	code->size = range.size;
	return 0;
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
		return err_fail(err, -ENODATA, "%.*s has no code at 0x%llx", STR_ARG(module_path(file)),
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
	if (!find_vaddr(file, row->address, &vaddr) || !elf_bytes_at(&file->elf, vaddr, 1).n)
		return err_fail(err, -ENODATA, "0x%llx is in no code of %.*s", (unsigned long long)row->address,
				STR_ARG(module_path(file)));
	if (!file->certain && !is_same_name(files, file, row, vaddr))
		return err_fail(err, -ESTALE, "%.*s has another function there now: its code is not shown",
				STR_ARG(module_path(file)));
	rc = find_range(file, vaddr, &code, err);
	if (rc == 0)
		rc = disassemble(files, file, &code, err);
	if (rc < 0)
		return rc;
	code.bias = vaddr - row->address;
	code.path = module_path(file);
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
		close_file(file);
	}
	free(files);
}

struct machine_reader code_reader(struct code_files *files)
{
	return (struct machine_reader){ files, read_code };
}
