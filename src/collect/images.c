/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/images.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "elf/starts.h"
#include "proc/process.h"
#include "runtime/go/rows.h"
#include "runtime/jvm/codes.h"
#include "runtime/python/codes.h"
#include "runtime/python/tail.h"
#include "runtime/runtime.h"
#include "runtime/v8/codes.h"
#include "runtime/v8/rows.h"
#include "unwind/mark.h"
#include "unwind/splice.h"

struct image_alias {
	uint64_t hash;		/* of the mapping's identity: all that tells it apart */
	uint32_t image;
};

#define VDSO_BYTES_MAX ((size_t)64 << 10)

static uint32_t add(struct images *images, struct image image)
{
	if (images->n == IMAGES_MAX ||
	    VEC_RESERVE(&images->items, &images->cap, (uint64_t)images->n + 1) < 0)
		return 0;
	images->items[images->n] = image;
	return images->n++;
}

int images_init(struct images *images)
{
	int rc;

	*images = (struct images){ 0 };
	rc = unwind_rules_init(&images->rules);
	if (rc < 0)
		return rc;
	images->codes = python_codes_new();
	images->v8_codes = v8_codes_new();
	images->jvm_codes = jvm_codes_new();
	if (!images->codes || !images->v8_codes || !images->jvm_codes ||
	    VEC_RESERVE(&images->items, &images->cap, 5) < 0)
		return -ENOMEM;
	images->n = 5;
	images->items[0] = (struct image){ .fd = -1 };
	images->items[IMAGE_KERNEL_ID] = (struct image){ .kind = IMAGE_KERNEL, .fd = -1 };
	images->items[IMAGE_PYTHON_ID] = (struct image){ .kind = IMAGE_PYTHON, .fd = -1 };
	images->items[IMAGE_V8_ID] = (struct image){ .kind = IMAGE_V8, .fd = -1 };
	images->items[IMAGE_JVM_ID] = (struct image){ .kind = IMAGE_JVM, .fd = -1 };
	return 0;
}

void images_fini(struct images *images)
{
	for (uint32_t i = 0; i < images->n; i++) {
		struct image *image = &images->items[i];

		if (image->cells_mapped)
			munmap(image->cells, (size_t)image->n_cells * sizeof(*image->cells));
		else
			free(image->cells);
		if (image->elf.bytes.p)
			elf_close(&image->elf);
		runtime_file_free(image->runtime);
		if (image->fd >= 0)
			close(image->fd);
		if (image->kind == IMAGE_RUNTIME)
			perf_home_close(&image->perf_home);
	}
	free(images->items);
	free(images->aliases);
	idindex_fini(&images->alias_index);
	idindex_fini(&images->file_index);
	unwind_rules_fini(&images->rules);
	python_codes_free(images->codes);
	v8_codes_free(images->v8_codes);
	jvm_codes_free(images->jvm_codes);
	arena_fini(&images->arena);
	*images = (struct images){ 0 };
}

static uint32_t find_alias(const struct images *images, uint64_t hash)
{
	uint32_t step = 0, id;

	while ((id = idindex_probe(&images->alias_index, hash, &step)))
		if (images->aliases[id - 1].hash == hash)
			return images->aliases[id - 1].image;
	return 0;
}

static uint32_t add_alias(struct images *images, uint64_t hash, uint32_t image)
{
	if (image && VEC_RESERVE(&images->aliases, &images->cap_aliases,
				 (uint64_t)images->n_aliases + 1) == 0 &&
	    idindex_add(&images->alias_index, hash, images->n_aliases + 1) == 0)
		images->aliases[images->n_aliases++] = (struct image_alias){ hash, image };
	return image;
}

static uint64_t query_hash(const struct image_query *query)
{
	uint64_t hash = hash_str(query->path);

	if (query->build_id_n)
		return hash_u64(hash, hash_bytes(query->build_id, query->build_id_n));
	return hash_u64(hash, hash_u64(query->inode, (uint64_t)query->dev_major << 32 |
						     query->dev_minor));
}

