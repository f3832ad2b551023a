/* SPDX-License-Identifier: Apache-2.0 */
#include "render/amount.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/decimal.h"
#include "base/err.h"
#include "model/profile.h"
#include "render/label.h"

#define UNIT_BYTES_MAX 32

struct scale {
	double least; /* use it from here on, in the base unit */
	double size;
	const char *name, *ascii;
};

/* A time is at least this long before it is told in minutes: "90.0 s" reads better than "1.50 min".
 */
static const struct scale times[] = {
	{ 36000e9, 3600e9, "h", NULL }, { 600e9, 60e9, "min", NULL }, { 1e9, 1e9, "s", NULL },
	{ 1e6, 1e6, "ms", NULL },	{ 1e3, 1e3, "µs", "us" },     { 0, 1, "ns", NULL },
};

static const struct scale sizes[] = {
	{ 0x1p40, 0x1p40, "TiB", NULL },
	{ 0x1p30, 0x1p30, "GiB", NULL },
	{ 0x1p20, 0x1p20, "MiB", NULL },
	{ 0x1p10, 0x1p10, "KiB", NULL },
	{ 0, 1, "B", NULL },
};

static const struct scale counts[] = {
	{ 1e18, 1e18, "E", NULL }, { 1e15, 1e15, "P", NULL }, { 1e12, 1e12, "T", NULL },
	{ 1e9, 1e9, "G", NULL },   { 0, 1e6, "M", NULL },
};

#define COUNT_GROUPED_MAX 9999999u /* larger ones are scaled, to fit a cell */

static const struct {
	const char *name;
	double factor; /* of the base unit */
	const struct scale *scales;
} units[] = {
	{ "nanoseconds", 1, times },
	{ "microseconds", 1e3, times },
	{ "milliseconds", 1e6, times },
	{ "seconds", 1e9, times },
	{ "ns", 1, times },
	{ "us", 1e3, times },
	{ "ms", 1e6, times },
	{ "s", 1e9, times },
	{ "bytes", 1, sizes },
	{ "kilobytes", 0x1p10, sizes },
	{ "megabytes", 0x1p20, sizes },
};

/* What a person may ask for. kB and MB are powers of ten, KiB and MiB of two. */
struct amount_unit {
	const char *name;
	double size;			/* of the base unit */
	const struct scale *scales;	/* NULL: whatever is counted */
};

static const struct amount_unit asked[] = {
	{ "ns", 1, times },	   { "us", 1e3, times },     { "ms", 1e6, times },
	{ "s", 1e9, times },	   { "min", 60e9, times },   { "h", 3600e9, times },
	{ "B", 1, sizes },	   { "kB", 1e3, sizes },     { "MB", 1e6, sizes },
	{ "GB", 1e9, sizes },	   { "TB", 1e12, sizes },    { "KiB", 0x1p10, sizes },
	{ "MiB", 0x1p20, sizes },  { "GiB", 0x1p30, sizes }, { "TiB", 0x1p40, sizes },
	{ "count", 1, NULL },
};

static const struct {
	const char *type, *title;
} titles[] = {
	{ "cpu", "CPU time" },
	{ "cpu-clock", "CPU time" },
	{ "task-clock", "CPU time" },
	{ "time", "Time" },
	{ "wall", "Wall time" },
	{ "off_cpu", "Off-CPU time" },
	{ "samples", "Samples" },
	{ "wall_samples", "Wall samples" },
	{ "calls", "Calls" },
	{ "alloc_space", "Allocated memory" },
	{ "alloc_objects", "Allocations" },
	{ "inuse_space", "Memory in use" },
	{ "inuse_objects", "Objects in use" },
	{ "contentions", "Contentions" },
	{ "delay", "Waiting time" },
	{ "goroutine", "Goroutines" },
	{ "threadcreate", "Threads created" },
};

static void add_scaled(struct buf *out, double value, const struct scale *scale, bool unicode)
{
	const char *name;
	double v;
	int digits;

	while (scale->least > 0 && fabs(value) < scale->least * 0.9995)
		scale++;
	v = fabs(value) / scale->size;
	digits = scale->size <= 1 || v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2;
	name = !unicode && scale->ascii ? scale->ascii : scale->name;
	if (v < 1e6) {
		decimal_add_fixed(out, value / scale->size, (unsigned)digits);
		buf_add_u8(out, ' ');
		buf_add_str(out, str_of(name));
	} else { /* no real profile: only there to keep to its cell, which "-2.6e+15 h" fills */
		buf_addf(out, "%.*g %s", (value < 0) + strlen(name) <= 2 ? 2 : 1,
			 value / scale->size, name);
	}
}

