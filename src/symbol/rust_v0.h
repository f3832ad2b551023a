/* SPDX-License-Identifier: Apache-2.0 */
/* symbol/rust_v0.h
 *
 * Whether a Rust name ("_R...", RFC 2603) can be given to a demangler that trusts it.
 *
 * libiberty's counts the lifetimes of a binder one by one, up to 2^64, also where it prints nothing, and
 * goes back to wherever a back reference says, be that the middle of an identifier. So the name is read
 * here first, by the grammar and without following anything.
 */
#ifndef SONDE_SYMBOL_RUST_V0_H
#define SONDE_SYMBOL_RUST_V0_H

#include <stdbool.h>
#include <stddef.h>

#define RUST_V0_MAX 32768u	/* bytes of a name */

/* True when name[0 .. n) keeps to the grammar, no binder has an absurd number of lifetimes, and every
 * back reference goes to where a path, a type or a constant begins. Behind a '.' everything is allowed. */
bool rust_v0_is_sound(const char *name, size_t n);

#endif
