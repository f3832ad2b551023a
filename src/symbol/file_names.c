/* SPDX-License-Identifier: Apache-2.0 */
/* What is at an address of a mapped file (or the vDSO): Go's own table for what is Go, else DWARF, then symbol tables,
 * then "[libfoo.so+0x1234]", by where the function starts. */
#include "symbol/file_object.h"

#include <stdlib.h>
#include <string.h>

#include "symbol/demangle.h"
#include "symbol/naming.h"

static const struct symbol *find_symbol(const struct file_object *file, uint64_t vaddr)
{
	const struct symbol *symbol = symbols_find(&file->debug_symbols, vaddr);

	return symbol ? symbol : symbols_find(&file->symbols, vaddr);
}

/* DWARF names the outermost function "push_back" where the compiler left linkage names out (-g1);
 * the symbol table then says more. In C both say the same, and DWARF without ".constprop.0". */
static struct str outermost_name(const struct file_object *file, struct str name, uint64_t vaddr)
{
	const struct symbol *symbol;

	if (is_mangled(name))
		return name;
	symbol = find_symbol(file, vaddr);
	if (symbol && (!name.n || is_mangled(symbol->name)))
		return symbol->name;
	return name;
}

/* A name for an address that has none: one for all of its function, so that they add up. */
static uint64_t nameless_vaddr(struct file_object *file, uint64_t vaddr)
{
	uint64_t start;

	if (!file->starts_loaded) {
		file->starts_loaded = true;
		if (starts_load(&file->starts, &file->elf) < 0)
			file->starts = (struct starts){ 0 };
	}
	return starts_find(&file->starts, vaddr, &start) ? start : vaddr;
}

struct file_naming {
	struct file_object *file;
	struct naming *naming;
	uint32_t module;
	enum frame_kind kind;
};

static void name_by_symbol(const struct file_naming *fn, uint64_t vaddr)
{
	const struct symbol *symbol = find_symbol(fn->file, vaddr);
	struct str name = str_basename(str_of(fn->file->path));

	if (symbol) {
		naming_add(fn->naming, &(struct naming_frame){ .name = symbol->name,
							       .module = fn->module,
							       .kind = fn->kind,
							       .address = vaddr });
		return;
	}
	if (name.n && name.p[0] == '[')	/* [vdso]: not twice in brackets */
		name = str_head(str_skip(name, 1), name.n - 2);
	naming_add_nameless(fn->naming, fn->module, vaddr,
			    fn->file->interpreter ? FRAME_RUNTIME : FRAME_UNKNOWN, "[%.*s+0x%llx]",
			    STR_ARG(name), (unsigned long long)nameless_vaddr(fn->file, vaddr));
}

static void name_by_dwarf(const struct file_naming *fn, uint64_t vaddr,
			  const struct dwarf_frame *frames, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct dwarf_frame *frame = &frames[i];
		bool outermost = i == n - 1, has_file = frame->file.n > 0;
		struct str name = frame->name;

		if (outermost)
			name = outermost_name(fn->file, name, vaddr);
		if (!name.n && outermost && n == 1) {	/* a line, but in no function: padding */
			name_by_symbol(fn, vaddr);
			return;
		}
		if (!name.n)
			name = STR("[function without a name]");
		naming_add(fn->naming,
			   &(struct naming_frame){
				   .name = name,
				   .dir = has_file ? frame->dir : frame->decl_dir,
				   .file = has_file ? frame->file : frame->decl_file,
				   .line = frame->line,
				   .start_line = frame->start_line,
				   .module = fn->module,
				   .kind = fn->kind,
				   .inlined = !outermost,
				   .address = vaddr,
			   });
	}
}

/* "main.Map[go.shape.int,go.shape.string]" as Go prints it itself: "main.Map[...]". */
static struct str go_short_name(struct str name, struct arena *arena)
{
	ptrdiff_t open = str_find(name, '['), close = str_rfind(name, ']');
	struct str tail;
	char *text;

