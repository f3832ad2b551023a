/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/test.h"

static bool holds(const struct pid_list *list, pid_t pid)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (list->items[i] == pid)
			return true;
	return false;
}

/* A child that sleeps under a command name until it is killed. */
static pid_t start_child(const char *comm)
{
	int ready[2];
	pid_t pid;
	char byte;

	CHECK_EQ(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NAME, comm);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)!write(ready[1], "", 1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST(all_processes_include_our_own_and_the_first)
{
	struct pid_list list = { 0 };

	CHECK_EQ(process_list_all(&list, NULL), 0);
	CHECK(holds(&list, getpid()));
	CHECK(holds(&list, 1));
	for (uint32_t i = 1; i < list.n; i++)
		CHECK(list.items[i - 1] < list.items[i]);
	pid_list_fini(&list);
}

TEST(what_a_process_has_started_is_below_it_and_what_that_has)
{
	struct pid_list list = { 0 };
	pid_t own = getpid(), child, grandchild = 0;
	int ends[2];

	CHECK_EQ(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		grandchild = start_child("below");
		(void)!write(ends[1], &grandchild, sizeof(grandchild));
		for (;;)
			pause();
	}
	CHECK_EQ(read(ends[0], &grandchild, sizeof(grandchild)), sizeof(grandchild));
	CHECK_EQ(process_list_below(&list, &own, 1, NULL), 0);
	CHECK(holds(&list, child));
	CHECK(holds(&list, grandchild));
	CHECK(!holds(&list, own));
	CHECK(!holds(&list, 1));
	CHECK_EQ(process_list_below(&list, &grandchild, 1, NULL), 0);
	CHECK_EQ(list.n, 0);
	pid_list_fini(&list);
	end_child(child);
	close(ends[0]);
	close(ends[1]);
}

TEST(a_process_is_found_by_its_command_name_and_never_ourselves)
{
	struct pid_list list = { 0 };
	pid_t child = start_child("sonde-t(x) y");
	int by_comm = process_list_by_name(&list, "^sonde-t\\(x\\) y$", NULL);
	bool found = holds(&list, child);
	bool by_executable = process_list_by_name(&list, "^process$", NULL) == 0 &&
			     holds(&list, child);
	bool ourselves = holds(&list, getpid());

	end_child(child);
	pid_list_fini(&list);
	CHECK_EQ(by_comm, 0);
	CHECK(found);
	CHECK(by_executable);
	CHECK(!ourselves);
}

TEST(a_process_is_found_by_the_first_word_of_its_command_line)
{
	struct pid_list list = { 0 };
	pid_t child = fork();
	bool found = false;

	if (child == 0) {
		execl("/bin/sleep", "/somewhere/sonde-other-word", "60", NULL);
		_exit(1);
	}
	for (int i = 0; i < 200 && !found; i++) {
		usleep(5000);
		found = process_list_by_name(&list, "^sonde-other-word$", NULL) == 0 &&
			holds(&list, child);
	}
	end_child(child);
	pid_list_fini(&list);
	CHECK(found);
}

/* A copy of /bin/sleep that is deleted while it runs. */
TEST(a_program_that_was_deleted_since_keeps_its_name)
{
	char folder[] = "/tmp/process_testXXXXXX", file[64], command[128], path[PATH_MAX];
	struct str name = { 0 };
	pid_t pid;

	CHECK(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/napper", folder);
	snprintf(command, sizeof(command), "cp /bin/sleep %s", file);
	CHECK_EQ(system(command), 0);
	pid = fork();
	if (!pid) {
		execl(file, file, "60", (char *)NULL);
		_exit(1);
	}
	for (int i = 0; i < 1000 && !str_eq(name, STR("napper")); i++) {
		usleep(10000);
		name = process_executable(pid, path);
	}
	CHECK_STR(name, "napper");
	CHECK_EQ(unlink(file), 0);
	CHECK_STR(process_executable(pid, path), "napper");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	rmdir(folder);
	CHECK_EQ(process_executable(pid, path).n, 0);
}

TEST(a_name_that_nobody_has_and_a_bad_pattern_are_told)
{
	struct pid_list list = { 0 };
	struct err err = { 0 };

	CHECK_EQ(process_list_by_name(&list, "^no such name here$", &err), -ESRCH);
	CHECK(str_contains(str_of(err.text), STR("no process is named")));
	err_clear(&err);
	CHECK_EQ(process_list_by_name(&list, "(", &err), -EINVAL);
	CHECK(str_starts(str_of(err.text), STR("'(' is no regular expression: ")));
	pid_list_fini(&list);
}

TEST(threads_of_a_process_are_listed)
{
	struct pid_list list = { 0 };
	struct err err = { 0 };

	CHECK_EQ(process_threads(&list, getpid(), NULL), 0);
	CHECK(holds(&list, getpid()));
	CHECK_EQ(process_threads(&list, 2147483647, &err), -ESRCH);
	CHECK_STR(str_of(err.text), "there is no process 2147483647");
	pid_list_fini(&list);
}

TEST(a_process_is_checked_before_use)
{
	struct err err = { 0 };
	pid_t child;

	CHECK_EQ(process_check(getpid(), &err), 0);
	CHECK_EQ(process_check(2147483647, &err), -ESRCH);
	CHECK_STR(str_of(err.text), "there is no process 2147483647");
	CHECK_EQ(process_check(0, NULL), -ESRCH);
	CHECK_EQ(process_check(-5, NULL), -ESRCH);

	child = fork();
	if (child == 0)
		_exit(0);
	waitid(P_PID, (id_t)child, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	err_clear(&err);
	CHECK_EQ(process_check(child, &err), -ESRCH);
	CHECK(str_contains(str_of(err.text), STR("has ended")));
	waitpid(child, NULL, 0);
}

TEST(a_command_name_with_brackets_does_not_confuse_the_fields_behind_it)
{
	pid_t child = start_child("a) S 1 (b");
	char comm[16];
	int rc = process_comm(child, child, comm);
	uint64_t start = process_start_ticks(child);
	bool kernel = process_is_kernel_thread(child);

	end_child(child);
	CHECK_EQ(rc, 0);
	CHECK_STR(str_of(comm), "a) S 1 (b");
	CHECK(start > 0 && start >= process_start_ticks(getpid()));
	CHECK(!kernel);
	CHECK_EQ(process_start_ticks(2147483647), 0);
	CHECK_EQ(process_comm(2147483647, 2147483647, comm), -ESRCH);
}

TEST(a_pid_outside_namespaces_is_the_same_inside)
{
	CHECK_EQ(process_pid_in_namespace(getpid()), getpid());
	CHECK_EQ(process_pid_in_namespace(2147483647), 2147483647);
}

TEST(a_read_of_memory_is_short_at_an_unmapped_page)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t self = getpid();
	char out[64];

	CHECK(two != MAP_FAILED);
	memset(two, 'x', page);
	munmap(two + page, page);
	CHECK_EQ(process_read(getpid(), (uintptr_t)two, out, 64), 64);
	CHECK_EQ(process_read(getpid(), (uintptr_t)two + page - 16, out, 64), 16);
	CHECK_EQ(process_read(getpid(), (uintptr_t)two + page, out, 64), -EFAULT);
	CHECK_EQ(process_read(2147483647, 0, out, 1), -ESRCH);
	CHECK(process_read_whole(&self, out, 64, (uintptr_t)two + page - 64));
	CHECK(!process_read_whole(&self, out, 64, (uintptr_t)two + page - 63));
	munmap(two, page);
}

/* A file of one page, mapped by us. */
struct mapped {
	char path[40];
	void *p;
	size_t n;
	struct stat st;
};

static struct mapped map_new_file(void)
{
	struct mapped m = { .path = "/tmp/sonde-process-test-XXXXXX", .n = 4096 };
	int fd = mkstemp(m.path);

	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, (off_t)m.n), 0);
	CHECK_EQ(fstat(fd, &m.st), 0);
	m.p = mmap(NULL, m.n, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(m.p != MAP_FAILED);
	close(fd);
	return m;
}

static int open_again(const struct mapped *m, uint64_t inode, struct err *err)
{
	uint64_t start = (uintptr_t)m->p;

	return process_open_mapped(getpid(), start, start + m->n, str_of(m->path), inode, err);
}

TEST(a_mapped_file_is_opened_even_when_the_range_is_not_exact)
{
	struct mapped m = map_new_file();
	struct stat st;
	int exact, by_path;

	exact = open_again(&m, m.st.st_ino, NULL);
	CHECK(exact >= 0 && fstat(exact, &st) == 0 && st.st_ino == m.st.st_ino);
	m.n = 1;	/* no such entry in map_files */
	by_path = open_again(&m, m.st.st_ino, NULL);
	CHECK(by_path >= 0 && fstat(by_path, &st) == 0 && st.st_ino == m.st.st_ino);
	close(exact);
	close(by_path);
	unlink(m.path);
	munmap(m.p, 4096);
}

TEST(another_file_under_the_same_name_is_refused)
{
	struct mapped m = map_new_file();
	struct err err = { 0 };
	char other[60];
	int fd;

	snprintf(other, sizeof(other), "%s.new", m.path);
	fd = open(other, O_CREAT | O_WRONLY, 0600);
	CHECK(fd >= 0);
	close(fd);
	CHECK_EQ(rename(other, m.path), 0);
	m.n = 1;	/* past map_files, which would still find the old one */
	CHECK_EQ(open_again(&m, m.st.st_ino, &err), -ESTALE);
	CHECK(str_contains(str_of(err.text), STR("has been replaced")));
	fd = open_again(&m, 0, NULL);	/* any inode */
	CHECK(fd >= 0);
	close(fd);
	unlink(m.path);
	CHECK_EQ(open_again(&m, m.st.st_ino, NULL), -ENOENT);
	munmap(m.p, 4096);
}

TEST(what_is_no_regular_file_is_not_opened)
{
	CHECK_EQ(process_open_mapped(getpid(), 0, 1, STR("[vdso]"), 0, NULL), -ENOENT);
	CHECK_EQ(process_open_mapped(getpid(), 0, 1, STR("/dev/zero"), 0, NULL), -ENOENT);
	CHECK_EQ(process_open_mapped(getpid(), 0, 1, STR("/tmp"), 0, NULL), -ENOENT);
}

TEST_MAIN(CASE(all_processes_include_our_own_and_the_first),
	  CASE(what_a_process_has_started_is_below_it_and_what_that_has),
	  CASE(a_process_is_found_by_its_command_name_and_never_ourselves),
	  CASE(a_process_is_found_by_the_first_word_of_its_command_line),
	  CASE(a_program_that_was_deleted_since_keeps_its_name),
	  CASE(a_name_that_nobody_has_and_a_bad_pattern_are_told),
	  CASE(threads_of_a_process_are_listed),
	  CASE(a_process_is_checked_before_use),
	  CASE(a_command_name_with_brackets_does_not_confuse_the_fields_behind_it),
	  CASE(a_pid_outside_namespaces_is_the_same_inside),
	  CASE(a_read_of_memory_is_short_at_an_unmapped_page),
	  CASE(a_mapped_file_is_opened_even_when_the_range_is_not_exact),
	  CASE(another_file_under_the_same_name_is_refused),
	  CASE(what_is_no_regular_file_is_not_opened))
