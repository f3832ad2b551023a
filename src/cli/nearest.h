/* SPDX-License-Identifier: Apache-2.0 */
/* cli/nearest.h
 *
 * What a person who wrote a word that is not known probably meant: the known word that it begins, that other
 * profilers' word for the same thing stands for, or that differs from it in few letters.
 */
#ifndef SONDE_CLI_NEAREST_H
#define SONDE_CLI_NEAREST_H

#include "base/str.h"

struct command;

/* What was meant, or NULL: the long name of one of the command's options ("limit"); or a phrase, which begins with "--"
 * ("--type alloc_space") or with "sonde " where it is another command's work. The word has no dashes and no value. */
const char *nearest_option(const struct command *command, struct str word);

/* The name of a command, or NULL. */
const char *nearest_command(struct str word);

#endif
