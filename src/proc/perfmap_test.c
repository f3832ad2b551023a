/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/perfmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/test.h"
#include "proc/perfhome.h"

static struct jit_map map_of(const char *text)
{
	struct jit_map map = { 0 };

	CHECK_EQ(jit_map_parse_perf(&map, str_of(text), NULL), 0);
	return map;
}

static struct str name_at(const struct jit_map *map, uint64_t address)
{
	const struct jit_code *code = jit_map_find(map, address, 0);

	return code ? code->name : STR("nothing");
}

TEST(an_address_has_the_name_of_the_code_that_holds_it)
{
	struct jit_map map = map_of("2000 100 second\n1000 100 first\n");

	CHECK_STR(name_at(&map, 0xfff), "nothing");
	CHECK_STR(name_at(&map, 0x1000), "first");
	CHECK_STR(name_at(&map, 0x10ff), "first");
	CHECK_STR(name_at(&map, 0x1100), "nothing");
	CHECK_STR(name_at(&map, 0x2080), "second");
	jit_map_fini(&map);
}

TEST(names_may_hold_spaces_and_numbers_a_prefix)
{
	struct jit_map map = map_of("0x1000 0x10 LazyCompile:~f /a b/c.js:1:2\r\n"
				    "\r\n"
				    "0X7FAB00 1F py::main:/x.py\n");

	CHECK_STR(name_at(&map, 0x1000), "LazyCompile:~f /a b/c.js:1:2");
	CHECK_STR(name_at(&map, 0x7fab1e), "py::main:/x.py");
	CHECK_EQ(map.bad_lines, 0);
	jit_map_fini(&map);
}

TEST(of_codes_that_overlap_the_later_line_holds)
{
	struct jit_map map = map_of("1000 1000 wide\n"
				    "1800 100 inside\n"
				    "3000 100 old\n"
				    "3000 100 new\n"
				    "4000 100 narrow\n"
				    "3f80 1000 over it\n");

	CHECK_STR(name_at(&map, 0x1000), "wide");
	CHECK_STR(name_at(&map, 0x1850), "inside");
	CHECK_STR(name_at(&map, 0x1fff), "wide");
	CHECK_STR(name_at(&map, 0x3000), "new");
	CHECK_STR(name_at(&map, 0x4050), "over it");
	jit_map_fini(&map);
}

TEST(every_address_is_found_among_many_overlaps)
{
	enum { CODES = 300, SPACE = 2000 };
	static const char *expected[SPACE];
	static char names[CODES][16];
	struct jit_map map = { 0 };
	char text[CODES * 32];
	size_t n = 0;

	srand(7);
	memset(expected, 0, sizeof(expected));
	for (int i = 0; i < CODES; i++) {
		int start = rand() % SPACE, size = 1 + rand() % 200;

		snprintf(names[i], sizeof(names[i]), "f%d", i);
		n += (size_t)sprintf(text + n, "%x %x f%d\n", start, size, i);
		for (int at = start; at < start + size && at < SPACE; at++)
			expected[at] = names[i];
	}
	CHECK_EQ(jit_map_parse_perf(&map, str_over(text, n), NULL), 0);
	for (uint64_t at = 0; at < SPACE; at++)
		CHECK_STR(name_at(&map, at), expected[at] ? expected[at] : "nothing");
	jit_map_fini(&map);
}

TEST(a_last_line_that_is_being_written_is_ignored)
{
	struct jit_map map = map_of("1000 10 whole\n2000 10 par");

	CHECK_EQ(map.n, 1);
	CHECK_EQ(map.bad_lines, 0);
	jit_map_fini(&map);
	map = map_of("1000 10 never ended");
	CHECK_EQ(map.n, 0);
	jit_map_fini(&map);
}

TEST(lines_that_say_nothing_are_counted)
{
	struct jit_map map = map_of("nonsense\n"
				    "1000\n"
				    "1000 10\n"
				    "1000 10 \n"
				    "1000 0 empty\n"
				    "ffffffffffffff00 200 past the end\n"
				    "10000000000000000 10 too large\n"
				    "-10 10 negative\n"
				    "1000 10 good\n");

	CHECK_EQ(map.bad_lines, 8);
	CHECK_EQ(map.n, 1);
	jit_map_fini(&map);
}