	if (open < 0 || close <= open)
		return name;
	tail = str_skip(name, (size_t)close);
	text = arena_alloc(arena, (size_t)open + 4 + tail.n + 1);
	if (!text)
		return name;
	memcpy(text, name.p, (size_t)open);
	memcpy(text + open, "[...", 4);
	memcpy(text + open + 4, tail.p, tail.n);
	return str_over(text, (size_t)open + 4 + tail.n);
}

/* What Go's own table says is what the program itself prints, and it is there without debug
 * information too. */
static bool name_by_go(const struct file_naming *fn, uint64_t vaddr)
{
	struct arena *arena = &fn->file->go_names;
	struct go_frame frames[GO_FRAMES_MAX];
	uint32_t n = fn->file->is_go ? go_table_frames(&fn->file->go, vaddr, frames) : 0;

	for (uint32_t i = 0; i < n; i++)
		naming_add(fn->naming, &(struct naming_frame){
						.name = go_short_name(frames[i].name, arena),
						.file = frames[i].file,
						.line = frames[i].line,
						.start_line = frames[i].start_line,
						.module = fn->module,
						.kind = FRAME_NATIVE,
						.inlined = frames[i].inlined,
						.address = vaddr,
					});
	return n > 0;
}

/* Of the addresses those that Go's own table says nothing of, for DWARF to be asked. */
static uint32_t without_go(const struct file_object *file, const uint64_t *vaddrs, uint32_t n,
			   uint64_t *ret_others)
{
	struct go_frame frames[GO_FRAMES_MAX];
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++)
		if (!go_table_frames(&file->go, vaddrs[i], frames))
			ret_others[kept++] = vaddrs[i];
	return kept;
}

/* Adds a query's frames; `lines` holds those that DWARF was asked for, *at is the next one. */
static void name_address(const struct file_naming *fn, uint64_t vaddr,
			 const struct dwarf_result *lines, uint32_t *at)
{
	uint32_t first, after;

	if (name_by_go(fn, vaddr))
		return;
	first = lines->n ? lines->first[*at] : 0;
	after = lines->n ? lines->first[*at + 1] : 0;
	++*at;
	if (after > first)
		name_by_dwarf(fn, vaddr, lines->frames + first, after - first);
	else
		name_by_symbol(fn, vaddr);
}

/* (Of Go's files only what its own table does not name: those have no compressed debug information that is worth it.) */
void file_object_prepare(struct symbol_object *object, const uint64_t *vaddrs, uint32_t n)
{
	struct file_object *file = (struct file_object *)object;

	if (file->dwarf && !file->is_go)
		dwarf_prepare(file->dwarf, vaddrs, n);
}

void file_object_name(struct symbol_object *object, struct naming *naming, const uint64_t *vaddrs,
		      uint32_t n)
{
	struct file_object *file = (struct file_object *)object;
	struct str path = str_of(file->path), id = { file->build_id, file->build_id_bytes };
	struct file_naming fn = { .file = file, .naming = naming };
	struct dwarf_result lines = { 0 };
	uint64_t *others = NULL;	/* NULL: all */
	uint32_t n_asked = n;

	if (!file->trouble)
		id = file->elf.build_id;
	fn.module = naming_module(naming, path, id);
	fn.kind = file->interpreter ? FRAME_RUNTIME : file->system ? FRAME_LIBRARY : FRAME_NATIVE;
	if (file->is_go) {
		others = calloc(n, sizeof(*others));
		n_asked = others ? without_go(file, vaddrs, n, others) : 0;
	}
	if (file->dwarf && n_asked &&
	    dwarf_resolve(file->dwarf, others ? others : vaddrs, n_asked, &lines, NULL) < 0)
		lines = (struct dwarf_result){ 0 };
	for (uint32_t i = 0, at = 0; i < n; i++) {
		naming_query(naming);
		if (file->trouble)
			naming_add_unknown(naming, fn.module, vaddrs[i], "[%.*s: %s]",
					   STR_ARG(str_basename(path)), file->trouble);
		else
			name_address(&fn, vaddrs[i], &lines, &at);
	}
	free(others);
	dwarf_result_fini(&lines);
}
