/* SPDX-License-Identifier: Apache-2.0 */
/* format/tables.h
 *
 * Profiles for programs that know nothing of profiles; Sonde does not read them back.
 *
 *   csv, tsv   a row for each function: what it is, and for each value type what it costs by itself and
 *              in all; the costliest first (RFC 4180; tabs and line ends in names become blanks)
 *   dot        Graphviz: a box for each function, an arrow for its calls, of those that matter
 *   chrome     Chrome's trace events (docs.google.com "Trace Event Format"; ui.perfetto.dev opens them): a track
 *              for each thread, its calls by time, or, where samples have no times, side by side
 */
#ifndef SONDE_FORMAT_TABLES_H
#define SONDE_FORMAT_TABLES_H

struct err;
struct new_file;
struct profile;

int csv_write(const struct profile *profile, struct new_file *file, struct err *err);
int tsv_write(const struct profile *profile, struct new_file *file, struct err *err);
int chrome_write(const struct profile *profile, struct new_file *file, struct err *err);
int dot_write(const struct profile *profile, struct new_file *file, struct err *err);

#endif