/* The vDSO is in our own memory too, the same for every 64-bit process. */
static uint32_t vdso_image(struct images *images)
{
	uint64_t hash = hash_str(STR("[vdso]"));
	uint32_t id = find_alias(images, hash);
	const char *bytes = (const char *)getauxval(AT_SYSINFO_EHDR);
	struct image image = { .kind = IMAGE_VDSO, .path = STR("[vdso]"), .fd = -1 };
	struct str copy;

	if (id || !bytes)
		return id;
	/* one or two pages: read as much of them as there is, through the kernel, not by faulting */
	copy.p = arena_alloc(&images->arena, VDSO_BYTES_MAX);
	if (!copy.p)
		return 0;
	copy.n = 0;
	while (copy.n < VDSO_BYTES_MAX) {
		ssize_t n = process_read(getpid(), (uintptr_t)bytes + copy.n,
					 (char *)(uintptr_t)copy.p + copy.n, 4096);

		if (n != 4096)
			break;
		copy.n += (size_t)n;
	}
	if (elf_open_bytes(&image.elf, copy, "[vdso]", NULL) < 0)
		return 0;
	return add_alias(images, hash, add(images, image));
}

static uint32_t find_file(const struct images *images, const struct stat *st, uint64_t hash)
{
	uint32_t step = 0, id;

	while ((id = idindex_probe(&images->file_index, hash, &step))) {
		const struct image *image = &images->items[id];

		if (image->dev == st->st_dev && image->inode == st->st_ino &&
		    image->size == (uint64_t)st->st_size &&
		    image->mtime_ns == (uint64_t)st->st_mtim.tv_sec * 1000000000u +
				       (uint64_t)st->st_mtim.tv_nsec)
			return id;
	}
	return 0;
}

/* Reads an opened candidate. False when it is not the file that was mapped: what the kernel saw at the
 * mapping decides, a range or a name may hold another file by now. */
static bool read_elf(struct image *image, const struct image_query *query)
{
	if (elf_open_fd(&image->elf, image->fd, "a mapped file", NULL) < 0) {
		image->elf = (struct elf){ 0 };
		return !query->build_id_n;
	}
	if (query->build_id_n && !str_eq(image->elf.build_id,
					 str_over(query->build_id, query->build_id_n))) {
		elf_close(&image->elf);
		image->elf = (struct elf){ 0 };
		return false;
	}
	if (!image->build_id_n && image->elf.build_id.n <= sizeof(image->build_id)) {
		memcpy(image->build_id, image->elf.build_id.p, image->elf.build_id.n);
		image->build_id_n = (uint8_t)image->elf.build_id.n;
	}
	return true;
}

/* Opens and reads the mapped file: by its range, else by its name. */
static void open_file(struct image *image, const struct image_query *query)
{
	image->fd = process_open_mapped(query->pid, query->start, query->end, query->path,
					query->inode, NULL);
	if (image->fd >= 0 && read_elf(image, query))
		return;
	if (image->fd >= 0)
		close(image->fd);
	image->fd = query->build_id_n ?
		    process_open_mapped(query->pid, 0, 0, query->path, query->inode, NULL) : -1;
	if (image->fd >= 0 && !read_elf(image, query)) {
		close(image->fd);
		image->fd = -1;
	}
	if (image->fd < 0)
		image->fd = -1;
}

static uint32_t file_image(struct images *images, const struct image_query *query)
{
	struct image image = { .kind = IMAGE_FILE, .build_id_n = query->build_id_n };
	char root[64];
	struct stat st;
	uint64_t hash = 0;
	uint32_t id;

	if (query->build_id_n)
		memcpy(image.build_id, query->build_id, query->build_id_n);
	open_file(&image, query);
	if (image.fd >= 0 && fstat(image.fd, &st) == 0) {
		hash = hash_u64(st.st_ino, st.st_dev);
		id = find_file(images, &st, hash);
		if (id) {
			elf_close(&image.elf);
			close(image.fd);
			return id;
		}
		image.dev = st.st_dev;
		image.inode = st.st_ino;
		image.size = (uint64_t)st.st_size;
		image.mtime_ns = (uint64_t)st.st_mtim.tv_sec * 1000000000u +
				 (uint64_t)st.st_mtim.tv_nsec;
	}
	snprintf(root, sizeof(root), "/proc/%d/root", query->pid);
	if (image.elf.n_segments)
		image.runtime = runtime_detect(&image.elf, &image.interpreter);
	image.path = arena_dup(&images->arena, query->path);
	image.root = arena_dup(&images->arena, str_of(root));
	id = add(images, image);
	if (!id) {
		elf_close(&image.elf);
		runtime_file_free(image.runtime);
		if (image.fd >= 0)
			close(image.fd);
	} else if (image.fd >= 0) {
		idindex_add(&images->file_index, hash, id);	/* failing, it is only opened twice */
	}
	return id;
}

