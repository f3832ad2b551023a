/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/codefile.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/namer.h"
#include "elf/debugfile.h"
#include "elf/debuginfod.h"
#include "elf/dwarf.h"
#include "model/profile.h"
#include "render/machine.h"

struct str code_file_path(const struct code_file *file)
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
	struct str path = code_file_path(file), told = module_build_id(file);
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

int code_file_open(struct code_file *file, struct err *err)
{
	char path[PATH_MAX], debug_path[PATH_MAX];
	struct elf *with_lines = &file->elf;
	int rc = open_binary(file, err);

	if (rc < 0)
		return rc;
	snprintf(path, sizeof(path), "%.*s", STR_ARG(code_file_path(file)));
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

void code_file_close(struct code_file *file)
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

const struct symbol *code_file_symbol(const struct code_file *file, uint64_t vaddr)
{
	const struct symbol *symbol = symbols_find(&file->symbols, vaddr);

	return symbol ? symbol : symbols_find(&file->debug_symbols, vaddr);
}

bool code_file_vaddr(const struct code_file *file, uint64_t address, uint64_t *ret_vaddr)
{
	const struct module *module = &file->profile->frames.modules[file->module];

	*ret_vaddr = address;
	if (!module->start && !module->offset && (!module->limit || module->limit == UINT64_MAX))
		return true;
	return address >= module->start &&
	       elf_code_vaddr_of_off(&file->elf, address - module->start + module->offset, ret_vaddr);
}

int code_file_range(const struct code_file *file, uint64_t vaddr, struct machine_code *code, struct err *err)
{
	const struct symbol *symbol = code_file_symbol(file, vaddr);
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
				"stripped", STR_ARG(code_file_path(file)), (unsigned long long)vaddr);
	code->vaddr = range.start;
	code->size = range.size;
	return 0;
}
