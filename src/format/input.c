/* SPDX-License-Identifier: Apache-2.0 */
#include "format/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "format/unwrap.h"

#define RAW_CHUNK ((size_t)64 << 10)
#define WHOLE_CHUNK ((size_t)1 << 20)

_Static_assert(RAW_CHUNK >= INPUT_HEAD_MAX, "the head is the unwrapper's first food");

static const struct read_aid no_aid = { 0 };

/* Raw bytes waiting for the unwrapper. */
struct raw {
	char bytes[RAW_CHUNK];
	struct str left;
	bool ended;
};

static ssize_t read_raw(struct input *input, void *p, size_t n, struct err *err)
{
	ssize_t got;

	if (input->fd < 0) {
		struct str bytes = str_head(str_skip(input->memory, input->memory_at), n);

		if (bytes.n)
			memcpy(p, bytes.p, bytes.n);
		input->memory_at += bytes.n;
		got = (ssize_t)bytes.n;
	} else {
		do
			got = read(input->fd, p, n);
		while (got < 0 && errno == EINTR);
		if (got < 0)
			return err_fail(err, -errno, "cannot read %s: %s", input->what,
					err_text(errno));
	}
	input->raw_bytes += (uint64_t)got;
	return got;
}

static const char *wrapping_words(const struct input *input)
{
	return input->wrapping == WRAPPING_ZSTD ? "zstd" : "gzip";
}

static int refill(struct input *input, struct err *err)
{
	struct raw *raw = input->raw;
	ssize_t got = read_raw(input, raw->bytes, sizeof(raw->bytes), err);

	if (got < 0)
		return (int)got;
	raw->left = str_over(raw->bytes, (size_t)got);
	raw->ended = got == 0;
	return 0;
}

static ssize_t read_unwrapped(struct input *input, void *p, size_t n, struct err *err)
{
	struct raw *raw = input->raw;
	size_t made = 0;

	while (!made) {
		size_t before;
		int rc;

		if (!raw->left.n && !raw->ended && (rc = refill(input, err)) < 0)
			return rc;
		before = raw->left.n;
		rc = unwrapper_step(input->unwrapper, &raw->left, p, n, &made);
		if (rc < 0)
			return err_fail(err, rc, "%s: the %s data is corrupt near byte %llu: get the "
					"file again", input->what, wrapping_words(input),
					(unsigned long long)(input->raw_bytes - raw->left.n));
		if (made || raw->left.n < before || !raw->ended)
			continue;
		if (unwrapper_complete(input->unwrapper))
			return 0;
		return err_fail(err, -EBADMSG, "%s: the %s data breaks off after %llu bytes: the file "
				"is truncated, get it again", input->what, wrapping_words(input),
				(unsigned long long)input->raw_bytes);
	}
	return (ssize_t)made;
}

static ssize_t read_past_head(struct input *input, void *p, size_t n, struct err *err)
{
	return input->unwrapper ? read_unwrapped(input, p, n, err) : read_raw(input, p, n, err);
}

ssize_t input_read(struct input *input, void *p, size_t n, struct err *err)
{
	struct str head = str_head(str_skip(input_head(input), input->head_at), n);

	if (!head.n)
		return read_past_head(input, p, n, err);
	memcpy(p, head.p, head.n);
	input->head_at += head.n;
	return (ssize_t)head.n;
}

static int fill_head(struct input *input, struct err *err)
{
	while (input->head_n < sizeof(input->head)) {
		ssize_t got = read_past_head(input, input->head + input->head_n,
					     sizeof(input->head) - input->head_n, err);

		if (got < 0)
			return (int)got;
		if (got == 0)
			break;
		input->head_n += (size_t)got;
	}
	return 0;
}

/* The mark that some editors put before UTF-8. */
static const struct str utf8_mark = { "\xef\xbb\xbf", 3 };

static void pass_over_mark(struct input *input)
{
	if (!str_starts(input_head(input), utf8_mark))
		return;
	input->head_n -= utf8_mark.n;
	memmove(input->head, input->head + utf8_mark.n, input->head_n);
}

/* The first raw bytes become the head, or the unwrapper's first food. */
static int start(struct input *input, struct err *err)
{
	int rc = fill_head(input, err);

	if (rc < 0)
		return rc;
	input->wrapping = wrapping_of(input_head(input));
	if (input->wrapping == WRAPPING_NONE) {
		pass_over_mark(input);
		return 0;
	}
	input->unwrapper = unwrapper_open(input->wrapping);
	input->raw = calloc(1, sizeof(*input->raw));
	if (!input->unwrapper || !input->raw)
		return -ENOMEM;
	memcpy(input->raw->bytes, input->head, input->head_n);
	input->raw->left = str_over(input->raw->bytes, input->head_n);
	input->head_n = 0;
	rc = fill_head(input, err);
	pass_over_mark(input);
	return rc;
}

