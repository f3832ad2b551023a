/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/go/go.h
 *
 * A Go program or library: its function table, and where its structures are laid out.
 *
 * What the walk needs (where a thread has its goroutine, where that keeps its registers) is read from
 * the code of two functions of the run-time, and so holds for versions that nobody has seen yet. What
 * labels need (a goroutine's number, its pprof labels) is known by version; docs/go.md has the table.
 */
#ifndef SONDE_RUNTIME_GO_GO_H
#define SONDE_RUNTIME_GO_GO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/runtime.h"
#include "runtime/go/table.h"

struct elf;

struct go_file {
	struct go_table table;
	struct walk_go layout;
	uint64_t tls_at;	/* vaddr of a word that holds layout.g_tls where it is loaded; 0: known */
	uint32_t minor;		/* of 1.MINOR; 0: not told */
};

/* n bytes of the process's memory; false when any of them cannot be had. */
typedef bool (*go_read_fn)(void *context, void *out, size_t n, uint64_t address);

/* False when the file is none. */
bool go_detect(struct go_file *ret_file, struct elf *elf);

/* What the walk must know where the file is mapped with this bias. False: it cannot be told. */
bool go_layout(const struct go_file *file, uint64_t bias, go_read_fn read, void *context,
	       struct walk_go *ret_layout);

#endif
