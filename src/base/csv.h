/* SPDX-License-Identifier: Apache-2.0 */
/* base/csv.h - fields of comma-separated (RFC 4180) and tab-separated lines. */
#ifndef SONDE_BASE_CSV_H
#define SONDE_BASE_CSV_H

#include "base/str.h"

struct buf;

/* Appends a field: in quotes where commas, quotes or line ends ask for it; with separator '\t', where there
 * is no way to quote, control bytes become spaces. */
void csv_add_field(struct buf *out, struct str text, char separator);

#endif
