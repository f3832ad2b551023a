/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "analyze/kept.h"
#include "analyze/shown.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "elf/debuginfod.h"
#include "format/format.h"
#include "format/losses.h"
#include "format/wrap.h"
#include "model/profile.h"
#include "render/html.h"
#include "render/json.h"
#include "render/source.h"
#include "render/svg.h"

typedef int (*render_fn)(struct buf *out, const struct profile *profile,
			 const struct output_options *options, struct err *err);

static struct flame_options flame_options(const struct output_options *options)
{
	return (struct flame_options){
		.title = options->title, .filter = options->filter,
		.filter_words = options->filter_words, .type = options->type,
		.icicle = options->icicle, .unit = options->unit, .folded = options->shown->folded,
	};
}

void output_sources(struct source_places *ret_places, const struct profile *profile, const char *path,
		    const char *directory)
{
	struct stat st;

	*ret_places = (struct source_places){ .directory = directory, .fetch = debuginfod_source,
					      .taken_ns = profile->start_wall_ns };
	if (!ret_places->taken_ns && path && stat(path, &st) == 0)
		ret_places->taken_ns = (uint64_t)st.st_mtim.tv_sec * 1000000000u;
}

static int render_html(struct buf *out, const struct profile *profile,
		       const struct output_options *options, struct err *err)
{
	struct flame_options flame = flame_options(options);
	struct source_places places;

	output_sources(&places, profile, NULL, options->source_directory);
	flame.sources = options->no_source ? NULL : &places;
	return html_write(out, profile, &flame, err);
}

static int render_svg(struct buf *out, const struct profile *profile,
		      const struct output_options *options, struct err *err)
{
	struct flame_options flame = flame_options(options);

	return svg_write(out, profile, &flame, err);
}

static int render_json(struct buf *out, const struct profile *profile,
		       const struct output_options *options, struct err *err)
{
	return json_report(out, profile, &(struct text_options){
		.filter = options->filter, .type = options->type,
		.folded = options->shown->folded }, err);
}

static const struct renderer {
	const char *name, *suffix;
	render_fn render;
	const char *words;
} renderers[] = {
	{ "html", ".html", render_html, "a page for the browser: flame graph, callers, table, time" },
	{ "svg", ".svg", render_svg, "a flame graph as a picture, with search and zoom" },
	{ "json", ".json", render_json, "the table of functions (docs/report-json.md)" },
};

#define N_RENDERERS (sizeof(renderers) / sizeof(renderers[0]))

static const struct renderer *renderer_for(const char *path, const char *format_name)
{
	struct str stem;

	if (!format_name && format_for_path(path))	/* ".speedscope.json" says more than ".json" */
		return NULL;
	format_wrapping(path, &stem);
	for (size_t i = 0; i < N_RENDERERS; i++)
		if (format_name ? !strcmp(format_name, renderers[i].name) :
				  str_ends(stem, str_of(renderers[i].suffix)))
			return &renderers[i];
	return NULL;
}

int output_check(const char *path, const char *format_name, struct err *err)
{
	const struct format *format = format_name ? format_named(str_of(format_name)) :
						    format_for_path(path);
	struct buf known = { 0 };
	struct stat st;
	bool by_name;
	size_t n;
	const struct format *table = format_table(&n);

	if (renderer_for(path, format_name) || (format && format->write))
		return 0;
	if (format)
		return err_fail(err, -EINVAL, "Sonde reads %s and does not write it (%s)", format->name, format->words);
	by_name = format_name || !strcmp(path, "-");
	for (size_t i = 0; i < N_RENDERERS; i++)
		buf_addf(&known, "%s%s", i ? ", " : "", by_name ? renderers[i].name : renderers[i].suffix);
	for (size_t i = 0; i < n; i++)
		if (table[i].write)
			buf_addf(&known, ", %s", by_name ? table[i].name : table[i].suffixes[0]);
	if (format_name)
		err_set(err, "no format is called '%s'; there are %.*s", format_name, STR_ARG(buf_str(&known)));
	else if (by_name)
		err_set(err, "name the format of standard output with -f; there are %.*s", STR_ARG(buf_str(&known)));
	else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		err_set(err, "%s is a directory: name the file to write in it", path);
	else
		err_set(err, "the name %s does not say which format to write; endings are %.*s "
			"(or use -f)", path, STR_ARG(buf_str(&known)));
	buf_fini(&known);
	return -EINVAL;
}

