/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/test.h"

/* Both ways of writing v are printf()'s. */
static void compare(double v)
{
	struct buf buf = { 0 };
	char text[512];

	for (unsigned digits = 0; digits < 16; digits++) {
		buf_clear(&buf);
		decimal_add_fixed(&buf, v, digits);
		snprintf(text, sizeof(text), "%.*f", (int)digits, v);
		CHECK_STR(buf_str(&buf), text);
	}
	buf_clear(&buf);
	decimal_add_short(&buf, v);
	snprintf(text, sizeof(text), "%.9g", v);
	CHECK_STR(buf_str(&buf), text);
	buf_fini(&buf);
}

TEST(numbers_of_every_size_are_as_printf_writes_them)
{
	uint64_t state = 1;

	for (int i = 0; i < 30000; i++) {
		double v;

		state = state * 6364136223846793005u + 1442695040888963407u;
		v = (double)(state >> 11) * 0x1p-53;	/* 0 to 1 */
		compare(v * pow(10, i % 24 - 12));
		compare(floor(v * 1000) / 1000);	/* short ones */
	}
}

/* Where the next digit decides, and beside powers of ten, on which %g changes how it writes. */
TEST(halves_and_powers_of_ten_are_as_printf_writes_them)
{
	for (int power = -12; power < 12; power++) {
		for (int i = 0; i < 2000; i++) {
			double v = (i + 0.5) * pow(10, power);

			compare(v);
			compare(nextafter(v, 0));
			compare(nextafter(v, 1e300));
		}
		compare(pow(10, power));
		compare(nextafter(pow(10, power), 0));
		compare(pow(10, power) * (1 - 1e-10));
		compare(pow(10, power) * (1 + 1e-10));
	}
}

TEST(what_is_no_positive_number_is_as_printf_writes_it)
{
	const double rows[] = { 0, -0.0, -1, -0.5, -1e-5, NAN, INFINITY, -INFINITY, 1e300, 5e-324, 999999999.5, 1e9 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		compare(rows[i]);
}

TEST_MAIN(CASE(numbers_of_every_size_are_as_printf_writes_them),
	  CASE(halves_and_powers_of_ten_are_as_printf_writes_them),
	  CASE(what_is_no_positive_number_is_as_printf_writes_it))
