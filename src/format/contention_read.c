/* SPDX-License-Identifier: Apache-2.0 */
#include "format/contention.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/sum.h"
#include "base/vec.h"
#include "format/addressed.h"
#include "format/batch.h"
#include "format/input.h"
#include "model/profile.h"

struct row {
	double cycles, events;
	struct addressed_stack stack;
};

struct reader {
	struct profile *profile;
	struct addressed text;
	double hz, period;
	struct row *rows;
	uint32_t n_rows, cap_rows;
};

/* "cycles/second = 2596097917", the blanks may be missing. Other settings are passed over. */
static bool read_setting(struct reader *r, struct str line)
{
	struct str key, value = line;
	uint64_t number;

	if (str_find(line, '=') < 0)
		return false;
	key = str_trim(str_cut(&value, '='));
	if (str_parse_u64(str_trim(value), 10, &number) < 0 || !number)
		return true;
	if (str_eq(key, STR("cycles/second")))
		r->hz = (double)number;
	else if (str_eq(key, STR("sampling period")))
		r->period = (double)number;
	return true;
}

/* "1238470945 398 @ 0x69f2db ..." */
static int read_row(struct reader *r, struct str line, struct err *err)
{
	struct str counts = str_cut(&line, '@'), cycles;
	struct row row = { 0 };
	uint64_t n_cycles, n_events;
	int rc;

	counts = str_trim(counts);
	cycles = str_cut(&counts, ' ');
	if (!line.p || str_parse_u64(cycles, 10, &n_cycles) < 0 || str_parse_u64(str_trim(counts), 10, &n_events) < 0)
		return addressed_bad(&r->text, "expected 'CYCLES EVENTS @ ADDRESSES'", err);
	row.cycles = (double)n_cycles;
	row.events = (double)n_events;
	rc = addressed_read(&r->text, line, &row.stack, err);
	if (rc < 0)
		return rc;
	if (VEC_RESERVE(&r->rows, &r->cap_rows, (uint64_t)r->n_rows + 1) < 0)
		return -ENOMEM;
	r->rows[r->n_rows++] = row;
	return 0;
}

static int read_lines(struct reader *r, struct err *err)
{
	struct str line;
	int rc = 0;

	(void)addressed_line(&r->text, &line);	/* the title */
	while (rc == 0 && addressed_line(&r->text, &line))
		if (!addressed_tell(&r->text, line, r->n_rows ? &r->rows[r->n_rows - 1].stack : NULL) &&
		    !(r->n_rows == 0 && read_setting(r, line)))
			rc = read_row(r, line, err);
	return rc == 0 && r->text.mapped.failed ? -ENOMEM : rc;
}

static int add_samples(struct reader *r)
{
	struct batch batch = { .profile = r->profile };
	int rc = 0;

	profile_add_type(r->profile, STR("contentions"), STR("count"));
	r->profile->default_type = profile_add_type(r->profile, STR("delay"), STR("nanoseconds"));
	for (uint32_t i = 0; rc == 0 && i < r->n_rows; i++) {
		const struct row *row = &r->rows[i];
		int64_t values[2] = { sum_round(row->events * r->period),
				      sum_round(row->cycles * r->period / (r->hz / 1e9)) };

		rc = addressed_add(&r->text, &batch, &row->stack, values);
	}
	if (rc == 0)
		rc = batch_flush(&batch);
	batch_fini(&batch);
	return rc;
}

int contention_read(struct profile *profile, struct input *input, struct err *err)
{
	struct reader r = { .profile = profile, .hz = 1e9, .period = 1 };
	int rc = addressed_open(&r.text, profile, input, err);

	if (rc == 0)
		rc = read_lines(&r, err);
	if (rc == 0)
		rc = add_samples(&r);
	free(r.rows);
	addressed_fini(&r.text);
	return rc;
}

bool contention_detect(struct str head)
{
	return str_starts(head, STR("--- contention")) || str_starts(head, STR("--- mutex:"));
}
