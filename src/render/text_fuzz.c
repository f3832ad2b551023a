/* SPDX-License-Identifier: Apache-2.0 */
#include "render/text.h"

#include <stdlib.h>

#include "render/hostile_test.h"
#include "render/csv.h"
#include "render/json.h"
#include "render/label.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_lines(struct str text, uint32_t width)
{
	if (!is_plain_text(text))
		abort();
	while (text.p)
		if (label_columns(str_cut(&text, '\n'), UINT32_MAX) > width)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(str_over(data, size));
	uint8_t op = cursor_u8(&c);
	struct text_options options = { .type = -1, .table = (op & 3) % 3, .unicode = op & 4,
					.granularity = (op >> 3) % 3, .width = 60 + op,
					.min_share = 1e-9, .order = op >> 7 };
	struct profile profile;
	struct buf out = { 0 };

	hostile_profile(&profile, &c);
	if (op & 0x40 && profile.labels.n_items)
		options.by = "thread";
	if (text_report(&out, &profile, &options, NULL) < 0)
		abort();
	/* lines of drops and comments are as long as need be */
	if (profile.stats.n_drops || profile.n_comments)
		check_lines(buf_str(&out), UINT32_MAX);
	else
		check_lines(buf_str(&out), options.width < 94 ? 94 : options.width);
	buf_clear(&out);
	if (json_report(&out, &profile, &options, NULL) < 0)
		abort();
	for (struct str text = buf_str(&out); text.n;) {
		uint32_t character;

		if (!utf8_next(&text, &character) || (character < 0x20 && character != '\n'))
			abort();
	}
	buf_clear(&out);
	if (csv_report(&out, &profile, &options, NULL) < 0)
		abort();
	buf_fini(&out);
	profile_fini(&profile);
	return 0;
}
