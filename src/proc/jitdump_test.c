/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/test.h"
#include "proc/perfmap.h"

enum { LOAD, MOVE, DEBUG_INFO, CLOSE, UNWINDING };

static void add_u32(struct buf *buf, uint32_t v)
{
	buf_add(buf, &v, sizeof(v));
}

static void add_u64(struct buf *buf, uint64_t v)
{
	buf_add(buf, &v, sizeof(v));
}

static void add_cstr(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text) + 1);
}

static void add_header(struct buf *buf, uint64_t flags)
{
	add_u32(buf, 0x4a695444);
	add_u32(buf, 1);
	add_u32(buf, 40);
	add_u32(buf, 62);
	add_u32(buf, 0);
	add_u32(buf, 4711);
	add_u64(buf, 1);
	add_u64(buf, flags);
}

static void add_record(struct buf *buf, uint32_t id, uint64_t time_ns, struct buf *body)
{
	add_u32(buf, id);
	add_u32(buf, (uint32_t)(16 + body->n));
	add_u64(buf, time_ns);
	buf_add_str(buf, buf_str(body));
	buf_fini(body);
}

static void add_load(struct buf *buf, uint64_t time_ns, uint64_t start, uint64_t size,
		     const char *name)
{
	struct buf body = { 0 };

	add_u32(&body, 4711);
	add_u32(&body, 4711);
	add_u64(&body, start);
	add_u64(&body, start);
	add_u64(&body, size);
	add_u64(&body, 1);
	add_cstr(&body, name);
	buf_add(&body, "\xc3\xc3\xc3\xc3", 4);
	add_record(buf, LOAD, time_ns, &body);
}

static void add_move(struct buf *buf, uint64_t time_ns, uint64_t from, uint64_t to, uint64_t size)
{
	struct buf body = { 0 };

	add_u32(&body, 4711);
	add_u32(&body, 4711);
	add_u64(&body, to);
	add_u64(&body, from);
	add_u64(&body, to);
	add_u64(&body, size);
	add_u64(&body, 1);
	add_record(buf, MOVE, time_ns, &body);
}

static void add_entry(struct buf *body, uint64_t address, uint32_t line, const char *file)
{
	add_u64(body, address);
	add_u32(body, line);
	add_u32(body, 0);
	add_cstr(body, file);
}

/* Lines 10 and 12 of a.js at 0x1000 and 0x1008, told out of order and with the short form. */
static void add_lines(struct buf *buf)
{
	struct buf body = { 0 };

	add_u64(&body, 0x1000);
	add_u64(&body, 2);
	add_entry(&body, 0x1008, 12, "a.js");
	add_entry(&body, 0x1000, 10, "\xff");
	add_record(buf, DEBUG_INFO, 4, &body);
}

static struct jit_map map_of(struct buf *buf)
{
	struct jit_map map = { 0 };

	CHECK_EQ(jit_map_parse_jitdump(&map, buf_str(buf), NULL), 0);
	buf_fini(buf);
	return map;
}

static struct str name_at(const struct jit_map *map, uint64_t address, uint64_t time_ns)
{
	const struct jit_code *code = jit_map_find(map, address, time_ns);

	return code ? code->name : STR("nothing");
}

TEST(code_has_a_name_from_the_time_it_is_loaded)
{
	struct buf buf = { 0 };
	struct jit_map map;

	add_header(&buf, 0);
	add_load(&buf, 100, 0x1000, 0x10, "first");
	add_load(&buf, 200, 0x1000, 0x10, "second");
	add_load(&buf, 300, 0x0ff8, 0x10, "third");
	map = map_of(&buf);
	CHECK_STR(name_at(&map, 0x1000, 99), "nothing");
	CHECK_STR(name_at(&map, 0x1000, 100), "first");
	CHECK_STR(name_at(&map, 0x100f, 250), "second");
	CHECK_STR(name_at(&map, 0x1000, 300), "third");
	CHECK_STR(name_at(&map, 0x1008, 300), "second");
	CHECK_STR(name_at(&map, 0x1000, 0), "third");
	jit_map_fini(&map);
}

