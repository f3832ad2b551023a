/* SPDX-License-Identifier: Apache-2.0 */
/* The jitdump format: linux/tools/perf/Documentation/jitdump-specification.txt. */
#include <errno.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/vec.h"
#include "proc/jitmap.h"

#define MAGIC 0x4a695444u		/* "JiTD", as a number in the writer's byte order */
#define MAGIC_SWAPPED 0x4454694au
#define HEADER_BYTES 40
#define RECORD_HEADER_BYTES 16
#define DEBUG_ENTRY_BYTES_MIN 17	/* address, line, discriminator, and a name's NUL */
#define FLAG_ARCH_TIMESTAMP 1u		/* times are ticks of a processor's counter */

enum { JIT_CODE_LOAD, JIT_CODE_MOVE, JIT_CODE_DEBUG_INFO, JIT_CODE_CLOSE };

/* The newest code that starts at an address. */
struct latest {
	uint64_t start;
	uint32_t item;
};

struct reader {
	struct jit_map *map;
	bool times_known;
	bool closed;
	size_t lines_left;	/* moves copy lines: a bound against a file that moves one for ever */
	struct latest *latest;
	uint32_t n_latest, cap_latest;
	struct idindex by_start;	/* id - 1 is the place in latest */
	/* JIT_CODE_DEBUG_INFO comes before the JIT_CODE_LOAD it belongs to. */
	struct jit_line *pending;
	uint32_t n_pending;
	uint64_t pending_start;
};

static struct latest *find_latest(struct reader *reader, uint64_t start)
{
	uint32_t step = 0, id;

	while ((id = idindex_probe(&reader->by_start, hash_u64(start, 0), &step)))
		if (reader->latest[id - 1].start == start)
			return &reader->latest[id - 1];
	return NULL;
}

static int set_latest(struct reader *reader, uint64_t start, uint32_t item)
{
	struct latest *latest = find_latest(reader, start);

	if (latest) {
		latest->item = item;
		return 0;
	}
	if (VEC_RESERVE(&reader->latest, &reader->cap_latest, (uint64_t)reader->n_latest + 1) < 0)
		return -ENOMEM;
	reader->latest[reader->n_latest++] = (struct latest){ start, item };
	return idindex_add(&reader->by_start, hash_u64(start, 0), reader->n_latest);
}

static int add_code(struct reader *reader, struct jit_code code)
{
	int rc = jit_map_add(reader->map, code);

	return rc < 0 ? rc : set_latest(reader, code.start, reader->map->n - 1);
}

/* The process id, the thread id and the "virtual address" (of the code in the writer's own memory)
 * are passed over: the caller knows whose file this is. */
static void skip_writer(struct cursor *body)
{
	cursor_skip(body, 4 + 4 + 8);
}

static bool set_range(struct jit_code *code, uint64_t start, uint64_t size)
{
	code->start = start;
	return size && !__builtin_add_overflow(start, size, &code->end);
}

/* 0, -EBADMSG (the record is passed over) or -ENOMEM: so do all that read a record. */
static int read_load(struct reader *reader, struct cursor *body, uint64_t time_ns)
{
	struct jit_code code = { .time_ns = time_ns };
	uint64_t start, size;

	skip_writer(body);
	start = cursor_u64(body);
	size = cursor_u64(body);
	cursor_skip(body, 8);	/* the code's index */
	code.name = cursor_cstr(body);
	if (body->failed || !code.name.n || !set_range(&code, start, size))
		return -EBADMSG;
	if (reader->n_pending && reader->pending_start == start) {
		code.lines = reader->pending;
		code.n_lines = reader->n_pending;
	}
	reader->n_pending = 0;
	return add_code(reader, code);
}

/* The lines of moved code, at their new addresses; left out once the bound is reached. */
static int move_lines(struct reader *reader, const struct jit_code *from, struct jit_code *to)
{
	to->lines = NULL;
	to->n_lines = 0;
	if (!from->n_lines || from->n_lines > reader->lines_left)
		return 0;
	reader->lines_left -= from->n_lines;
	to->lines = arena_array(&reader->map->arena, from->n_lines, sizeof(*to->lines));
	if (!to->lines)
		return -ENOMEM;
	for (uint32_t i = 0; i < from->n_lines; i++) {
		to->lines[i] = from->lines[i];
		to->lines[i].address = from->lines[i].address - from->start + to->start;
	}
	to->n_lines = from->n_lines;
	return 0;
}

static int read_move(struct reader *reader, struct cursor *body, uint64_t time_ns)
{
	uint64_t old_start, new_start, size;
	struct jit_code from, to;
	struct latest *latest;
	int rc;

	skip_writer(body);
	old_start = cursor_u64(body);
	new_start = cursor_u64(body);
	size = cursor_u64(body);
	latest = body->failed ? NULL : find_latest(reader, old_start);
	if (!latest)
		return -EBADMSG;
	from = reader->map->items[latest->item];	/* a copy: adding may move the items */
	to = (struct jit_code){ .time_ns = time_ns, .name = from.name };
	if (!set_range(&to, new_start, size))
		return -EBADMSG;
	rc = move_lines(reader, &from, &to);
	return rc < 0 ? rc : add_code(reader, to);
}