void amount_add_count(struct buf *out, uint64_t value)
{
	char digits[32];
	size_t at = sizeof(digits), n = 0;

	do {
		if (n && n % 3 == 0)
			digits[--at] = ',';
		digits[--at] = (char)('0' + value % 10);
		n++;
		value /= 10;
	} while (value);
	buf_add(out, digits + at, sizeof(digits) - at);
}

static int unit_row(struct str unit)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (str_eq(unit, str_of(units[i].name)))
			return (int)i;
	return -1;
}

static void list_units(struct buf *out, const struct scale *scales)
{
	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++)
		if (asked[i].scales == scales)
			buf_addf(out, "%s%s", out->n ? ", " : "", asked[i].name);
}

int amount_find_unit(const char *name, struct str unit, const struct amount_unit **ret_unit,
		     struct err *err)
{
	int row = unit_row(unit);
	const struct scale *scales = row >= 0 ? units[row].scales : NULL;
	struct buf words = { 0 };

	if (!strcmp(name, "µs"))
		name = "us";
	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
		if (!strcmp(name, asked[i].name) && asked[i].scales == scales) {
			*ret_unit = &asked[i];
			return 0;
		}
	}
	list_units(&words, scales);
	err_set(err, "--unit %s is none for values in %.*s, which can be told in %.*s", name,
		STR_ARG(unit.n ? unit : STR("count")), STR_ARG(buf_str(&words)));
	buf_fini(&words);
	return -EINVAL;
}

const char *amount_unit_name(const struct amount_unit *unit)
{
	return unit->name;
}

/* Whole numbers with their thousands apart; below 100 as many digits as make three. */
void amount_add_in(struct buf *out, int64_t value, struct str unit, const struct amount_unit *in,
		   bool unicode)
{
	int row = unit_row(unit), digits = 0;
	double v;

	if (!in || !value) {
		amount_add(out, value, unit, unicode);
		return;
	}
	v = fabs((double)value) * (row >= 0 ? units[row].factor : 1) / in->size;
	if (value < 0)
		buf_add_u8(out, '-');
	if (in->size > 1)
		for (double least = 99.95; v < least && digits < 5; least /= 10)
			digits++;
	if (digits || v >= 0x1p63)
		buf_addf(out, "%.*f", digits, v);
	else
		amount_add_count(out, (uint64_t)(v + 0.5));
	if (in->scales)
		buf_addf(out, " %s", unicode && !strcmp(in->name, "us") ? "µs" : in->name);
	else if (unit.n && !str_eq(unit, STR("count"))) {
		buf_add_u8(out, ' ');
		label_clean(out, unit, UNIT_BYTES_MAX);
	}
}

struct str amount_cell_unit(struct str unit)
{
	return unit_row(unit) >= 0 ? unit : STR("count");
}

void amount_add(struct buf *out, int64_t value, struct str unit, bool unicode)
{
	uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	int row = unit_row(unit);

	if (value && row >= 0) {
		add_scaled(out, (double)value * units[row].factor, units[row].scales, unicode);
		return;
	}
	if (size > COUNT_GROUPED_MAX) {
		add_scaled(out, (double)value, counts, unicode);
	} else {
		if (value < 0)
			buf_add_u8(out, '-');
		amount_add_count(out, size);
	}
	if (value && unit.n && !str_eq(unit, STR("count"))) {
		buf_add_u8(out, ' ');
		label_clean(out, unit, UNIT_BYTES_MAX);
	}
}

void amount_add_percent(struct buf *out, int64_t part, int64_t total)
{
	double percent = total ? (double)part / (double)total * 100 : 0;

	if (part == 0 || total == 0)
		buf_add_u8(out, '0');
	else if (part == total)
		buf_add_str(out, STR("100"));
	else if (percent > 0 && percent < 0.05)
		buf_add_str(out, STR("<0.1"));
	else if (percent >= 99.95 && percent < 100)
		buf_add_str(out, STR(">99.9"));
	else if (percent >= 1000)	/* of a total of positive and negative values: no share */
		buf_add_str(out, STR(">999"));
	else if (percent <= -1000)
		buf_add_str(out, STR("<-999"));
	else
		decimal_add_fixed(out, percent, 1);
}

struct str amount_title(const struct profile *profile, uint32_t type)
{
	struct str name = type < profile->n_types
				  ? strings_get(&profile->strings, profile->types[type].type)
				  : STR("");

	for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++)
		if (str_eq(name, str_of(titles[i].type)))
			return str_of(titles[i].title);
	return name.n ? name : STR("Profile");
}