TEST(moved_code_keeps_its_name_and_lines)
{
	struct buf buf = { 0 };
	const struct jit_code *code;
	struct jit_map map;

	add_header(&buf, 0);
	add_lines(&buf);
	add_load(&buf, 5, 0x1000, 0x10, "f");
	add_move(&buf, 9, 0x1000, 0x5000, 0x10);
	map = map_of(&buf);
	code = jit_map_find(&map, 0x500f, 0);
	CHECK(code != NULL);
	CHECK_STR(code->name, "f");
	CHECK_EQ(code->n_lines, 2);
	CHECK_EQ(code->lines[1].address, 0x5008);
	CHECK_EQ(code->lines[1].line, 12);
	CHECK_STR(name_at(&map, 0x5000, 8), "nothing");
	jit_map_fini(&map);
}

TEST(lines_belong_to_the_load_that_follows_them)
{
	struct buf buf = { 0 };
	const struct jit_code *code;
	struct jit_map map;

	add_header(&buf, 0);
	add_lines(&buf);
	add_load(&buf, 5, 0x1000, 0x10, "f");
	add_load(&buf, 6, 0x2000, 0x10, "g");
	map = map_of(&buf);
	code = jit_map_find(&map, 0x1000, 0);
	CHECK_EQ(code->n_lines, 2);
	CHECK_EQ(code->lines[0].address, 0x1000);
	CHECK_EQ(code->lines[0].line, 10);
	CHECK_STR(code->lines[0].file, "a.js");
	CHECK_STR(code->lines[1].file, "a.js");
	CHECK_EQ(jit_map_find(&map, 0x2000, 0)->n_lines, 0);
	jit_map_fini(&map);
}

TEST(times_of_an_unknown_clock_are_left_out)
{
	struct buf buf = { 0 };
	struct jit_map map;

	add_header(&buf, 1);
	add_load(&buf, 900000000000, 0x1000, 0x10, "old");
	add_load(&buf, 900000000001, 0x1000, 0x10, "new");
	map = map_of(&buf);
	CHECK_STR(name_at(&map, 0x1000, 5), "new");
	CHECK_EQ(map.items[0].time_ns, 0);
	jit_map_fini(&map);
}

TEST(reading_ends_at_the_close_record_and_passes_over_unknown_ones)
{
	struct buf buf = { 0 }, none = { 0 };
	struct jit_map map;

	add_header(&buf, 0);
	add_record(&buf, UNWINDING, 1, &none);
	add_record(&buf, 77, 1, &none);
	add_load(&buf, 1, 0x1000, 0x10, "before");
	add_record(&buf, CLOSE, 2, &none);
	add_load(&buf, 3, 0x2000, 0x10, "behind");
	map = map_of(&buf);
	CHECK_EQ(map.n, 1);
	CHECK_EQ(map.bad_lines, 0);
	jit_map_fini(&map);
}

TEST(a_file_cut_short_anywhere_gives_the_records_before_the_cut)
{
	struct buf buf = { 0 };
	size_t first;

	add_header(&buf, 0);
	add_load(&buf, 1, 0x1000, 0x10, "whole");
	first = buf.n;
	add_lines(&buf);
	add_load(&buf, 2, 0x1000, 0x10, "cut");
	for (size_t n = 40; n < buf.n; n++) {
		struct jit_map map = { 0 };
		char *exact = malloc(n);	/* so that a read past the cut is seen */

		memcpy(exact, buf.p, n);
		CHECK_EQ(jit_map_parse_jitdump(&map, str_over(exact, n), NULL), 0);
		CHECK_EQ(map.n, n >= first);
		CHECK_EQ(map.bad_lines, 0);
		jit_map_fini(&map);
		free(exact);
	}
	buf_fini(&buf);
}