uint32_t images_of_mapping(struct images *images, const struct image_query *query)
{
	uint64_t hash;
	uint32_t id;

	if (str_eq(query->path, STR("[vdso]")))
		return vdso_image(images);
	hash = query_hash(query);
	id = find_alias(images, hash);
	return id ? id : add_alias(images, hash, file_image(images, query));
}

uint32_t images_of_runtime(struct images *images, pid_t pid, struct str process)
{
	struct image image = { .kind = IMAGE_RUNTIME, .pid = pid, .fd = -1 };
	uint64_t hash = hash_u64((uint64_t)pid, hash_str(process));
	uint32_t id = find_alias(images, hash);

	if (id)
		return id;
	image.process = arena_dup(&images->arena, process);
	perf_home_open(&image.perf_home, pid);
	id = add(images, image);
	if (!id)
		perf_home_close(&image.perf_home);
	return add_alias(images, hash, id);
}

/* Kept open: the name may mean nothing here once the process, and its root, have gone. */
void images_set_jitdump(struct images *images, uint32_t id, struct str path)
{
	struct image *image = images_get(images, id);
	char name[4096];
	int n = snprintf(name, sizeof(name), "/proc/%d/root%.*s", image->pid, STR_ARG(path));

	if (image->kind != IMAGE_RUNTIME || image->fd >= 0 || n < 0 || (size_t)n >= sizeof(name))
		return;
	image->fd = open(name, O_RDONLY | O_CLOEXEC);
	if (image->fd < 0)
		image->fd = open(name + (size_t)n - path.n, O_RDONLY | O_CLOEXEC);
	if (image->fd < 0)
		return;
	n = snprintf(name, sizeof(name), "/proc/self/fd/%d", image->fd);
	image->jitdump = arena_dup(&images->arena, str_over(name, (size_t)n));
}

bool images_bias(const struct images *images, uint32_t id, uint64_t start, uint64_t off,
		 uint64_t *ret_bias)
{
	const struct image *image = images_get(images, id);
	uint64_t vaddr;

	if (image->kind == IMAGE_VDSO)
		off = 0;	/* no file: it begins with its ELF header */
	if (!image->elf.n_segments || !elf_code_vaddr_of_off(&image->elf, off, &vaddr))
		return false;
	*ret_bias = start - vaddr;
	return true;
}

/* An interpreter's loop is where the walk takes interpreted frames. */
static void mark_loops(struct images *images, struct unwind_table *table,
		       const struct python_file *python)
{
	struct unwind_span spans[PYTHON_LOOPS_MAX];

	for (uint32_t i = 0; i < python->n_loops; i++)
		spans[i] = (struct unwind_span){ python->loops[i].start, python->loops[i].end };
	unwind_mark(table, &images->rules, spans, python->n_loops, UNWIND_MARK_PYTHON);
}

/* Go's own table knows more of Go's code than CFI does. Without memory for it CFI is left. */
static void splice_go_rows(struct images *images, struct unwind_table *table, const struct elf *elf,
			   const struct go_table *go)
{
	struct go_rows rows = { 0 };
	struct unwind_row *items = NULL;
	uint32_t *numbers = NULL;

	if (go_rows_make(&rows, go, elf) < 0)
		return;
	numbers = calloc(rows.n_rules + 1, sizeof(*numbers));
	items = calloc(rows.n + 1, sizeof(*items));
	for (uint32_t i = 0; numbers && i < rows.n_rules; i++)
		numbers[i] = unwind_rules_add(&images->rules, &rows.rules[i]);
	for (uint32_t i = 0; numbers && items && i < rows.n; i++) {
		items[i].vaddr = rows.items[i].vaddr;
		items[i].rule = rows.items[i].rule == GO_RULE_KEEP ? UNWIND_RULE_KEEP :
								     numbers[rows.items[i].rule];
	}
	if (numbers && items)
		unwind_splice(table, rows.start, rows.end, items, rows.n);
	free(numbers);
	free(items);
	go_rows_fini(&rows);
}

