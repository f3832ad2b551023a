/* SPDX-License-Identifier: Apache-2.0 */
#include "format/pstats.h"

#include <errno.h>

#include "base/test.h"
#include "format/memory_test.h"

/* marshal.dumps() of {('a.py', 1, 'main'): (1, 1, 0.5, 2.0, {}),
 * ('~', 0, '<len>'): (2, 2, 1.5, 1.5, {('a.py', 1, 'main'): (2, 2, 1.5, 1.5)})}, version 4: the key of
 * main is shared, so that the second time it is a reference. */
static const char sample[] =
	"\xfb\xa9\x03\xda\x04" "a.py\xe9\x01\0\0\0\xda\x04main"
	"\xa9\x05\xe9\x01\0\0\0\xe9\x01\0\0\0g\0\0\0\0\0\0\xe0?g\0\0\0\0\0\0\0@{0"
	"\xa9\x03\xda\x01~\xe9\0\0\0\0\xda\x05<len>"
	"\xa9\x05\xe9\x02\0\0\0\xe9\x02\0\0\0g\0\0\0\0\0\0\xf8?g\0\0\0\0\0\0\xf8?"
	"{r\x01\0\0\0\xa9\x04\xe9\x02\0\0\0\xe9\x02\0\0\0g\0\0\0\0\0\0\xf8?g\0\0\0\0\0\0\xf8?00";

static void check_reads(struct str bytes, const char *wanted)
{
	struct profile p;
	struct err err = { 0 };
	struct buf folded;

	profile_init(&p);
	if (format_read_bytes(&p, bytes, "x", &err) < 0) {
		CHECK_STR(str_of(err.text), wanted);
		profile_fini(&p);
		return;
	}
	folded = written(&p, folded_write);
	CHECK_STR(buf_str(&folded), wanted);
	buf_fini(&folded);
	profile_fini(&p);
}

TEST(calls_become_stacks)
{
	check_reads(str_over(sample, sizeof(sample) - 1), "main 500000000\nmain;<len> 1500000000\n");
}

TEST(every_cut_is_refused)
{
	struct err err;
	struct profile p;

	for (size_t n = 8; n < sizeof(sample) - 1; n++) {
		char *copy = malloc(n);

		memcpy(copy, sample, n);
		err_clear(&err);
		profile_init(&p);
		CHECK_EQ(format_read_bytes(&p, str_over(copy, n), "x", &err), -EBADMSG);
		if (!strstr(err.text, "ends in the middle") && !strstr(err.text, "more items than the file"))
			fail_msg("%zu bytes: %s", n, err.text);
		profile_fini(&p);
		free(copy);
	}
}

/* Python 2: interned strings have numbers of their own. */
TEST(strings_of_python_2_are_found_by_their_numbers)
{
	struct profile p;

	/* {("a.py", 3, "f"): (2, 2, 1.0, 1.0, {}), ("a.py", 7, "a.py"): ...}, the second "a.py" by its number */
	check_reads(STR("{(\x03\0\0\0t\x04\0\0\0a.pyi\x03\0\0\0s\x01\0\0\0f(\x05\0\0\0i\x02\0\0\0i\x02\0\0\0"
			"g\0\0\0\0\0\0\xf0?g\0\0\0\0\0\0\xf0?{0(\x03\0\0\0R\0\0\0\0i\x07\0\0\0R\0\0\0\0(\x05\0\0\0i\x02\0\0\0"
			"i\x02\0\0\0g\0\0\0\0\0\0\xf0?g\0\0\0\0\0\0\xf0?{00"), "f 1000000000\na.py 1000000000\n");
	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, STR("{(\x03\0\0\0R\0\0\0\0"), "x", NULL), -EBADMSG);
	profile_fini(&p);
}

TEST(a_profile_of_nothing_is_one)
{
	struct profile p;

	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, STR("{0"), "x", NULL), 0);
	CHECK_EQ(p.n, 0);
	profile_fini(&p);
}

TEST(what_is_no_profile_is_refused)
{
	check_reads(STR("{(\x03\0\0\0z\x01" "aNN(\x01\0\0\0N0"),
		    "x: byte 11: a function or its numbers are not as pstats writes them");
	check_reads(STR("{)\x03z\x01" "ar\x07\0\0\0NN0"), "x: byte 11: a reference to what is not there");
	check_reads(STR("{)\x03z\x01" "ac\0\0"),
		    "x: byte 7: an object of a kind that has no place in a profile");
}

TEST(what_is_written_is_read_back)
{
	struct profile p, q;
	struct buf first, folded;

	profile_init(&p);
	CHECK_EQ(format_read_bytes(&p, str_over(sample, sizeof(sample) - 1), "x", NULL), 0);
	first = written(&p, pstats_write);
	profile_init(&q);
	CHECK_EQ(format_read_bytes(&q, buf_str(&first), "x", NULL), 0);
	folded = written(&q, folded_write);
	CHECK_STR(buf_str(&folded), "main 500000000\nmain;<len> 1500000000\n");
	CHECK_EQ(profile_total(&q, 0), 3);
	buf_fini(&first);
	buf_fini(&folded);
	profile_fini(&p);
	profile_fini(&q);
}

TEST_MAIN(CASE(calls_become_stacks), CASE(every_cut_is_refused), CASE(strings_of_python_2_are_found_by_their_numbers), CASE(a_profile_of_nothing_is_one), CASE(what_is_no_profile_is_refused),
	  CASE(what_is_written_is_read_back))
