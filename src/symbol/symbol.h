/* SPDX-License-Identifier: Apache-2.0 */
/* symbol/symbol.h
 *
 * (object, address) -> named frames: the one room that joins ELF files, processes and runtimes.
 *
 * An *object* is whatever owns code: a mapped file, the kernel, the vDSO, the run-time code of one
 * process, or nothing that can be named (and then why). Objects are resolved in batches, at the end of
 * a recording or of an interval, so that each file's debug information is read once, front to back.
 */
#ifndef SONDE_SYMBOL_SYMBOL_H
#define SONDE_SYMBOL_SYMBOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

struct err;
struct frames;
struct jvm_codes;
struct perf_home;
struct python_codes;
struct symbol_object;
struct v8_codes;

/* A mapped file. `fd` (or -1) is duplicated; `path` is as the process sees it, `root` the prefix under
 * which that path is valid here ("" or "/proc/PID/root"; copied). `build_id` is the raw id that the
 * kernel reported for the mapping (empty when unknown): a file whose id differs names nothing, its
 * frames say so ("[libx.so: changed on disk since it was mapped]"). Opening never reads the file: that
 * happens in the first resolve. 0 or -ENOMEM. */
int symbol_object_open_file(struct symbol_object **ret_object, int fd, struct str path,
			    struct str root, struct str build_id, struct err *err);

/* What fstat() told of such a file while it was mapped: a file without a build id is known by it to be
 * the same. Other objects ignore it. */
void symbol_object_set_stamp(struct symbol_object *object, uint64_t bytes, uint64_t mtime_ns);

/* Says that such a file is an interpreter: its own functions are then FRAME_RUNTIME, and without `lines`
 * named by symbol tables only, with neither line nor inlined calls. (Distributions compress the debug
 * information of theirs: it costs more than the rest of a short recording, for frames that views leave out.)
 * Other objects ignore it. */
void symbol_object_set_interpreter(struct symbol_object *object, bool lines);

/* Why such a file names nothing ("changed on disk since it was mapped"); NULL when it can be asked, and for
 * other objects. Reads the file. */
const char *symbol_object_trouble(struct symbol_object *object);

/* The vaddr of the code at that offset in such a file, as it was mapped. False when no executable segment has
 * it, and for other objects. Reads the file. */
bool symbol_object_vaddr(struct symbol_object *object, uint64_t off, uint64_t *ret_vaddr);

/* Some tools count addresses from the beginning of the file's image (Firefox's and samply's): the vaddr, where the
 * number is less than any vaddr of the file; else it is one already. Of what is no file here, as it is. */
uint64_t symbol_object_rebase(struct symbol_object *object, uint64_t address);

/* Interpreted code: "addresses" are id << 32 | instruction, of the codes (lent until the object is
 * closed); id 0: an enum python_fault. */
int symbol_object_open_python(struct symbol_object **ret_object, const struct python_codes *codes,
			      struct err *err);

/* Functions of V8: "addresses" are id << 32 | is_return << 31 | enum v8_frame << 28 | place, of the codes
 * (lent until the object is closed); id 0: the same without a function. */
int symbol_object_open_v8(struct symbol_object **ret_object, const struct v8_codes *codes,
			  struct err *err);

/* Places in HotSpot's code: "addresses" are id << 32, of the codes (lent until the object is closed); id 0: an
 * enum jvm_fault. */
int symbol_object_open_jvm(struct symbol_object **ret_object, const struct jvm_codes *codes, struct err *err);

/* The vDSO, from its bytes (copied). */
int symbol_object_open_vdso(struct symbol_object **ret_object, struct str bytes, struct err *err);

/* The running kernel and its modules. */
int symbol_object_open_kernel(struct symbol_object **ret_object, struct err *err);

/* Whoever can name a kernel address at once, which saves reading /proc/kallsyms (tens of milliseconds) when
 * they are few: "" for the name where there is none, "" for the kernel itself as the module; false when it
 * could not be asked. What is lent stays until the object is closed. Other objects ignore it. */
typedef bool (*symbol_kernel_fn)(void *context, uint64_t address, struct str *ret_name,
				 struct str *ret_module);
void symbol_object_set_kernel_names(struct symbol_object *object, symbol_kernel_fn find,
				    void *context);

/* Run-time code of a process: perf map or jitdump, read by symbol_object_load(), at the latest in the
 * first resolve. `name` is the process's, for the module column. */
int symbol_object_open_jit(struct symbol_object **ret_object, pid_t pid, struct str name,
			   struct err *err);

/* Where its perf map is (proc/perfhome.h): what names its code when it is loaded after the process has
 * ended. Lent until the object is closed. Other objects ignore it. */
void symbol_object_set_perf_home(struct symbol_object *object, const struct perf_home *home);

/* The jitdump that such a process had mapped, by a path that is valid here: what names its code when
 * the process has ended and left no perf map. The path is copied. Other objects ignore it. 0 or
 * -ENOMEM. */
int symbol_object_set_jitdump(struct symbol_object *object, struct str path, struct err *err);

/* Code that nobody can name: every frame is FRAME_UNKNOWN and its name is "[reason]". */
int symbol_object_open_unknown(struct symbol_object **ret_object, struct str reason,
			       struct err *err);

/* Reads what will not be there later (a process's perf map, before the process ends). Idempotent. */
void symbol_object_load(struct symbol_object *object);

/* The same and, as far as these addresses (as of symbol_resolve()) need it, debug information: ahead of
 * symbol_resolve(), which may ask for others, and in another thread. */
void symbol_object_prepare(struct symbol_object *object, const uint64_t *vaddrs, uint32_t n);

/* Query i's frames: frames[first[i] .. first[i + 1]), innermost first, ids of the `struct frames` given
 * to symbol_resolve(). There is always at least one. */
struct symbol_chains {
	uint32_t *first;
	uint32_t *frames;
	uint32_t n;		/* queries */
	uint32_t n_named;	/* of them, those with a name */
	uint32_t cap_frames;
};

/* Names n addresses (vaddrs of a file; live ones of the kernel and of run-time code), ascending and
 * distinct, looked up as they are: the caller has taken 1 from return addresses. A frame that cannot
 * be named has a name that says why, in brackets, and kind FRAME_UNKNOWN, but keeps module and address.
 * 0 or -ENOMEM; anything else is a name. */
int symbol_resolve(struct symbol_object *object, struct frames *frames, const uint64_t *vaddrs,
		   uint32_t n, struct symbol_chains *ret_chains, struct err *err);
void symbol_chains_fini(struct symbol_chains *chains);

void symbol_object_close(struct symbol_object *object);

#endif