/* Rows on their way from a runtime that makes them one by one. */
struct row_sink {
	struct unwind_rules *rules;
	struct unwind_row *items;
	uint32_t n, cap;
	bool failed;
};

static void sink_row(void *context, uint64_t vaddr, const struct unwind_rule *rule)
{
	struct row_sink *sink = context;

	if (sink->failed || VEC_RESERVE(&sink->items, &sink->cap, (uint64_t)sink->n + 1) < 0) {
		sink->failed = true;
		return;
	}
	sink->items[sink->n++] = (struct unwind_row){ vaddr, unwind_rules_add(sink->rules, rule) };
}

static void sink_tail_stack(void *context, uint64_t start, uint64_t end, bool pushed)
{
	static const struct unwind_rule rules[] = {
		{ .kind = UNWIND_CFA, .cfa_base = UNWIND_RSP, .cfa_off = 8, .ra_reg = UNWIND_RIP,
		  .ra_off = -8 },
		{ .kind = UNWIND_CFA, .cfa_base = UNWIND_RSP, .cfa_off = 16, .ra_reg = UNWIND_RIP,
		  .ra_off = -8, .saves = UNWIND_AT_CFA, .fp_off = -16 },
	};
	struct row_sink *sink = context;

	if (sink->n && sink->items[sink->n - 1].vaddr == start)
		sink->n--;	/* the end of the one before */
	sink_row(sink, start, &rules[pushed]);
	if (sink->failed || VEC_RESERVE(&sink->items, &sink->cap, (uint64_t)sink->n + 1) < 0)
		sink->failed = true;
	else
		sink->items[sink->n++] = (struct unwind_row){ end, UNWIND_RULE_KEEP };
}

/* The functions that are the instructions of a CPython of tail calls. */
static void splice_tail_rows(struct images *images, struct unwind_table *table, const struct elf *elf,
			     const struct python_file *python)
{
	struct row_sink sink = { .rules = &images->rules };
	struct starts starts;

	if (!python->tail_table || starts_load(&starts, elf) < 0)
		return;
	python_tail_stack(python, elf, &starts, sink_tail_stack, &sink);
	if (!sink.failed && sink.n)
		unwind_splice(table, sink.items[0].vaddr, sink.items[sink.n - 1].vaddr, sink.items, sink.n);
	free(sink.items);
	starts_fini(&starts);
}

/* V8's builtins have no CFI. */
static void splice_v8_rows(struct images *images, struct unwind_table *table, struct elf *elf,
			   const struct v8_file *v8)
{
	struct row_sink sink = { .rules = &images->rules };

	if (v8_rows_make(v8, elf, sink_row, &sink) == 0 && !sink.failed && sink.n)
		unwind_splice(table, v8->blob, v8->blob_end, sink.items, sink.n);
	free(sink.items);
}

bool images_build_rows(struct images *images, uint32_t id)
{
	struct image *image = images_get(images, id);
	struct unwind_table table = { 0 };

	if (image->rows == ROWS_BUILT || (image->kind != IMAGE_FILE && image->kind != IMAGE_VDSO))
		return false;
	image->rows = ROWS_BUILT;
	if (image->elf.n_segments)
		unwind_build(&table, &image->elf, &images->rules, NULL);
	if (image->runtime && image->runtime->kind == RUNTIME_PYTHON) {
		splice_tail_rows(images, &table, &image->elf, &image->runtime->python);
		mark_loops(images, &table, &image->runtime->python);
	}
	if (image->runtime && image->runtime->kind == RUNTIME_GO)
		splice_go_rows(images, &table, &image->elf, &image->runtime->go.table);
	if (image->runtime && image->runtime->kind == RUNTIME_V8)
		splice_v8_rows(images, &table, &image->elf, &image->runtime->v8);
	image->cells = table.cells;
	image->n_cells = table.n_cells;
	image->stats = table.stats;
	return true;
}
