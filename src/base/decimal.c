/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"

#include <math.h>
#include <stdint.h>

#include "base/buf.h"

#define DIGITS 9u		/* of a number */
#define MAX 1000000000u		/* numbers with so many digits are below it */
#define NEAR_HALF 1e-5

static const double powers[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13 };

/* v times 10 to the power of `digits`, rounded, at most MAX. False: that is not certain, or v is not positive. */
static bool scale(double v, unsigned digits, uint32_t *ret_scaled)
{
	double scaled = digits < sizeof(powers) / sizeof(*powers) ? v * powers[digits] : NAN, rest;

	if (!(scaled < MAX) || signbit(v))
		return false;
	rest = scaled - (uint32_t)scaled;
	*ret_scaled = (uint32_t)scaled + (rest > 0.5);
	return fabs(rest - 0.5) > NEAR_HALF;
}

/* The n digits of v from *p on, which moves on. */
static void put(char **p, uint32_t v, unsigned n)
{
	for (unsigned i = n; i-- > 0; v /= 10)
		(*p)[i] = (char)('0' + v % 10);
	*p += n;
}

static unsigned count_digits(uint32_t v)
{
	unsigned n = 1;

	while (v /= 10)
		n++;
	return n;
}

void decimal_add_fixed(struct buf *buf, double v, unsigned digits)
{
	uint32_t scaled, one = digits <= DIGITS ? (uint32_t)powers[digits] : 0;
	char text[2 * DIGITS + 4], *p = text;

	if (!one || !scale(v, digits, &scaled)) {
		buf_addf(buf, "%.*f", (int)digits, v);
		return;
	}
	put(&p, scaled / one, count_digits(scaled / one));
	if (digits) {
		*p++ = '.';
		put(&p, scaled % one, digits);
	}
	buf_add(buf, text, (size_t)(p - text));
}

/* How many zeros a number below 1 has behind its point; 4: as many or more. */
static unsigned zeros_of(double v)
{
	return v >= 0.1 ? 0 : v >= 0.01 ? 1 : v >= 0.001 ? 2 : v >= 0.0001 ? 3 : 4;
}

void decimal_add_short(struct buf *buf, double v)
{
	unsigned zeros = v < 1 ? zeros_of(v) : 0;
	char text[DIGITS + 16], *p = text;
	uint32_t scaled = 0;

	if (v == 1 || (v == 0 && !signbit(v))) {
		buf_add_u8(buf, v == 1 ? '1' : '0');
		return;
	}
	/* below MAX / 10 are the numbers with more than four zeros; MAX has a zero less */
	if (!(v < 1) || !scale(v, DIGITS + zeros, &scaled) || scaled < MAX / 10 || scaled == MAX) {
		buf_addf(buf, "%.9g", v);
		return;
	}
	if (zeros == 4) {	/* 1.23e-05 */
		put(&p, scaled / (MAX / 10), 1);
		scaled = scaled % (MAX / 10) * 10;
	} else {
		*p++ = '0';
	}
	*p++ = '.';
	if (zeros < 4)
		put(&p, 0, zeros);
	put(&p, scaled, DIGITS);
	while (p[-1] == '0')
		p--;
	if (p[-1] == '.')
		p--;
	buf_add(buf, text, (size_t)(p - text));
	if (zeros == 4)
		buf_add_str(buf, STR("e-05"));
}