/* /tmp/perf-PID.map of this process, last changed `age_s` seconds ago. */
static void write_own_map(char *path, size_t n, const char *text, int age_s)
{
	struct timeval times[2];

	snprintf(path, n, "/tmp/perf-%d.map", getpid());
	CHECK_EQ(file_write_whole(path, str_of(text), NULL), 0);
	gettimeofday(&times[0], NULL);
	times[0].tv_sec -= age_s;
	times[1] = times[0];
	CHECK_EQ(utimes(path, times), 0);
}

TEST(the_map_of_a_process_is_found_by_its_pid)
{
	struct jit_map map;
	char path[64];
	int rc;

	write_own_map(path, sizeof(path), "1000 10 mine\n", 0);
	rc = jit_map_load(&map, getpid(), NULL);
	unlink(path);
	CHECK_EQ(rc, 0);
	CHECK_STR(name_at(&map, 0x1000), "mine");
	jit_map_fini(&map);
}

TEST(a_map_that_an_earlier_process_left_behind_is_not_believed)
{
	struct jit_map map;
	char path[64];
	int rc;

	write_own_map(path, sizeof(path), "1000 10 of somebody before\n", 100000);
	rc = jit_map_load(&map, getpid(), NULL);
	unlink(path);
	CHECK_EQ(rc, -ENOENT);
}

TEST(a_link_in_place_of_a_map_is_not_followed)
{
	struct jit_map map;
	struct err err = { 0 };
	char path[64];
	int rc;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	CHECK_EQ(symlink("/proc/self/maps", path), 0);
	rc = jit_map_load(&map, getpid(), &err);
	unlink(path);
	CHECK(rc < 0);
	CHECK_EQ(map.n, 0);
	CHECK_EQ(jit_map_load(&map, 2147483647, NULL), -ENOENT);
}

/* In a root of its own when we may give it one: nobody finds its /tmp there afterwards. */
static pid_t start_with_map(const char *root, int *ret_end)
{
	int ready[2], end[2];
	char byte;
	pid_t pid;

	CHECK(pipe(ready) == 0 && pipe(end) == 0);
	pid = fork();
	if (pid == 0) {
		char path[64];
		static const char text[] = "1000 10 left_behind\n";
		int fd;

		close(end[1]);
		if (chroot(root) < 0 || chdir("/") < 0 || mkdir("/tmp", 0755) < 0)
			_exit(1);
		snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (write(fd, text, sizeof(text) - 1) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		_exit(read(end[0], &byte, 1) != 0);
	}
	close(ready[1]);
	close(end[0]);
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	*ret_end = end[1];
	return pid;
}

TEST(a_map_is_found_after_its_process_and_its_root_have_gone)
{
	char root[] = "/tmp/sonde-perfmap-XXXXXX", path[128];
	struct jit_map map;
	struct perf_home home;
	int end, rc;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	CHECK(mkdtemp(root) != NULL);
	pid = start_with_map(root, &end);
	perf_home_open(&home, pid);
	close(end);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK_EQ(jit_map_load(&map, pid, NULL), -ENOENT);
	rc = jit_map_load_perf(&map, &home, NULL);
	snprintf(path, sizeof(path), "%s/tmp/perf-%d.map", root, pid);
	unlink(path);
	snprintf(path, sizeof(path), "%s/tmp", root);
	rmdir(path);
	rmdir(root);
	CHECK_EQ(rc, 0);
	CHECK_STR(name_at(&map, 0x1000), "left_behind");
	jit_map_fini(&map);
	CHECK_EQ(jit_map_load_perf(&map, &home, NULL), -ENOENT);
	perf_home_close(&home);
	perf_home_close(&home);
}

TEST_MAIN(CASE(an_address_has_the_name_of_the_code_that_holds_it),
	  CASE(names_may_hold_spaces_and_numbers_a_prefix),
	  CASE(of_codes_that_overlap_the_later_line_holds),
	  CASE(every_address_is_found_among_many_overlaps),
	  CASE(a_last_line_that_is_being_written_is_ignored),
	  CASE(lines_that_say_nothing_are_counted),
	  CASE(the_map_of_a_process_is_found_by_its_pid),
	  CASE(a_map_that_an_earlier_process_left_behind_is_not_believed),
	  CASE(a_link_in_place_of_a_map_is_not_followed),
	  CASE(a_map_is_found_after_its_process_and_its_root_have_gone))
