/* SPDX-License-Identifier: Apache-2.0 */
/* render/label.h
 *
 * Names from outside, made fit to be shown: harmless, and no wider than there is room.
 *
 *   std::vector<int, std::allocator<int> >::push_back(int const&)
 *   std::vector<…>::push_back(int const&)        template arguments go first,
 *   std::vector<…>::push_back(…)                 then parameters,
 *   std::vec…push_back(…)                        then the middle
 *
 * Control characters, marks that turn the direction of writing, and bytes that are no UTF-8 are
 * shown as \xNN, byte by byte.
 */
#ifndef SONDE_RENDER_LABEL_H
#define SONDE_RENDER_LABEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct buf;

/* The name, harmless and whole up to max_bytes of it; a longer one ends in "…". */
void label_clean(struct buf *out, struct str name, size_t max_bytes);

/* The name, harmless and at most `columns` wide on a terminal (without unicode "…" is "~"
 * and any other character "?"). Returns the columns used. */
uint32_t label_fit(struct buf *out, struct str name, uint32_t columns, bool unicode);

/* The same for a small box, where a function's own name says more than a cut of all: what qualifies
 * it and its parameters go, then its end. Always Unicode. */
uint32_t label_fit_box(struct buf *out, struct str name, uint32_t columns);

/* Text that is no name (a line of source, a sentence): harmless, and cut at its end. */
uint32_t label_cut(struct buf *out, struct str text, uint32_t columns, bool unicode);

/* The columns label_fit() would use if it had `most`. */
uint32_t label_columns(struct str name, uint32_t most);

#endif
