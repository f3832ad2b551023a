/* SPDX-License-Identifier: Apache-2.0 */
/* A mapped file (or the vDSO): Go's own table for what is Go, else DWARF, then symbol tables, then
 * "[libfoo.so+0x1234]", by where the function starts. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "elf/debugfile.h"
#include "elf/dwarf.h"
#include "elf/elf.h"
#include "elf/minidebug.h"
#include "elf/starts.h"
#include "elf/symbols.h"
#include "runtime/go/table.h"
#include "symbol/demangle.h"
#include "symbol/naming.h"
#include "symbol/object.h"

struct file_object {
	struct symbol_object object;
	int fd;				/* -1: none */
	char *path, *root;		/* of a file */
	char *bytes;			/* of the vDSO */
	size_t n_bytes;
	char build_id[64];		/* as the kernel reported it */
	size_t build_id_bytes;
	uint64_t stamp_bytes, stamp_mtime_ns;	/* when it was mapped; 0, 0: not told */
	bool system;			/* a library that came with the system */
	bool interpreter;		/* it interprets other code */
	bool without_lines;		/* only symbol tables are asked */

	bool loaded;
	const char *trouble;		/* why nothing can be named; NULL: it can */
	struct elf elf, debug;		/* debug is closed when the file holds all. */
	struct symbols symbols, debug_symbols;
	struct dwarf *dwarf;		/* NULL: none */
	bool is_go;
	struct go_table go;
	struct arena go_names;		/* those that are not in the file as they are shown */
	bool starts_loaded;
	struct starts starts;		/* for what has no name */
};

/* /lib, /lib64, /usr/lib, /usr/local/lib ... and a shared object: programs live there too. */
static bool is_system_library(struct str path)
{
	static const struct str prefixes[] = { { "/usr/local/", 11 }, { "/usr/", 5 }, { "/", 1 } };
	static const struct str dirs[] = { { "lib/", 4 }, { "lib64/", 6 }, { "lib32/", 6 },
					   { "libx32/", 7 } };
	struct str name = str_basename(path);

	if (!str_ends(name, STR(".so")) && !str_contains(name, STR(".so.")))
		return false;
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < 4; k++)
			if (str_starts(path, prefixes[i]) &&
			    str_starts(str_skip(path, prefixes[i].n), dirs[k]))
				return true;
	return false;
}

/* The kernel pads a short id with zeros to 20 bytes. */
static bool same_build_id(struct str reported, struct str own)
{
	if (!str_starts(reported, own) || !own.n)
		return false;
	for (size_t i = own.n; i < reported.n; i++)
		if (reported.p[i])
			return false;
	return true;
}

/* The file as the process has it: its descriptor, its name in its own root, its name in ours. The
 * last only when it can be told for the same file, or when that root has gone with its process. */
static int open_elf(struct file_object *file)
{
	char path[PATH_MAX];
	struct stat st;
	int rc, n;

	if (file->bytes)
		return elf_open_bytes(&file->elf, str_over(file->bytes, file->n_bytes), file->path,
				      NULL);
	if (file->fd >= 0)
		return elf_open_fd(&file->elf, file->fd, file->path, NULL);
	n = snprintf(path, sizeof(path), "%s%s", file->root, file->path);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	rc = elf_open(&file->elf, path, NULL);
	if (rc < 0 && *file->root && (file->build_id_bytes || stat(file->root, &st) < 0))
		rc = elf_open(&file->elf, file->path, NULL);
	return rc;
}

/* Whether it was written to since it was mapped, as far as times tell. */
static bool was_written(const struct file_object *file)
{
	struct stat st;

	return (file->stamp_bytes || file->stamp_mtime_ns) && fstat(file->fd, &st) == 0 &&
	       ((uint64_t)st.st_size != file->stamp_bytes || (uint64_t)st.st_mtim.tv_sec * 1000000000u +
			(uint64_t)st.st_mtim.tv_nsec != file->stamp_mtime_ns);
}

/* Whether what the path or descriptor now holds is what was mapped. */
static bool is_same(const struct file_object *file)
{
	struct str reported = { file->build_id, file->build_id_bytes };

	return reported.n ? same_build_id(reported, file->elf.build_id) : !was_written(file);
}

static const char *trouble_of(int rc)
{
	switch (rc) {
	case -ENOENT:
	case -ENOTDIR:
	case -ESRCH:
		return "file is gone";
	case -EACCES:
	case -EPERM:
		return "not permitted to read it";
	case -ENOEXEC:
		return "not a 64-bit ELF file";
	case -EBADMSG:
		return "damaged ELF file";
	default:
		return "cannot be read";
	}
}

/* What may lie beside the file: under the process's root or, when that has gone with it, where our
 * descriptor says that the file is. */
static const char *find_place(const struct file_object *file, char *place, const char **ret_root)
{
	char link[32];
	ssize_t n = -1;

	*ret_root = file->root;
	if (!*file->root || access(file->root, F_OK) == 0)
		return file->path;
	*ret_root = "";
	snprintf(link, sizeof(link), "/proc/self/fd/%d", file->fd);
	if (file->fd >= 0)
		n = readlink(link, place, PATH_MAX - 1);
	if (n <= 0 || *place != '/')
		return file->path;
	place[n] = 0;
	return place;
}

