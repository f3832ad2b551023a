/* SPDX-License-Identifier: Apache-2.0 */
/* analyze/alike.h
 *
 * Names that a compiler or a build changes though the function is the same.
 *
 *   alike_clean()   what one build may make of one function, told apart by nothing a reader wants:
 *                     parse.constprop.0  parse.part.3  parse.cold  parse [clone .isra.0]   parse
 *                     core::fmt::write::h0f1e2d3c4b5a6978                                  core::fmt::write
 *   alike_numbers() and what numbers that only count things are good for: ordering
 *                     f()::{lambda(int)#2}  f()::{closure#0}  main.f.func1.2               # for each
 *                     app.js:f@120:4  (a position in a file)                               #
 *                     core[846817f741e54dfd]::fmt::write                                   core::fmt::write
 *                     slices.Sort[go.shape.int]                                            slices.Sort[...]
 *   alike_module()  the file's name without folders and versions
 *                     /opt/build-17/libz.so.1.2.13                                         libz.so
 */
#ifndef SONDE_ANALYZE_ALIKE_H
#define SONDE_ANALYZE_ALIKE_H

#include "base/str.h"

struct buf;

/* The name without such endings: a part of it, or all. */
struct str alike_clean(struct str name);

/* Appends the name with '#' for each number that only counts. */
void alike_numbers(struct buf *out, struct str name);

/* The part of the path that stays when another version is built or installed elsewhere. */
struct str alike_module(struct str path);

#endif
