/* SPDX-License-Identifier: Apache-2.0 */
#include "render/web_files.h"

/* X(symbol, path, module): the assembler copies the file in, so that the sources stay as they are
 * and nothing is generated. Paths are seen from where make runs. */
#define WEB_FILES(X)                                    \
	X(page_html, "page.html", NULL)                 \
	X(style_css, "style.css", NULL)                 \
	X(app_js, "app.js", "sonde/app")                \
	X(chart_js, "chart.js", "sonde/chart")          \
	X(data_js, "data.js", "sonde/data")             \
	X(diff_js, "diff.js", "sonde/diff")             \
	X(draw_js, "draw.js", "sonde/draw")             \
	X(export_js, "export.js", "sonde/export")       \
	X(fragment_js, "fragment.js", "sonde/fragment") \
	X(giving_js, "giving.js", "sonde/giving")     \
	X(groups_js, "groups.js", "sonde/groups")       \
	X(head_js, "head.js", "sonde/head")             \
	X(lanes_js, "lanes.js", "sonde/lanes")          \
	X(lines_js, "lines.js", "sonde/lines")          \
	X(linespanel_js, "linespanel.js", "sonde/linespanel") \
	X(model_js, "model.js", "sonde/model")          \
	X(names_js, "names.js", "sonde/names")          \
	X(page_js, "page.js", "sonde/page")             \
	X(pageaddress_js, "pageaddress.js", "sonde/pageaddress") \
	X(pagedetails_js, "pagedetails.js", "sonde/pagedetails") \
	X(pagesearch_js, "pagesearch.js", "sonde/pagesearch") \
	X(pagewords_js, "pagewords.js", "sonde/pagewords") \
	X(palette_js, "palette.js", "sonde/palette")    \
	X(profiles_js, "profiles.js", "sonde/profiles") \
	X(stage_js, "stage.js", "sonde/stage")          \
	X(sweep_js, "sweep.js", "sonde/sweep")          \
	X(table_js, "table.js", "sonde/table")          \
	X(threads_js, "threads.js", "sonde/threads")    \
	X(time_js, "time.js", "sonde/time")             \
	X(timeline_js, "timeline.js", "sonde/timeline") \
	X(timepanel_js, "timepanel.js", "sonde/timepanel")

#define X(symbol, file, name)                                      \
	__asm__(".pushsection .rodata\n"                           \
		".globl web_" #symbol "\n"                         \
		"web_" #symbol ": .incbin \"src/web/" file "\"\n"  \
		".globl web_" #symbol "_end\n"                     \
		"web_" #symbol "_end: .byte 0\n"                   \
		".popsection\n");                                  \
	extern const char web_##symbol[], web_##symbol##_end[];
WEB_FILES(X)
#undef X

#define X(symbol, file, name) { name, file, web_##symbol, web_##symbol##_end },
static const struct web_file files[] = { WEB_FILES(X) };
#undef X

const struct web_file *web_files(size_t *ret_n)
{
	*ret_n = sizeof(files) / sizeof(*files);
	return files;
}

struct str web_file_named(struct str path)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (str_eq(path, str_of(files[i].path)))
			return web_file_bytes(&files[i]);
	return (struct str){ 0 };
}