TEST(bad_records_are_counted_and_passed_over)
{
	struct buf buf = { 0 }, body = { 0 };
	struct jit_map map;

	add_header(&buf, 0);
	add_load(&buf, 1, 0x1000, 0, "no size");
	add_load(&buf, 1, 0xffffffffffffff00, 0x1000, "past the end");
	add_load(&buf, 1, 0x1000, 0x10, "");
	add_move(&buf, 1, 0x9999, 0x5000, 0x10);	/* nothing was there */
	add_u64(&body, 0x1000);
	add_u64(&body, (uint64_t)1 << 60);	/* that many entries do not fit */
	add_record(&buf, DEBUG_INFO, 1, &body);
	add_u64(&body, 0x1000);
	add_u64(&body, 1);
	add_entry(&body, 0x1000, 1, "\xff");	/* the same as before, and nothing before */
	add_record(&buf, DEBUG_INFO, 1, &body);
	add_record(&buf, LOAD, 1, &body);
	add_load(&buf, 1, 0x1000, 0x10, "good");
	map = map_of(&buf);
	CHECK_EQ(map.bad_lines, 7);
	CHECK_EQ(map.n, 1);
	jit_map_fini(&map);
}

TEST(what_is_no_jitdump_is_refused)
{
	struct jit_map map = { 0 };
	struct buf buf = { 0 };
	struct err err = { 0 };

	CHECK_EQ(jit_map_parse_jitdump(&map, STR(""), NULL), -EBADMSG);
	CHECK_EQ(jit_map_parse_jitdump(&map, STR("1000 10 a perf map, is it not, and long\n"),
				       NULL), -EBADMSG);
	add_u32(&buf, 0x4454694a);
	CHECK_EQ(jit_map_parse_jitdump(&map, buf_str(&buf), &err), -EBADMSG);
	CHECK(str_contains(str_of(err.text), STR("byte order")));
	buf_clear(&buf);
	add_header(&buf, 0);
	buf.p[4] = 9;
	err_clear(&err);
	CHECK_EQ(jit_map_parse_jitdump(&map, buf_str(&buf), &err), -EBADMSG);
	CHECK_STR(str_of(err.text), "jitdump: version 9 is unknown (1 is known)");
	buf_fini(&buf);
}

TEST(a_jitdump_that_a_process_has_mapped_is_found)
{
	char dir[] = "/tmp/sonde-jitdump-XXXXXX", path[64];
	struct jit_map map = { 0 }, direct;
	struct buf buf = { 0 };
	void *marker;
	int fd, rc;

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/jit-%d.dump", dir, getpid());
	add_header(&buf, 0);
	add_load(&buf, 1, 0x1000, 0x10, "f");
	CHECK_EQ(file_write_whole(path, buf_str(&buf), NULL), 0);
	buf_fini(&buf);
	fd = open(path, O_RDONLY);
	marker = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	close(fd);
	rc = jit_map_load(&map, getpid(), NULL);
	CHECK_EQ(jit_map_load_jitdump(&direct, path, NULL), 0);
	munmap(marker, 4096);
	unlink(path);
	rmdir(dir);
	CHECK_EQ(rc, 0);
	CHECK_STR(name_at(&map, 0x1000, 0), "f");
	CHECK_STR(name_at(&direct, 0x1000, 0), "f");
	jit_map_fini(&map);
	jit_map_fini(&direct);
	CHECK_EQ(jit_map_load(&map, getpid(), NULL), -ENOENT);
}

TEST_MAIN(CASE(code_has_a_name_from_the_time_it_is_loaded),
	  CASE(moved_code_keeps_its_name_and_lines),
	  CASE(lines_belong_to_the_load_that_follows_them),
	  CASE(times_of_an_unknown_clock_are_left_out),
	  CASE(reading_ends_at_the_close_record_and_passes_over_unknown_ones),
	  CASE(a_file_cut_short_anywhere_gives_the_records_before_the_cut),
	  CASE(bad_records_are_counted_and_passed_over),
	  CASE(what_is_no_jitdump_is_refused),
	  CASE(a_jitdump_that_a_process_has_mapped_is_found))
