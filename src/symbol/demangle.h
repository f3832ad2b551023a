/* SPDX-License-Identifier: Apache-2.0 */
/* symbol/demangle.h
 *
 * Linkage names -> what the programmer wrote: C++ (Itanium), Rust (legacy and v0) and D, by
 * libiberty.
 *
 * Names come out of hostile files, and a short one can stand for an endless text (substitutions
 * that double each time): above DEMANGLED_MAX such a name stays as it is, as do C++ names above
 * 4,096 bytes, where a nest could be deeper than any stack.
 */
#ifndef SONDE_SYMBOL_DEMANGLE_H
#define SONDE_SYMBOL_DEMANGLE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

#define MANGLED_MAX ((size_t)16 << 10)
#define DEMANGLED_MAX ((size_t)64 << 10)

/* Whether it looks like a linkage name of one of those languages. */
bool is_mangled(struct str name);

/* The readable form into `out` (emptied first). False when there is none; out is then empty. */
bool demangle(struct str name, struct buf *out);

#endif
