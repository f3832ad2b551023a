/* SPDX-License-Identifier: Apache-2.0 */
/* cli/fetch.h
 *
 * Profiles that a program serves itself: the endpoints of Go's net/http/pprof, and of whatever else
 * answers a GET with a pprof file.
 *
 *   http://HOST:6060/debug/pprof/profile?seconds=30     that
 *   http://HOST:6060/debug/pprof/heap                   that
 *   http://HOST:6060   .../debug/pprof                  the CPU profile
 *
 * The server is as hostile as a file: its answer is bounded in size and time, its words are made
 * harmless before they are repeated, and redirects never lead from https to http. A password in the
 * URL is sent and never printed.
 */
#ifndef SONDE_CLI_FETCH_H
#define SONDE_CLI_FETCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct err;
struct profile;

struct fetch_options {
	const char *url;
	uint64_t duration_ns;	/* 0: what the URL says, else the default */
	const volatile sig_atomic_t *stop;	/* not 0: give up */
	bool progress;		/* to standard error */
};

/* Whether a word of the command line is a URL ("SCHEME://..."). */
bool fetch_is_url(const char *word);

/* Fetches a profile into `profile`, which is fresh from profile_init(). words: the URL without password, for
 * people. 0 or -errno with a sentence: -ECANCELED when stopped, -EPROTO when the server answered with
 * something else than a profile. */
int fetch_profile(struct profile *profile, const struct fetch_options *options, char *ret_words,
		  size_t words_size, struct err *err);

#endif
