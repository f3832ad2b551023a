/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/screen.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "render/text.h"

#define WIDTH_WITHOUT_TERMINAL 160

void screen_options(struct text_options *options, int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	const char *columns = getenv("COLUMNS");
	struct winsize size = { 0 };

	options->width = columns ? (uint32_t)strtoul(columns, NULL, 10) : 0;
	if (!options->width && ioctl(fd, TIOCGWINSZ, &size) == 0)
		options->width = size.ws_col;
	if (!options->width)
		options->width = WIDTH_WITHOUT_TERMINAL;
	options->color = isatty(fd) && !(no_color && *no_color) && !(term && !strcmp(term, "dumb"));
	options->unicode = !strcmp(nl_langinfo(CODESET), "UTF-8");
}
