/* SPDX-License-Identifier: Apache-2.0 */
/* cli/nearest.h
 *
 * What a person who wrote a word that is not known probably meant: the known word that it begins, that other
 * profilers' word for the same thing stands for, or that differs from it in few letters.
 */
#ifndef SONDE_CLI_NEAREST_H
#define SONDE_CLI_NEAREST_H

#include <stdbool.h>

#include "base/str.h"

struct command;

#define NEAREST_BYTES 64

/* What was meant, in `text`: an option of the command's, perhaps with a value ("--type alloc_space"), or another command
 * whose work it is ("sonde view FILE"). False: nothing is near. The word has no dashes and no value. */
bool nearest_option(const struct command *command, struct str word, char text[NEAREST_BYTES]);

/* The name of a command, or NULL. */
const char *nearest_command(struct str word);

#endif
