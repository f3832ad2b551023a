/* SPDX-License-Identifier: Apache-2.0 */
/* format/input.h
 *
 * The bytes of a profile, whatever they are wrapped in: plain, gzip (any number of members) or zstd
 * (any number of frames), from a file, a pipe or memory.
 *
 * A reader takes them in one of two ways:
 *   input_read()    piece by piece, in bounded memory            (folded)
 *   input_whole()   all at once, in the fastest way there is     (pprof)
 * input_head() shows the first bytes without taking them. After input_whole() nothing is left to read.
 * A reader that needs files beside this one starts from .path, and asks .aid for what the file does not
 * say.
 *
 * A small file can inflate a thousandfold: what is kept grows only as bytes come out, and
 * input_whole() refuses more than INPUT_WHOLE_MAX.
 */
#ifndef SONDE_FORMAT_INPUT_H
#define SONDE_FORMAT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "format/unwrap.h"

struct code_aid;
struct err;
struct loose;
struct profile;
struct raw;

#define INPUT_HEAD_MAX ((size_t)16 << 10)
#define INPUT_WHOLE_MAX ((size_t)4 << 30)

/* What the caller of a reader knows and a file does not say, and whom it may ask: the rooms that know
 * ELF files and stacks are out of this one's sight (docs/architecture.md), so what they do comes as
 * functions. Everything may be missing. A reader that does without its aid leaves frames that have a
 * module and an address but no function: they can be named afterwards, from the files on this machine. */
struct read_aid {
	const char *program;	/* the binary whose addresses the file holds (gmon.out) */
	bool untimed;	/* nobody will look at times: rows may be without, if they can be counted by "samples" */
	uint32_t times_max;	/* nor at those of more samples than this; 0: of any number */
	struct loose *loose;	/* {0}: a reader may leave all its rows there instead of in the profile; NULL: none may */
	const struct code_aid *code;	/* who knows files of code and walks copied stacks (perf.data) */
	void *context;		/* what the functions get */
	/* The frames of n vaddrs (ascending, distinct) of a binary, without what was inlined there. 0 or -errno. */
	int (*place)(void *context, struct profile *profile, const char *binary, const uint64_t *vaddrs,
		     uint32_t n, uint32_t *ret_frames, struct err *err);
};

struct input {
	const char *what;		/* names it in sentences; borrowed */
	const char *path;		/* NULL: standard input, or memory */
	bool directory;			/* that is one, and these are the bytes of "data" in it (perf record --threads) */
	const struct read_aid *aid;	/* never NULL; lent by the caller of format_read_aided() */
	int fd;				/* -1: the bytes are in memory */
	bool fd_borrowed;
	struct str memory;		/* borrowed; read so far: memory_at */
	size_t memory_at;
	enum wrapping wrapping;
	struct unwrapper *unwrapper;	/* NULL: plain bytes */
	struct raw *raw;		/* what it has not used yet */
	uint8_t head[INPUT_HEAD_MAX];	/* unwrapped; read again before the rest */
	size_t head_n, head_at;
	uint64_t raw_bytes;		/* taken from the file so far */
	struct mapped_file mapped;	/* what input_whole() lends */
	struct buf whole;
};

/* "-" is standard input. The kind of wrapping is seen in the first bytes. 0 or -errno, with a sentence but
 * for -ENOMEM; input_close() in either case. */
int input_open(struct input *input, const char *path, struct err *err);
int input_open_bytes(struct input *input, struct str bytes, const char *what, struct err *err);
void input_close(struct input *input);

/* The first bytes, as many as there are up to INPUT_HEAD_MAX. */
static inline struct str input_head(const struct input *input)
{
	return str_over(input->head, input->head_n);
}

/* Up to n bytes to p; 0 at the end, -errno with a sentence (but for -ENOMEM). */
ssize_t input_read(struct input *input, void *p, size_t n, struct err *err);

/* Everything from the first byte on, lent until input_close(). 0 or -errno. */
int input_whole(struct input *input, struct str *ret_bytes, struct err *err);

/* The same, but a plain file, which is mapped and takes no memory, may have up to `max` bytes. */
int input_whole_mapped(struct input *input, size_t max, struct str *ret_bytes, struct err *err);

/* Whether those bytes are the file itself, mapped. */
static inline bool input_is_mapped(const struct input *input)
{
	return input->mapped.p && !input->mapped.copied;
}

/* Gives back what they lent, to whoever does not look at it again and has much to do before input_close(). */
void input_give_back(struct input *input);

#endif
