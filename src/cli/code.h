/* SPDX-License-Identifier: Apache-2.0 */
/* cli/code.h
 *
 * The code of functions that a profile tells of, from the files on this machine: only of a file with the
 * build id that ran; where the profile has none, of one that was not written since, and whose symbol at the
 * address has the function's name.
 *
 * Where a function begins and ends is told by the file's symbols, else its debug file's, else its tables for
 * exceptions (.eh_frame), else Go's own table; source lines by its DWARF, or that table. A file that is gone is asked of debuginfod.
 */
#ifndef SONDE_CLI_CODE_H
#define SONDE_CLI_CODE_H

#include "render/machine.h"

struct code_files;

/* NULL when out of memory. Files stay open until the end. */
struct code_files *code_files_open(void);
void code_files_close(struct code_files *files);

/* For text_options. */
struct machine_reader code_reader(struct code_files *files);

#endif
