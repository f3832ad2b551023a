/* SPDX-License-Identifier: Apache-2.0 */
/* cli/screen.h - what the terminal behind a descriptor can show. */
#ifndef SONDE_CLI_SCREEN_H
#define SONDE_CLI_SCREEN_H

struct text_options;

/* Fills width, color and unicode. Without a terminal: no limit that cuts names short, no colour. */
void screen_options(struct text_options *options, int fd);

#endif