int input_open_bytes(struct input *input, struct str bytes, const char *what, struct err *err)
{
	*input = (struct input){ .what = what, .aid = &no_aid, .fd = -1, .memory = bytes };
	return start(input, err);
}

/* The file "data" in the directory, if there is one. */
static bool enter(struct input *input)
{
	int fd = openat(input->fd, "data", O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return false;
	if (input->fd_borrowed || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return false;
	}
	close(input->fd);
	input->fd = fd;
	input->directory = true;
	return true;
}

int input_open(struct input *input, const char *path, struct err *err)
{
	struct stat st;

	*input = (struct input){ .what = path, .path = path, .aid = &no_aid, .fd = -1 };
	if (!strcmp(path, "-")) {
		input->what = "standard input";
		input->path = NULL;
		input->fd = STDIN_FILENO;
		input->fd_borrowed = true;
	} else {
		input->fd = open(path, O_RDONLY | O_CLOEXEC);
		if (input->fd < 0 && errno == ENOENT && (!strncmp(path, "http://", 7) || !strncmp(path, "https://", 8)))
			return err_fail(err, -ENOENT, "%s is no file: sonde record URL takes the profile that a program serves",
					path);
		if (input->fd < 0)
			return err_fail(err, -errno, "cannot open %s: %s", path, err_text(errno));
	}
	if (fstat(input->fd, &st) == 0 && S_ISDIR(st.st_mode) && !enter(input))
		return err_fail(err, -EISDIR, "cannot read %s: it is a directory", input->what);
	return start(input, err);
}

void input_give_back(struct input *input)
{
	mapped_file_close(&input->mapped);
	buf_fini(&input->whole);
}

void input_close(struct input *input)
{
	input_give_back(input);
	if (input->fd >= 0 && !input->fd_borrowed)
		close(input->fd);
	unwrapper_close(input->unwrapper);
	free(input->raw);
	*input = (struct input){ .fd = -1 };
}

/* Whether the raw bytes can be had in one piece: in memory, or a file read from its start. */
static bool in_one_piece(struct input *input, struct str *ret_bytes)
{
	struct stat st;

	if (input->fd < 0) {
		*ret_bytes = input->memory;
		return true;
	}
	if (fstat(input->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0 ||
	    lseek(input->fd, 0, SEEK_CUR) != (off_t)input->raw_bytes ||
	    mapped_file_open_fd(&input->mapped, input->fd, input->what, NULL) < 0)
		return false;
	*ret_bytes = mapped_file_view(&input->mapped);
	return true;
}

static int too_large(const struct input *input, size_t max, struct err *err)
{
	return err_fail(err, -EFBIG, "%s holds more than %zu GiB: that is more than Sonde reads into "
			"memory", input->what, max >> 30);
}

static int stream_whole(struct input *input, struct str *ret_bytes, struct err *err)
{
	struct buf *buf = &input->whole;
	ssize_t got;

	buf->max = INPUT_WHOLE_MAX + WHOLE_CHUNK;
	do {
		if (!buf_reserve(buf, WHOLE_CHUNK))
			return -ENOMEM;
		got = input_read(input, buf->p + buf->n, WHOLE_CHUNK, err);
		if (got < 0)
			return (int)got;
		buf->n += (size_t)got;
		if (buf->n > INPUT_WHOLE_MAX)
			return too_large(input, INPUT_WHOLE_MAX, err);
	} while (got);
	*ret_bytes = buf_str(buf);
	return 0;
}

int input_whole_mapped(struct input *input, size_t max, struct str *ret_bytes, struct err *err)
{
	struct buf *buf = &input->whole;
	struct str raw;
	int rc;

	if (input->wrapping == WRAPPING_ZSTD || !in_one_piece(input, &raw))
		return stream_whole(input, ret_bytes, err);
	if (input->wrapping == WRAPPING_NONE) {
		if (raw.n > max)
			return too_large(input, max, err);
		*ret_bytes = str_starts(raw, utf8_mark) ? str_skip(raw, utf8_mark.n) : raw;
		return 0;
	}
	rc = gunzip_whole(raw, INPUT_WHOLE_MAX, &buf->p, &buf->n);
	if (rc == -EFBIG)
		return too_large(input, INPUT_WHOLE_MAX, err);
	if (rc < 0)	/* say where, or manage with less memory */
		return stream_whole(input, ret_bytes, err);
	*ret_bytes = buf_str(buf);
	if (str_starts(*ret_bytes, utf8_mark))
		*ret_bytes = str_skip(*ret_bytes, utf8_mark.n);
	return 0;
}

int input_whole(struct input *input, struct str *ret_bytes, struct err *err)
{
	return input_whole_mapped(input, INPUT_WHOLE_MAX, ret_bytes, err);
}
