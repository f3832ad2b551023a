/* SPDX-License-Identifier: Apache-2.0 */
#include "render/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOURCE_MAX ((size_t)64 << 20)

/* A regular file of a size that a person writes: what a hostile profile names may be anything. */
static bool try_path(struct source *source, uint64_t taken_ns)
{
	struct stat st;

	if (stat(source->path, &st) < 0 || !S_ISREG(st.st_mode) || (size_t)st.st_size > SOURCE_MAX ||
	    mapped_file_open(&source->file, source->path, NULL) < 0)
		return false;
	source->changed = taken_ns && (uint64_t)st.st_mtim.tv_sec * 1000000000u > taken_ns;
	return true;
}

static bool find(struct source *source, struct str path, const char *directory, uint64_t taken_ns)
{
	for (struct str rest = path; directory && rest.n;) {
		int n = snprintf(source->path, sizeof(source->path), "%s/%.*s", directory, STR_ARG(rest));
		ptrdiff_t slash;

		if (n > 0 && (size_t)n < sizeof(source->path) && try_path(source, taken_ns))
			return true;
		slash = str_find(str_skip(rest, 1), '/');
		rest = slash < 0 ? (struct str){ 0 } : str_skip(rest, (size_t)slash + 2);
	}
	if (path.n >= sizeof(source->path))
		return false;
	snprintf(source->path, sizeof(source->path), "%.*s", STR_ARG(path));
	return try_path(source, taken_ns);
}

/* What the build's own source was: it cannot have been changed since. */
static bool find_elsewhere(struct source *source, struct str path, const struct source_places *places)
{
	struct stat st;
	bool found;
	int fd;

	if (!places->fetch || !places->build_id.n)
		return false;
	fd = places->fetch(places->build_id, path, source->path, sizeof(source->path));
	if (fd < 0)
		return false;
	found = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size <= SOURCE_MAX &&
		mapped_file_open_fd(&source->file, fd, source->path, NULL) == 0;
	close(fd);
	return found;
}

bool source_open(struct source *source, struct str path, const struct source_places *places)
{
	uint32_t lines = 1;

	*source = (struct source){ 0 };
	if (!path.n || ((places->only_fetched ||
			 !find(source, path, places->directory, places->taken_ns)) &&
			!find_elsewhere(source, path, places)))
		return false;
	for (size_t i = 0; i < source->file.n; i++)
		lines += source->file.p[i] == '\n';
	source->begin = calloc((size_t)lines + 1, sizeof(*source->begin));
	if (!source->begin)
		return false;
	for (size_t i = 0; i < source->file.n; i++)
		if (source->file.p[i] == '\n')
			source->begin[++source->n] = (uint32_t)i + 1;
	source->begin[++source->n] = (uint32_t)source->file.n + 1;	/* as if it ended with a line's end */
	return true;
}

void source_close(struct source *source)
{
	mapped_file_close(&source->file);
	free(source->begin);
	*source = (struct source){ 0 };
}

struct str source_line(const struct source *source, uint32_t line)
{
	struct str text;

	if (!line || line > source->n)
		return (struct str){ 0 };
	text = str_over(source->file.p + source->begin[line - 1],
			source->begin[line] - source->begin[line - 1] - 1);
	if (str_ends(text, STR("\r")))
		text.n--;
	return text;
}