static int compare_lines(const void *a, const void *b)
{
	const struct jit_line *left = a, *right = b;

	if (left->address != right->address)
		return left->address < right->address ? -1 : 1;
	return (left->line > right->line) - (left->line < right->line);
}

static bool is_same_as_before(struct str file)
{
	return file.n == 1 && file.p[0] == '\xff';
}

/* A file's name is written out, or "\xff" for that of the entry before. Returns false at an entry
 * that is cut short, or whose "before" is not there. */
static bool read_line(struct reader *reader, struct cursor *body, struct jit_line *line,
		      const struct jit_line *before)
{
	struct str file;

	line->address = cursor_u64(body);
	line->line = cursor_u32(body);
	cursor_skip(body, 4);	/* the column, or 0 */
	file = cursor_cstr(body);
	if (body->failed)
		return false;
	if (before && (is_same_as_before(file) || str_eq(file, before->file)))
		line->file = before->file;
	else if (!is_same_as_before(file))
		line->file = arena_dup(&reader->map->arena, file);
	return line->file.p;
}

static int read_debug_info(struct reader *reader, struct cursor *body)
{
	uint64_t start = cursor_u64(body), n = cursor_u64(body);
	struct jit_line *lines;

	reader->n_pending = 0;
	if (body->failed || n > cursor_left(body) / DEBUG_ENTRY_BYTES_MIN || n > UINT32_MAX)
		return -EBADMSG;
	if (!n)
		return 0;
	lines = arena_array(&reader->map->arena, n, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	for (uint64_t i = 0; i < n; i++)
		if (!read_line(reader, body, &lines[i], i ? &lines[i - 1] : NULL))
			return -EBADMSG;
	qsort(lines, n, sizeof(*lines), compare_lines);
	reader->pending = lines;
	reader->n_pending = (uint32_t)n;
	reader->pending_start = start;
	return 0;
}

static int read_record(struct reader *reader, uint32_t id, uint64_t time_ns, struct cursor *body)
{
	if (!reader->times_known)
		time_ns = 0;
	switch (id) {
	case JIT_CODE_LOAD:
		return read_load(reader, body, time_ns);
	case JIT_CODE_MOVE:
		return read_move(reader, body, time_ns);
	case JIT_CODE_DEBUG_INFO:
		return read_debug_info(reader, body);
	case JIT_CODE_CLOSE:
		reader->closed = true;
		return 0;
	default:
		return 0;	/* unwinding information, and what later versions add */
	}
}

/* Ends where the file does, at JIT_CODE_CLOSE, or at a record that is not all there (yet). */
static int read_records(struct reader *reader, struct cursor *c)
{
	int rc = 0;

	while (rc == 0 && !reader->closed && cursor_left(c) >= RECORD_HEADER_BYTES) {
		uint32_t id = cursor_u32(c);
		uint32_t bytes = cursor_u32(c);
		uint64_t time_ns = cursor_u64(c);
		struct cursor body;

		/* Without a size the next record cannot be found. */
		if (bytes < RECORD_HEADER_BYTES) {
			reader->map->bad_lines++;
			return 0;
		}
		body = cursor_sub(c, bytes - RECORD_HEADER_BYTES);
		if (body.failed)
			return 0;
		rc = read_record(reader, id, time_ns, &body);
		if (rc == -EBADMSG) {
			reader->map->bad_lines++;
			rc = 0;
		}
	}
	return rc;
}

static int read_header(struct reader *reader, struct cursor *c, struct err *err)
{
	uint32_t magic = cursor_u32(c), version = cursor_u32(c), bytes = cursor_u32(c);
	uint64_t flags;

	cursor_skip(c, 4 + 4 + 4 + 8);	/* machine, padding, pid, time of creation */
	flags = cursor_u64(c);
	if (magic == MAGIC_SWAPPED)
		return err_fail(err, -EBADMSG,
				"jitdump: written on a machine of the other byte order");
	if (c->failed || magic != MAGIC || bytes < HEADER_BYTES)
		return err_fail(err, -EBADMSG, "jitdump: this is none, or its header is cut short");
	if (version != 1)
		return err_fail(err, -EBADMSG, "jitdump: version %u is unknown (1 is known)",
				version);
	cursor_seek(c, bytes);
	reader->times_known = !(flags & FLAG_ARCH_TIMESTAMP);
	return 0;
}

int jit_map_parse_jitdump(struct jit_map *map, struct str bytes, struct err *err)
{
	struct reader reader = { .map = map, .lines_left = bytes.n };
	struct cursor c = cursor_over(bytes);
	uint32_t n_before = map->n;
	int rc = read_header(&reader, &c, err);

	if (rc < 0)
		return rc;
	rc = read_records(&reader, &c);
	if (rc == 0)
		rc = jit_map_seal(map);
	idindex_fini(&reader.by_start);
	free(reader.latest);
	if (rc == 0)
		return 0;
	map->n = n_before;	/* what was sealed before still is */
	return err_fail(err, rc, "jitdump: out of memory");
}
