/* SPDX-License-Identifier: Apache-2.0 */
/* cli/pages.h - the HTML page of what was read: one profile, or several with a menu. */
#ifndef SONDE_CLI_PAGES_H
#define SONDE_CLI_PAGES_H

struct buf;
struct err;
struct readings;

/* Appends the page (render/html.h). Profiles are called by their files' names, or by their paths where two
 * files have one name. title: NULL, or of each. */
int pages_write(struct buf *out, const struct readings *readings, const char *title, struct err *err);

#endif
