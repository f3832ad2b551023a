/* SPDX-License-Identifier: Apache-2.0 */
/* The last section of the page's block of lines: their text.
 *
 * A profile may come from anybody and names any file; a page is handed on. So only what is source by its name (or
 * begins with "#!") is put into it, never a key or a list of passwords that a profile calls source. And only what
 * was there before the profile was taken: a reader elsewhere has no other to compare it with. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/top.h"
#include "base/hash.h"
#include "base/vec.h"
#include "model/profile.h"
#include "render/html_packer.h"
#include "render/source.h"

#define AROUND 3			/* lines before and after those that cost something */
#define BYTES_MOST (1u << 20)		/* of all text */
#define LINE_BYTES 300u			/* of a longer line the rest is cut */
#define FILES_MOST 2000u		/* are looked for, */
#define FETCHES_MOST 50u		/* and asked of a server */

/* As the page is told: web/lines.js has a sentence for each. */
enum state { HERE, MISSING, YOUNGER, NO_SOURCE, NO_ROOM };

struct file {
	struct str path, build_id;
	struct source source;		/* open while it is HERE */
	uint8_t *wanted;		/* a bit for each line, from 1 on */
	enum state state;
};

struct files {
	struct file *items;		/* 1 and up */
	uint32_t n, cap, n_fetched;
	struct idindex index;
	struct packer *lines;
	uint64_t bytes;
};

static bool is_suffix(struct str suffix)
{
	static const char known[] =
		" ada adb ads asm bash c c++ cc cjs cl clj coffee cpp cr cs cu cuh cxx d dart def el elm erl ex exs f f03 f08 f90 "
		"f95 for fs fsx ftn glsl go groovy h h++ hh hpp hrl hs hxx i ii inc inl ipp java jl js jsx kt kts l lisp "
		"ll lua m mjs ml mli mm nim nix pas php phtml pl pm proto pxd pxi py pyi pyw pyx r rb rs s scala scm sh "
		"sol sql sv svelte swift tcc tcl tpp ts tsx v vala vb vhd vue y yy zig ";
	char word[12];

	for (size_t i = 0; i < suffix.n; i++)
		if (suffix.p[i] == ' ')
			return false;
	if (!suffix.n || suffix.n + 2 >= sizeof(word))
		return false;
	word[0] = ' ';
	for (size_t i = 0; i < suffix.n; i++)
		word[i + 1] = (char)(suffix.p[i] >= 'A' && suffix.p[i] <= 'Z' ? suffix.p[i] + 32 : suffix.p[i]);
	word[suffix.n + 1] = ' ';
	return str_contains(STR(known), str_over(word, suffix.n + 2));
}

/* The C++ library's own headers have no suffix. */
static bool is_source(const struct file *file)
{
	struct str path = file->path, head = str_head(str_over(file->source.file.p, file->source.file.n), 2);

	for (size_t i = path.n; i-- > 0 && path.p[i] != '/';)
		if (path.p[i] == '.')
			return i > 0 && path.p[i - 1] != '/' && is_suffix(str_skip(path, i + 1));
	return str_eq(head, STR("#!")) || str_contains(path, STR("/include/c++/"));
}

/* One without a build id is looked for on this machine, one with it is asked of whoever has that build's source. */
static enum state open_source(struct file *file, const struct source_places *places)
{
	struct source_places here = *places;

	here.build_id = file->build_id;
	here.only_fetched = file->build_id.n > 0;
	if (!source_open(&file->source, file->path, &here))
		return MISSING;
	if (file->source.changed)
		return YOUNGER;
	if (!is_source(file))
		return NO_SOURCE;
	file->wanted = calloc((size_t)file->source.n / 8 + 1, 1);
	return file->wanted ? HERE : MISSING;
}

/* Its number, 0 for none; a new one is opened if there is to be one. */
static uint32_t find_file(struct files *files, struct str path, struct str build_id, bool add, int *rc)
{
	uint64_t hash = hash_u64(hash_str(path), hash_str(build_id));
	uint32_t step = 0, id;
	struct file *file;

	while ((id = idindex_probe(&files->index, hash, &step)))
		if (str_eq(files->items[id].path, path) && str_eq(files->items[id].build_id, build_id))
			return id;
	if (!add || files->n > FILES_MOST || (build_id.n && files->n_fetched++ >= FETCHES_MOST))
		return 0;
	if (VEC_RESERVE(&files->items, &files->cap, (uint64_t)files->n + 1) < 0 ||
	    idindex_add(&files->index, hash, files->n) < 0) {
		*rc = -ENOMEM;
		return 0;
	}
	file = &files->items[files->n];
	*file = (struct file){ .path = path, .build_id = build_id };
	file->state = open_source(file, files->lines->options->sources);
	return files->n++;
}