void output_list_formats(void (*tell)(const char *name, const char *words, bool reads, bool writes,
				      const char *const *suffixes, void *context), void *context)
{
	size_t n;
	const struct format *table = format_table(&n);

	for (size_t i = 0; i < N_RENDERERS; i++)
		tell(renderers[i].name, renderers[i].words, false, true,
		     (const char *const[]){ renderers[i].suffix, NULL }, context);
	for (size_t i = 0; i < n; i++)
		/* "pb" is only a way to write what "pprof" reads */
		tell(table[i].name, table[i].words, table[i].detect || table[i].keeps == KEEPS_ALL, table[i].write,
		     table[i].suffixes, context);
}

int output_try(const char *path, struct err *err)
{
	struct new_file file;
	struct stat st;
	int rc;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return 0;	/* a pipe would wait for its reader */
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return err_fail(err, -EISDIR, "cannot write %s: it is a directory", path);
	rc = new_file_open(&file, path, err);
	new_file_close(&file);
	return rc;
}

bool output_is_view(const char *path, const char *format_name)
{
	const struct format *format = format_name ? format_named(str_of(format_name)) :
						    format_for_path(path);

	return renderer_for(path, format_name) || (format && format->is_view);
}

bool output_is_page(const char *path, const char *format_name)
{
	const struct renderer *renderer = renderer_for(path, format_name);

	return renderer && renderer->render == render_html;
}

bool output_shows_times(const char *path, const char *format_name)
{
	const struct format *format = format_name ? format_named(str_of(format_name)) :
						    format_for_path(path);

	return output_is_page(path, format_name) ||
	       (!renderer_for(path, format_name) && !(format && format->untimed));
}

/* Formats know neither filters nor a choice of type. */
static int write_kept(const struct profile *profile, const char *path, const char *format_name,
		      const struct output_options *options, struct err *err)
{
	struct kept kept;
	int rc = kept_init(&kept, profile, options->filter, err);

	if (rc < 0)
		return rc;
	if (options->type >= 0)
		kept.profile.default_type = (uint32_t)options->type;
	rc = format_write(&kept.profile, path, format_name, err);
	kept_fini(&kept);
	return rc;
}

static int write_shown(const struct profile *profile, const char *path, const char *format_name,
		       const struct output_options *options, struct err *err)
{
	const struct renderer *renderer = renderer_for(path, format_name);
	struct buf out = { 0 };
	int rc;

	if (!renderer)
		return write_kept(profile, path, format_name, options, err);
	rc = renderer->render(&out, profile, options, err);
	if (rc == 0 && out.failed)
		rc = err_fail(err, -ENOMEM, "cannot write %s: out of memory", path);
	if (rc == 0)
		rc = wrap_write_whole(path, !format_name, buf_str(&out), err);
	buf_fini(&out);
	return rc;
}

int output_end(int rc, const char *path)
{
	if (rc == -EPIPE && !strcmp(path, "-")) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	return rc;
}

int output_write(const struct profile *profile, const char *path, const char *format_name,
		 const struct output_options *options, struct err *err)
{
	struct output_options wanted = *options;
	struct shown shown = { 0 };
	int rc = 0;

	if (!output_is_view(path, format_name))
		return output_end(format_write(profile, path, format_name, err), path);
	if (!options->shown) {
		rc = shown_init(&shown, profile, options->native, err);
		wanted.shown = &shown;
	}
	if (rc == 0)
		rc = write_shown(&wanted.shown->profile, path, format_name, &wanted, err);
	shown_fini(&shown);
	return output_end(rc, path);
}
