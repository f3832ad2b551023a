/* SPDX-License-Identifier: Apache-2.0 */
/* render/csv.h
 *
 * The tables of the text report for a spreadsheet: a head of column names, then a line a row (RFC 4180),
 * values of one type in the profile's own unit. docs/report.md lists the columns.
 */
#ifndef SONDE_RENDER_CSV_H
#define SONDE_RENDER_CSV_H

struct buf;
struct err;
struct profile;
struct text_options;

/* Appends the table that the text report shows for these options; with .by the table of its groups alone.
 * 0; -EINVAL (no such value type; code, which is no table of one kind of row; as the table says); -ENOMEM. */
int csv_report(struct buf *out, const struct profile *profile, const struct text_options *view,
	       struct err *err);

#endif
