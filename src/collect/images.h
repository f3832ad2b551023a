/* SPDX-License-Identifier: Apache-2.0 */
/* collect/images.h
 *
 * What owns code: mapped files, the vDSO, the kernel, the run-time code of a process, and nothing.
 *
 * An image is known by number for as long as the images live. A file is one image however many
 * processes map it and under however many names: it is told apart by what fstat says of the file that
 * was opened, and remembered by build id and path so that most mappings open nothing.
 *
 * A file's unwind rows are built when first wanted (images_want_rows, images_build_rows): its number in
 * the kernel's table of tables is its image number, so that a mapping can be published before.
 */
#ifndef SONDE_COLLECT_IMAGES_H
#define SONDE_COLLECT_IMAGES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/str.h"
#include "elf/elf.h"
#include "proc/perfhome.h"
#include "unwind/unwind.h"

struct err;
struct python_codes;
struct runtime_file;
struct jvm_codes;
struct v8_codes;

enum image_kind {
	IMAGE_NONE,
	IMAGE_KERNEL,
	IMAGE_FILE,
	IMAGE_VDSO,
	IMAGE_RUNTIME,	/* code that a process made at run time */
	IMAGE_PYTHON,	/* interpreted code: a "vaddr" is id << 32 | instruction (runtime/python/codes.h) */
	IMAGE_V8,	/* the same of V8's functions (runtime/v8/codes.h, collect/v8.h) */
	IMAGE_JVM,	/* a place of Java code: a "vaddr" is id << 32 (runtime/jvm/codes.h), or a fault */
};

enum image_rows { ROWS_NONE, ROWS_WANTED, ROWS_BUILT };

struct image {
	enum image_kind kind;
	struct str path;	/* as the process that mapped it first saw it; "[vdso]" ... */
	struct str root;	/* "/proc/PID/root" of that process, or "" */
	struct str process;	/* RUNTIME: its name */
	pid_t pid;		/* RUNTIME: whose it is */
	struct perf_home perf_home;	/* RUNTIME: where its perf map will be found */
	struct str jitdump;	/* RUNTIME: a path of ours to the jitdump it has mapped, held by fd */
	int fd;			/* FILE, RUNTIME's jitdump: open, or -1 when it could not be had */
	uint8_t build_id[20];	/* of the mapping, as the kernel read it; else of the opened file */
	uint8_t build_id_n;
	struct elf elf;		/* n_segments 0: it could not be read */
	struct runtime_file *runtime;	/* a language runtime that is in it; NULL: none */
	bool interpreter;	/* its own functions are an interpreter's, or start one */
	enum image_rows rows;
	uint64_t *cells;	/* once ROWS_BUILT: its table (layout: abi/unwind.h), NULL when empty */
	uint32_t n_cells;
	bool cells_mapped;	/* they are the kernel's, mapped here; else malloc's */
	struct unwind_stats stats;
	uint64_t dev, inode, size, mtime_ns;
};

struct image_alias;

struct images {
	struct image *items;	/* [0] is none, IMAGE_KERNEL_ID the kernel */
	uint32_t n, cap;
	struct image_alias *aliases;	/* (build id or inode, path) -> image */
	uint32_t n_aliases, cap_aliases;
	struct idindex alias_index, file_index;
	struct unwind_rules rules;
	struct python_codes *codes;
	struct v8_codes *v8_codes;
	struct jvm_codes *jvm_codes;
	struct arena arena;
};

#define IMAGE_KERNEL_ID 1u
#define IMAGE_PYTHON_ID 2u
#define IMAGE_V8_ID 3u
#define IMAGE_JVM_ID 4u
#define IMAGES_MAX 16384u	/* entries of the kernel's table of tables */

int images_init(struct images *images);
void images_fini(struct images *images);

/* A mapping of code, as the kernel or /proc told of it. */
struct image_query {
	pid_t pid;
	uint64_t start, end, off;
	struct str path;
	const uint8_t *build_id;
	uint8_t build_id_n;
	uint32_t dev_major, dev_minor;
	uint64_t inode;
};

/* The image of a mapping: never fails, 0 is "none" (out of memory, too many). A file that cannot be
 * opened is an image without rows. */
uint32_t images_of_mapping(struct images *images, const struct image_query *query);

/* The run-time code of a process (its anonymous executable mappings). */
uint32_t images_of_runtime(struct images *images, pid_t pid, struct str process);

/* Remembers the jitdump that a process has mapped for its run-time code. `path` is as it sees it. */
void images_set_jitdump(struct images *images, uint32_t image, struct str path);

/* What to subtract from a live address to get the image's vaddr, for a mapping that begins at `start`
 * with the file offset `off`. False when no segment holds that offset. */
bool images_bias(const struct images *images, uint32_t image, uint64_t start, uint64_t off,
		 uint64_t *ret_bias);

static inline struct image *images_get(const struct images *images, uint32_t id)
{
	return &images->items[id < images->n ? id : 0];
}

/* Builds the rows of an image if it can have some and has none yet. True when it has now been built. */
bool images_build_rows(struct images *images, uint32_t id);

#endif
