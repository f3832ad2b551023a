/* SPDX-License-Identifier: Apache-2.0 */
/* Which file an object is of: the one that was mapped, or one that lies elsewhere, or why none; and what is loaded
 * of it and of its debug information. */
#include "symbol/file_object.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "elf/debugfile.h"
#include "elf/minidebug.h"

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
	.load = load_file, .name = file_object_name, .prepare = file_object_prepare, .close = close_file
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
