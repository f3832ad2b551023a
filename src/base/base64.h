/* SPDX-License-Identifier: Apache-2.0 */
/* base/base64.h - bytes as text (RFC 4648, section 4, with padding, without line ends). */
#ifndef SONDE_BASE_BASE64_H
#define SONDE_BASE_BASE64_H

#include "base/str.h"

struct buf;

/* Appends bytes as base64. Out of memory shows in out->failed. */
void base64_add(struct buf *out, struct str bytes);

#endif
