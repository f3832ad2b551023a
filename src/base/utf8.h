/* SPDX-License-Identifier: Apache-2.0 */
/* base/utf8.h
 *
 * Reading bytes that should be UTF-8 (RFC 3629) and may be anything, one character at a time, and
 * writing it.
 *
 *   while (s.n) { bool valid = utf8_next(&s, &c); ... }
 *
 * Never fails: what is no character is passed over byte by byte.
 */
#ifndef SONDE_BASE_UTF8_H
#define SONDE_BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define UTF8_REPLACEMENT 0xfffdu

/* Takes the first character off the front of *s, which is not empty. True: it is in *ret_c. False:
 * the first byte (then in *ret_c) begins no shortest-form, non-surrogate character; it is taken. */
bool utf8_next(struct str *s, uint32_t *ret_c);

/* Writes a character, at most 4 bytes; what is none (a surrogate, or beyond U+10FFFF) as U+FFFD. Returns the
 * number of bytes. */
size_t utf8_put(char *out, uint32_t c);

/* Columns on a terminal: 0 (combining), 1, or 2 (wide: East Asian, emoji). */
int utf8_columns(uint32_t c);

/* Must not reach a terminal or a page as it is: control characters, marks that turn the direction
 * of writing or have no width, U+FFFE and U+FFFF. Line end and tab are such too. */
bool utf8_is_control(uint32_t c);

#endif
