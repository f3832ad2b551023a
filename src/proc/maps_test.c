/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/maps.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/test.h"

static struct proc_maps maps_of(const char *text)
{
	struct proc_maps maps;

	CHECK_EQ(proc_maps_parse(&maps, str_of(text), NULL), 0);
	return maps;
}

TEST(every_field_of_a_line_is_read)
{
	struct proc_maps maps =
		maps_of("7f1200000000-7f1200021000 r-xs 00012000 fd:1f 1835014"
			"                   /usr/lib/libfoo.so.1\n");
	const struct proc_map *map = &maps.items[0];

	CHECK_EQ(maps.n, 1);
	CHECK_EQ(map->start, 0x7f1200000000);
	CHECK_EQ(map->end, 0x7f1200021000);
	CHECK_EQ(map->off, 0x12000);
	CHECK_EQ(map->dev_major, 0xfd);
	CHECK_EQ(map->dev_minor, 0x1f);
	CHECK_EQ(map->inode, 1835014);
	CHECK(map->readable && !map->writable && map->executable && map->shared);
	CHECK(!map->deleted);
	CHECK_STR(map->path, "/usr/lib/libfoo.so.1");
	proc_maps_fini(&maps);
}

TEST(paths_come_as_they_are)
{
	static const struct {
		const char *told, *path;
		bool deleted;
	} rows[] = {
		{ "", "", false },
		{ "        [vdso]", "[vdso]", false },
		{ "   //anon", "//anon", false },
		{ "   /memfd:jit code (deleted)", "/memfd:jit code", true },
		{ "   /tmp/two  spaces", "/tmp/two  spaces", false },
		{ "   /tmp/a\\012b", "/tmp/a\nb", false },
		{ "   /tmp/a\\101b\\", "/tmp/a\\101b\\", false },
		{ "   /usr/bin/x (deleted)", "/usr/bin/x", true },
		{ "   [anon:scudo:primary]", "[anon:scudo:primary]", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[200];
		struct proc_maps maps;

		snprintf(text, sizeof(text), "1000-2000 ---p 00000000 00:00 0%s\n", rows[i].told);
		maps = maps_of(text);
		CHECK_STR(maps.items[0].path, rows[i].path);
		CHECK_EQ(maps.items[0].deleted, rows[i].deleted);
		proc_maps_fini(&maps);
	}
}

TEST(an_address_is_found_in_the_mapping_that_holds_it)
{
	struct proc_maps maps = maps_of("1000-2000 r--p 0 00:00 0 \n"
					"2000-3000 r-xp 0 00:00 0 /a\n"
					"5000-6000 rw-p 0 00:00 0 \n"
					"ffffffffff600000-ffffffffff601000 --xp 0 00:00 0 [vsyscall]");

	CHECK(!proc_maps_find(&maps, 0xfff));
	CHECK(proc_maps_find(&maps, 0x1fff) == &maps.items[0]);
	CHECK(proc_maps_find(&maps, 0x2000) == &maps.items[1]);
	CHECK(!proc_maps_find(&maps, 0x3000));
	CHECK(proc_maps_find(&maps, 0x5fff) == &maps.items[2]);
	CHECK(proc_maps_find(&maps, 0xffffffffff600400) == &maps.items[3]);
	CHECK(!proc_maps_find(&maps, UINT64_MAX));
	proc_maps_fini(&maps);
}

TEST(a_mapping_told_twice_is_cut_to_what_is_new)
{
	struct proc_maps maps = maps_of("1000-3000 r-xp 00000000 08:01 7 /a\n"
					"2000-5000 r-xp 00001000 08:01 7 /a\n"
					"4000-5000 r-xp 00003000 08:01 7 /a\n");

	CHECK_EQ(maps.n, 2);
	CHECK_EQ(maps.items[1].start, 0x3000);
	CHECK_EQ(maps.items[1].end, 0x5000);
	CHECK_EQ(maps.items[1].off, 0x2000);
	proc_maps_fini(&maps);
}

TEST(a_bad_line_is_refused_by_its_number)
{
	static const char *const bad[] = {
		"",
		"1000",
		"1000-2000",
		"1000-2000 r-xp",
		"2000-1000 r-xp 0 08:01 7 /a",
		"1000-1000 r-xp 0 08:01 7 /a",
		"1000-2000 r-x 0 08:01 7 /a",
		"1000-2000 r-xp 0 0801 7 /a",
		"1000-20000000000000000 r-xp 0 08:01 7 /a",
		"1000-2000 r-xp 0 08:100000000 7 /a",
		"1000-2000 r-xp 0 08:01 -7 /a",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct proc_maps maps;
		struct err err = { 0 };
		char text[200];

		snprintf(text, sizeof(text), "100-200 r--p 0 00:00 0 \n%s\n", bad[i]);
		CHECK_EQ(proc_maps_parse(&maps, str_of(text), &err), -EBADMSG);
		CHECK(str_starts(str_of(err.text), STR("mappings, line 2: ")));
		CHECK_EQ(maps.n, 0);
	}
}

TEST(our_own_mappings_hold_our_own_code)
{
	struct proc_maps maps;
	const struct proc_map *map;

	CHECK_EQ(proc_maps_read(&maps, getpid(), NULL), 0);
	map = proc_maps_find(&maps, (uintptr_t)proc_maps_read);
	CHECK(map && map->executable && map->inode);
	CHECK(str_ends(map->path, STR("maps")));
	proc_maps_fini(&maps);
}

TEST(a_missing_process_is_told_so)
{
	struct proc_maps maps;
	struct err err = { 0 };

	CHECK_EQ(proc_maps_read(&maps, 2147483647, &err), -ESRCH);
	CHECK_STR(str_of(err.text), "there is no process 2147483647");
}

static void *stay(void *fd)
{
	char byte;

	(void)!read((int)(intptr_t)fd, &byte, 1);
	_exit(0);
}

TEST(a_process_whose_main_thread_has_ended_still_has_mappings)
{
	struct proc_maps maps;
	int fds[2];
	pid_t pid;
	int rc = 0;

	CHECK_EQ(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		pthread_t thread;

		close(fds[1]);
		pthread_create(&thread, NULL, stay, (void *)(intptr_t)fds[0]);
		pthread_exit(NULL);
	}
	for (int i = 0; i < 200; i++) {
		char path[40], text[200] = "";
		FILE *stat;

		usleep(5000);
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		stat = fopen(path, "r");
		CHECK(stat && fgets(text, sizeof(text), stat));
		fclose(stat);
		if (strstr(text, ") Z "))
			break;
	}
	rc = proc_maps_read(&maps, pid, NULL);
	close(fds[1]);
	waitpid(pid, NULL, 0);
	close(fds[0]);
	CHECK_EQ(rc, 0);
	CHECK(proc_maps_find(&maps, (uintptr_t)proc_maps_read));
	proc_maps_fini(&maps);
}

TEST_MAIN(CASE(every_field_of_a_line_is_read),
	  CASE(paths_come_as_they_are),
	  CASE(an_address_is_found_in_the_mapping_that_holds_it),
	  CASE(a_mapping_told_twice_is_cut_to_what_is_new),
	  CASE(a_bad_line_is_refused_by_its_number),
	  CASE(our_own_mappings_hold_our_own_code),
	  CASE(a_missing_process_is_told_so),
	  CASE(a_process_whose_main_thread_has_ended_still_has_mappings))
