/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perfdata_code.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/vec.h"
#include "format/module_kind.h"
#include "format/perfdata_head.h"
#include "format/perfdata_task.h"
#include "model/profile.h"

#define MEMO (1u << 13)
#define BUILD_ID_MAX 20u

enum file_kind { FILE_OF_CODE, FILE_RUN_TIME, FILE_VDSO, FILE_KERNEL, FILE_BPF };

struct perfdata_file {
	enum file_kind kind;
	uint32_t path;		/* string */
	uint64_t inode;
	uint8_t build_id[BUILD_ID_MAX];
	uint8_t build_id_n;
	bool asked;
	uint32_t image;		/* the aid's, with its build id, lent: */
	struct str id;
	uint32_t module;	/* of its frames; 0: not made yet, or one for each mapping */
	uint32_t function;	/* of all its frames: a BPF program; another file than was mapped */
};

struct perfdata_memo {
	uint64_t address;
	uint32_t space, frame;
};

int perfdata_code_init(struct perfdata_code *code, struct profile *profile,
		       const struct perfdata_head *head, const struct code_aid *aid)
{
	*code = (struct perfdata_code){ .profile = profile, .head = head, .aid = aid };
	code->memo = calloc(MEMO, sizeof(*code->memo));
	code->kernel = (struct code_kernel){
		.build_id = perfdata_head_build_id(head, STR("[kernel.kallsyms]")),
		.release = head->release, .hostname = head->hostname,
	};
	if (aid)
		code->state = aid->open();
	if (!code->memo || (aid && !code->state) ||
	    VEC_RESERVE(&code->files, &code->cap_files, 1) < 0)
		return -ENOMEM;
	code->n_files = 1;	/* 0 is none */
	return 0;
}

void perfdata_code_fini(struct perfdata_code *code)
{
	if (code->state)
		code->aid->close(code->state);
	free(code->files);
	free(code->memo);
	idindex_fini(&code->file_index);
	buf_fini(&code->frames);
	arena_fini(&code->kept);
	*code = (struct perfdata_code){ 0 };
}

static uint32_t intern(struct perfdata_code *code, struct str s)
{
	return strings_add(&code->profile->strings, s);
}

static struct str path_of(const struct perfdata_code *code, const struct perfdata_file *file)
{
	return strings_get(&code->profile->strings, file->path);
}

/* Memory that no file is behind: what may run there was made at run time. */
static bool is_run_time(struct str path)
{
	static const char *const begins[] = { "//anon", "/anon_hugepage", "/dev/zero", "/memfd:", "/SYSV",
					      "[heap]", "[stack", "anon_inode:" };

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (str_starts(path, str_of(begins[i])))
			return true;
	return !path.n;
}

static enum file_kind kind_of(const struct perfdata_mapped *mapped)
{
	if (mapped->bpf)
		return FILE_BPF;
	if (mapped->pid == PERFDATA_KERNEL_PID)
		return FILE_KERNEL;
	if (str_eq(mapped->path, STR("[vdso]")))
		return FILE_VDSO;
	return is_run_time(mapped->path) ? FILE_RUN_TIME : FILE_OF_CODE;
}

static struct str without_deleted(struct str path)
{
	return str_ends(path, STR(" (deleted)")) ? str_head(path, path.n - 10) : path;
}

static bool same_file(const struct perfdata_file *a, const struct perfdata_file *b)
{
	return a->kind == b->kind && a->path == b->path && a->inode == b->inode &&
	       a->build_id_n == b->build_id_n && !memcmp(a->build_id, b->build_id, a->build_id_n);
}

static uint32_t add_file(struct perfdata_code *code, const struct perfdata_file *file)
{
	uint64_t hash = hash_u64(file->path, file->inode) ^
			hash_u64(hash_bytes(file->build_id, file->build_id_n), file->kind);
	uint32_t step = 0, id;

	while ((id = idindex_probe(&code->file_index, hash, &step)))
		if (same_file(&code->files[id], file))
			return id;
	if (code->n_files == PERFDATA_FILES_MAX ||
	    VEC_RESERVE(&code->files, &code->cap_files, (uint64_t)code->n_files + 1) < 0 ||
	    idindex_add(&code->file_index, hash, code->n_files) < 0) {
		code->failed = true;
		return 0;
	}
	code->files[code->n_files] = *file;
	return code->n_files++;
}