static void open_debug_information(struct file_object *file)
{
	char debug_path[PATH_MAX], place[PATH_MAX];
	const char *root, *path = find_place(file, place, &root);
	int rc;

	file->is_go = go_table_open(&file->go, &file->elf) == 0;
	if (symbols_load(&file->symbols, &file->elf, NULL) < 0)
		file->symbols = (struct symbols){ 0 };
	snprintf(debug_path, sizeof(debug_path), "%s%s", root, path);
	rc = debugfile_find(&file->elf, path, root, &file->debug, debug_path, NULL);
	if (rc < 0)
		rc = minidebug_open(&file->debug, &file->elf);
	if (rc < 0)
		file->debug = (struct elf){ 0 };
	if (file->debug.bytes.n) {
		if (symbols_load(&file->debug_symbols, &file->debug, NULL) < 0)
			file->debug_symbols = (struct symbols){ 0 };
		if (file->without_lines)
			return;
		if (dwarf_open(&file->dwarf, &file->debug, debug_path, NULL) < 0)
			file->dwarf = NULL;
		return;
	}
	if (!file->without_lines && dwarf_open(&file->dwarf, &file->elf, debug_path, NULL) < 0)
		file->dwarf = NULL;
}

static void load_file(struct symbol_object *object)
{
	struct file_object *file = (struct file_object *)object;
	int rc;

	if (file->loaded)
		return;
	file->loaded = true;
	rc = open_elf(file);
	if (rc < 0)
		file->elf = (struct elf){ 0 };
	if (rc < 0 && !was_written(file))
		file->trouble = trouble_of(rc);
	else if (rc < 0 || !is_same(file))
		file->trouble = "changed on disk since it was mapped";
	else
		open_debug_information(file);
}

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
static void prepare_file(struct symbol_object *object, const uint64_t *vaddrs, uint32_t n)
{
	struct file_object *file = (struct file_object *)object;

	if (file->dwarf && !file->is_go)
		dwarf_prepare(file->dwarf, vaddrs, n);
}

static void name_file(struct symbol_object *object, struct naming *naming, const uint64_t *vaddrs,
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

static void close_file(struct symbol_object *object)
{
	struct file_object *file = (struct file_object *)object;

	dwarf_close(file->dwarf);
	symbols_fini(&file->debug_symbols);
	symbols_fini(&file->symbols);
	starts_fini(&file->starts);
	arena_fini(&file->go_names);
	elf_close(&file->debug);
	elf_close(&file->elf);
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	free(file->root);
	free(file->bytes);
	free(file);
}

static const struct symbol_source file_source = {
	.load = load_file, .name = name_file, .prepare = prepare_file, .close = close_file
};

static struct file_object *new_file_object(struct str path, struct str root)
{
	struct file_object *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->object.source = &file_source;
	file->fd = -1;
	file->path = strndup(path.p ? path.p : "", path.n);
	file->root = strndup(root.p ? root.p : "", root.n);
	if (file->path && file->root)
		return file;
	close_file(&file->object);
	return NULL;
}

int symbol_object_open_file(struct symbol_object **ret_object, int fd, struct str path,
			    struct str root, struct str build_id, struct err *err)
{
	struct file_object *file = new_file_object(path, root);

	if (!file)
		return err_fail(err, -ENOMEM, "not enough memory for a symbol table");
	if (fd >= 0)	/* without a free descriptor the path still serves */
		file->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	file->build_id_bytes = build_id.n < sizeof(file->build_id) ? build_id.n :
								     sizeof(file->build_id);
	if (build_id.n)
		memcpy(file->build_id, build_id.p, file->build_id_bytes);
	file->system = is_system_library(path);
	*ret_object = &file->object;
	return 0;
}

void symbol_object_set_stamp(struct symbol_object *object, uint64_t bytes, uint64_t mtime_ns)
{
	struct file_object *file = (struct file_object *)object;

	if (object->source == &file_source) {
		file->stamp_bytes = bytes;
		file->stamp_mtime_ns = mtime_ns;
	}
}

void symbol_object_set_interpreter(struct symbol_object *object, bool lines)
{
	struct file_object *file = (struct file_object *)object;

	if (object->source == &file_source) {
		file->interpreter = true;
		file->without_lines = !lines;
	}
}

const char *symbol_object_trouble(struct symbol_object *object)
{
	symbol_object_load(object);
	return object->source == &file_source ? ((struct file_object *)object)->trouble : NULL;
}

bool symbol_object_vaddr(struct symbol_object *object, uint64_t off, uint64_t *ret_vaddr)
{
	if (object->source != &file_source || symbol_object_trouble(object))
		return false;
	return elf_code_vaddr_of_off(&((struct file_object *)object)->elf, off, ret_vaddr);
}

uint64_t symbol_object_rebase(struct symbol_object *object, uint64_t address)
{
	const struct elf *elf = &((struct file_object *)object)->elf;
	uint64_t first = UINT64_MAX;

	if (object->source != &file_source || symbol_object_trouble(object))
		return address;
	for (uint32_t i = 0; i < elf->n_segments; i++)
		if (elf->segments[i].type == PT_LOAD && elf->segments[i].vaddr < first)
			first = elf->segments[i].vaddr;
	return first != UINT64_MAX && address < first && address <= UINT64_MAX - first ? first + address : address;
}

int symbol_object_open_vdso(struct symbol_object **ret_object, struct str bytes, struct err *err)
{
	struct file_object *file = new_file_object(STR("[vdso]"), STR(""));

	if (file)
		file->bytes = malloc(bytes.n ? bytes.n : 1);
	if (!file || !file->bytes) {
		symbol_object_close(file ? &file->object : NULL);
		return err_fail(err, -ENOMEM, "not enough memory for a symbol table");
	}
	if (bytes.n)
		memcpy(file->bytes, bytes.p, bytes.n);
	file->n_bytes = bytes.n;
	file->system = true;
	*ret_object = &file->object;
	return 0;
}
