/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ahead.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/parallel.h"
#include "base/test.h"

#define BYTES ((size_t)64 << 20)
#define PAGE ((size_t)4096)

/* A file that is one large hole, but for a byte at its end. */
static char *map_file(void)
{
	char name[] = "/tmp/ahead_test.XXXXXX";
	int fd = mkstemp(name);
	char *p = NULL;

	CHECK(fd >= 0);
	unlink(name);
	if (ftruncate(fd, (off_t)BYTES + 1) == 0 && pwrite(fd, "x", 1, (off_t)BYTES) == 1)
		p = mmap(NULL, BYTES + 1, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	CHECK(p && p != MAP_FAILED);
	return p;
}

/* What one reads is what the file has, whatever has been given back. */
TEST(a_file_is_the_same_before_and_behind_the_reader)
{
	char *p = map_file();
	struct ahead ahead;
	int sum = 0;

	ahead_start(&ahead, str_over(p, BYTES + 1));
	for (size_t at = 0; at < BYTES; at += PAGE) {
		ahead_reached(&ahead, p + at);
		ahead_passed(&ahead, p + at);
		sum += p[at];
	}
	ahead_reached(&ahead, p + BYTES);
	ahead_passed(&ahead, p + BYTES);
	for (int i = 0; i < 100 && ahead.running; i++)
		usleep(1000);
	CHECK_EQ(sum, 0);
	CHECK_EQ(p[0], 0);
	CHECK_EQ(p[BYTES], 'x');
	ahead_stop(&ahead);
	munmap(p, BYTES + 1);
}

TEST(places_outside_the_file_and_no_file_are_nothing)
{
	static const char elsewhere[16];
	struct ahead ahead = { 0 };

	ahead_reached(&ahead, elsewhere);
	ahead_passed(&ahead, elsewhere);
	ahead_stop(&ahead);
	ahead_start(&ahead, STR("short"));
	CHECK(!ahead.running);
	ahead_reached(&ahead, elsewhere);
	CHECK_EQ(ahead.reached, 0);
	ahead_stop(&ahead);
}

TEST_MAIN(CASE(a_file_is_the_same_before_and_behind_the_reader), CASE(places_outside_the_file_and_no_file_are_nothing))