/* The file that a place's lines are taken from, 0 for none. */
static uint32_t file_of(struct files *files, const struct place *place, bool add, int *rc)
{
	uint32_t here, fetched = 0;

	if (!place->file.n || !place->line)
		return 0;
	here = find_file(files, place->file, (struct str){ 0 }, add, rc);
	if (here && !files->items[here].wanted && place->build_id.n && files->lines->options->sources->fetch)
		fetched = find_file(files, place->file, place->build_id, add, rc);
	return fetched && files->items[fetched].state != MISSING ? fetched : here;
}

static bool is_wanted(const struct file *file, uint32_t line)
{
	return file->wanted[line / 8] & 1u << line % 8;
}

/* A line and those around it, as long as there is room. */
static void want(struct files *files, struct file *file, uint32_t line)
{
	uint32_t from = line > AROUND ? line - AROUND : 1;
	uint32_t to = line + (uint64_t)AROUND < file->source.n ? line + AROUND : file->source.n;

	for (uint32_t l = from; l <= to && line <= file->source.n; l++) {
		uint64_t bytes = str_head(source_line(&file->source, l), LINE_BYTES).n + 1;

		if (is_wanted(file, l))
			continue;
		if (files->bytes + bytes > BYTES_MOST) {
			file->state = NO_ROOM;
			continue;
		}
		files->bytes += bytes;
		file->wanted[l / 8] |= (uint8_t)(1u << l % 8);
	}
}

/* The costliest lines come first: what does not fit any more matters least. */
static int choose(struct files *files)
{
	const struct packer *p = files->lines;
	struct top_options wanted = { .filter = p->options->filter, .granularity = BY_LINE, .order = TOP_BY_SELF,
				      .type = p->type };
	struct top top;
	int rc = top_init(&top, p->profile, &wanted, NULL);

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; rc == 0 && i < top.n; i++) {
		const struct place *place = &top.places.items[top.rows[i].place];
		uint32_t id = file_of(files, place, true, &rc);

		if (id && files->items[id].wanted)
			want(files, &files->items[id], place->line);
	}
	top_fini(&top);
	return rc;
}

/* What became of it, how many lines there are, which, and their text. */
static void put_file(struct packer *p, const struct file *file)
{
	struct buf numbers = { 0 }, text = { 0 };
	uint32_t n = 0, before = 0;

	for (uint32_t l = 1; file->wanted && l <= file->source.n; l++) {
		if (!is_wanted(file, l))
			continue;
		if (n++)
			buf_add_u8(&text, '\n');
		buf_add_uleb(&numbers, l - before);
		buf_add_str(&text, html_without_controls(&p->scratch,
							 str_head(source_line(&file->source, l), LINE_BYTES), true));
		before = l;
	}
	buf_add_uleb(p->out, file->state);
	buf_add_uleb(p->out, n);
	buf_add_str(p->out, buf_str(&numbers));
	html_put_str(p, buf_str(&text));
	p->out->failed |= numbers.failed || text.failed;
	buf_fini(&numbers);
	buf_fini(&text);
}

int html_put_sources(struct packer *p)
{
	struct files files = { .n = 1, .lines = p };
	int rc = 0;

	if (p->options->sources)
		rc = choose(&files);
	buf_add_uleb(p->out, p->options->sources != NULL);
	buf_add_uleb(p->out, files.n - 1);
	for (uint32_t i = 1; i < files.n; i++)
		put_file(p, &files.items[i]);
	for (uint32_t i = 1; i < p->n_frames; i++) {
		const struct place *place = &p->places.items[p->place_of[i]];

		buf_add_uleb(p->out, files.n > 1 ? file_of(&files, place, false, &rc) : 0);
	}
	for (uint32_t i = 1; i < files.n; i++) {
		source_close(&files.items[i].source);
		free(files.items[i].wanted);
	}
	free(files.items);
	idindex_fini(&files.index);
	return rc;
}
