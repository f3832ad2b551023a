/* SPDX-License-Identifier: Apache-2.0 */
/* base/decimal.h
 *
 * Numbers as printf() writes them, byte for byte, several times faster: half of drawing a flame graph was printf().
 *
 * A product with a power of ten is off by less than 1e-6 here; where its fraction is so near to a half that this could
 * decide, and for numbers out of range, printf() is asked.
 */
#ifndef SONDE_BASE_DECIMAL_H
#define SONDE_BASE_DECIMAL_H

struct buf;

/* %.*f */
void decimal_add_fixed(struct buf *buf, double v, unsigned digits);

/* %.9g */
void decimal_add_short(struct buf *buf, double v);

#endif
