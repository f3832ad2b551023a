/* SPDX-License-Identifier: Apache-2.0 */
#include "render/text.h"

#include <errno.h>

#include "analyze/filter.h"
#include "base/err.h"
#include "model/profile.h"
#include "render/page.h"

static int (*const tables[])(struct page *page, struct err *err) = {
	[TEXT_TOP] = text_top,
	[TEXT_TREE] = text_tree,
	[TEXT_THREADS] = text_threads,
	[TEXT_PEEK] = text_peek,
	[TEXT_LIST] = text_list,
	[TEXT_CODE] = text_code,
};

static int report(struct buf *out, const struct profile *profile,
		  const struct text_options *options, bool with_table, struct err *err)
{
	struct page page;
	int rc = page_open(&page, out, profile, options, err);

	if (rc < 0)
		return rc;
	text_head_put(&page);
	if (with_table && !profile->n) {
		buf_add_str(out, STR("\nThe profile has no samples.\n"));
	} else if (with_table && options->filter && !options->filter->kept) {
		buf_add_str(out, STR("\nNo sample passes the filter.\n"));
	} else if (with_table && profile->tree.n <= 1) {
		buf_add_str(out, STR("\nNo frame is left to show: the samples have none, or --hide and --show leave none.\n"));
	} else if (with_table) {
		page_end_line(&page);
		if (options->by)
			rc = text_groups(&page, err);
		if (!rc && options->by)
			page_end_line(&page);
		if (!rc)
			rc = tables[options->table](&page, err);
	}
	if (!rc && (out->failed || page.cell.failed))
		rc = err_fail(err, -ENOMEM, "out of memory for the report");
	page_close(&page);
	return rc;
}

int text_report(struct buf *out, const struct profile *profile, const struct text_options *options,
		struct err *err)
{
	return report(out, profile, options, true, err);
}

int text_head(struct buf *out, const struct profile *profile, const struct text_options *options,
	      struct err *err)
{
	return report(out, profile, options, false, err);
}