uint32_t perfdata_code_file(struct perfdata_code *code, const struct perfdata_mapped *mapped)
{
	struct perfdata_file file = { .kind = kind_of(mapped), .inode = mapped->inode };
	struct str build_id = mapped->build_id, path = without_deleted(mapped->path);
	char text[32];

	if (file.kind == FILE_RUN_TIME) {
		snprintf(text, sizeof(text), "/tmp/perf-%u.map", mapped->pid);
		path = str_of(text);
		file.inode = 0;
		build_id = (struct str){ 0 };
	} else if (!build_id.n) {
		build_id = perfdata_head_build_id(code->head, path);
	}
	file.path = intern(code, path);
	file.build_id_n = (uint8_t)(build_id.n < BUILD_ID_MAX ? build_id.n : BUILD_ID_MAX);
	if (file.build_id_n)
		memcpy(file.build_id, build_id.p, file.build_id_n);
	return add_file(code, &file);
}

void perfdata_code_set_kernel(struct perfdata_code *code, struct str symbol, uint64_t address)
{
	code->kernel.symbol = arena_dup(&code->kept, symbol);
	code->kernel.address = address;
}

static uint32_t hex_of(struct perfdata_code *code, struct str raw)
{
	char text[2 * BUILD_ID_MAX + 1];
	size_t n = 0;

	for (size_t i = 0; i < raw.n && i < BUILD_ID_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%02x", (uint8_t)raw.p[i]);
	return intern(code, str_over(text, n));
}

static uint32_t add_module(struct perfdata_code *code, struct str path, struct str build_id)
{
	return frames_add_module(&code->profile->frames,
				 &(struct module){ .path = intern(code, path),
						   .build_id = hex_of(code, build_id) });
}

uint32_t perfdata_code_function(struct perfdata_code *code, struct str name)
{
	return frames_add_function(&code->profile->frames,
				   &(struct function){ .name = intern(code, name) });
}

/* Asks the aid for the file, once. */
static void ask_file(struct perfdata_code *code, struct perfdata_file *file)
{
	struct str id = { (const char *)file->build_id, file->build_id_n };
	const char *trouble = NULL;
	char text[512];

	if (file->asked)
		return;
	file->asked = true;
	if (code->aid && (file->kind == FILE_OF_CODE || file->kind == FILE_VDSO))
		file->image = code->aid->file(code->state,
					      &(struct code_query){ .path = path_of(code, file), .build_id = id,
								    .inode = file->inode,
								    .recorded_ns = code->recorded_ns },
					      &id, &trouble);
	file->id = id;
	if (trouble) {
		snprintf(text, sizeof(text), "[%.*s: %s]", STR_ARG(str_basename(path_of(code, file))), trouble);
		file->function = perfdata_code_function(code, str_of(text));
	}
	if (file->kind == FILE_BPF)
		file->function = perfdata_code_function(code, path_of(code, file));
	/* what is not had has a module for each mapping, which tells offsets */
	if (file->kind == FILE_BPF)
		file->module = add_module(code, STR("[bpf]"), (struct str){ 0 });
	else if (file->kind != FILE_OF_CODE || file->image)
		file->module = add_module(code, path_of(code, file), id);
}

bool perfdata_code_has_file(const struct perfdata_code *code, uint32_t module, struct str *ret_build_id)
{
	for (uint32_t i = 1; i < code->n_files; i++) {
		if (code->files[i].module == module && code->files[i].image &&
		    code->files[i].kind == FILE_OF_CODE) {
			*ret_build_id = code->files[i].id;
			return true;
		}
	}
	return false;
}

bool perfdata_code_kernel(struct perfdata_code *code)
{
	struct str build_id = code->kernel.build_id;

	if (code->kernel_asked)
		return code->kernel_runs_here;
	code->kernel_asked = true;
	code->kernel_runs_here = code->aid && code->aid->kernel(code->state, &code->kernel, &build_id);
	code->kernel_module = add_module(code, STR("[kernel]"), build_id);
	return code->kernel_runs_here;
}

void perfdata_code_ask(struct perfdata_code *code, struct code_map *map)
{
	struct perfdata_file *file = &code->files[map->file];

	if (map->image != CODE_IMAGE_UNASKED)
		return;
	if (file->kind == FILE_VDSO && !perfdata_code_kernel(code))
		file->asked = true;
	ask_file(code, file);
	map->image = file->image;
	if (map->image && !code->aid->bias(code->state, map->image, map->start,
					   file->kind == FILE_VDSO ? 0 : map->off, &map->bias))
		map->image = 0;
}

/* A frame of a file that is not to be had: the address is the offset in it. */
static struct frame offset_frame(struct perfdata_code *code, const struct perfdata_file *file,
				 const struct code_map *map, uint64_t address)
{
	struct module module = { .path = file->path, .start = map->off, .offset = map->off,
				 .limit = map->off + (map->end - map->start) };

	module.build_id = hex_of(code, (struct str){ (const char *)file->build_id, file->build_id_n });
	return (struct frame){ .module = frames_add_module(&code->profile->frames, &module),
			       .address = address - map->start + map->off };
}

static struct frame user_frame(struct perfdata_code *code, struct code_map *map, uint64_t address)
{
	const struct perfdata_file *file = &code->files[map->file];
	struct frame frame = { .address = address };

	perfdata_code_ask(code, map);
	if (file->kind == FILE_OF_CODE && !map->image)
		frame = offset_frame(code, file, map, address);
	else if (file->kind == FILE_OF_CODE)
		frame.address -= map->bias;
	else if (file->kind == FILE_VDSO)	/* it begins with its ELF header, at vaddr 0 */
		frame.address -= map->image ? map->bias : map->start;
	if (!frame.module)
		frame.module = file->module ? file->module :
			       add_module(code, path_of(code, file), (struct str){ 0 });
	frame.function = file->function;
	frame.kind = (uint8_t)(file->kind == FILE_RUN_TIME ? FRAME_JIT : file->function ? FRAME_UNKNOWN :
			       module_kind(path_of(code, file)));
	return frame;
}

/* "[ext4]", of /lib/modules/.../ext4.ko.xz too; the kernel itself is none. */
static bool is_kernel_module(struct str path, struct str *ret_name)
{
	*ret_name = path;
	if (str_starts(path, STR("[kernel")) || str_starts(path, STR("[guest")))
		return false;
	if (path.n && path.p[0] == '/') {
		struct str name = str_basename(path);

		*ret_name = str_cut(&name, '.');
	}
	return ret_name->n;
}

static struct frame kernel_frame(struct perfdata_code *code, struct code_map *map, uint64_t address)
{
	struct perfdata_file *file = map ? &code->files[map->file] : NULL;
	struct frame frame = { .address = address, .kind = FRAME_KERNEL };
	struct str name;
	char text[128];

	if (file && file->kind == FILE_BPF) {
		ask_file(code, file);
		frame.function = file->function;
		frame.module = file->module;
		return frame;
	}
	if (!perfdata_code_kernel(code) && file && is_kernel_module(path_of(code, file), &name)) {
		snprintf(text, sizeof(text), name.p[0] == '[' ? "%.*s" : "[%.*s]", STR_ARG(name));
		frame.module = add_module(code, str_of(text), (struct str){ 0 });
		return frame;
	}
	frame.module = code->kernel_module;
	if (perfdata_code_kernel(code) && !code->kernel_expected)
		code->aid->expect_kernel(code->state);
	code->kernel_expected = true;
	return frame;
}

/* Code that nothing was mapped at. */
static uint32_t unknown_frame(struct perfdata_code *code)
{
	struct frame frame = { .kind = FRAME_UNKNOWN };

	if (!code->unknown_frame) {
		frame.function = perfdata_code_function(code, STR("[no mapping holds this address]"));
		code->unknown_frame = frames_add(&code->profile->frames, &frame);
	}
	return code->unknown_frame;
}

uint32_t perfdata_code_frame(struct perfdata_code *code, struct perfdata_space *space, bool in_kernel,
			     uint64_t address)
{
	uint32_t id = space ? space->id : 0;
	struct perfdata_memo *memo = &code->memo[hash_u64(address, id) >> 32 & (MEMO - 1)];
	struct code_map *map;
	struct frame frame;

	if (memo->address == address && memo->space == id && memo->frame)
		return memo->frame;
	map = perfdata_space_find(space, address);
	memo->address = address;
	memo->space = id;
	if (!map && !in_kernel)
		return memo->frame = unknown_frame(code);
	frame = in_kernel ? kernel_frame(code, map, address) : user_frame(code, map, address);
	return memo->frame = frames_add(&code->profile->frames, &frame);
}
