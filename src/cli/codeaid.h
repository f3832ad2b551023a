/* SPDX-License-Identifier: Apache-2.0 */
/* cli/codeaid.h - what readers may ask of this machine (format/code_aid.h), done by collect/: files of code,
 * the running kernel, walks over copied stacks. */
#ifndef SONDE_CLI_CODEAID_H
#define SONDE_CLI_CODEAID_H

struct code_aid;

extern const struct code_aid codeaid;

#endif
