/* SPDX-License-Identifier: Apache-2.0 */
/* cli/libcurl.h
 *
 * The functions of libcurl that cli/fetch.c calls, found when a URL is to be fetched and not before:
 * linked, it and some thirty libraries below it would be loaded by every command, and Sonde would not
 * start where they are not installed. Its header is needed to build, for the types.
 */
#ifndef SONDE_CLI_LIBCURL_H
#define SONDE_CLI_LIBCURL_H

#include <curl/curl.h>

struct err;

#define LIBCURL_FUNCTIONS(X)                                                                     \
	X(global_init) X(easy_init) X(easy_setopt) X(easy_perform) X(easy_getinfo)               \
	X(easy_strerror) X(easy_cleanup) X(url) X(url_dup) X(url_get) X(url_set)                 \
	X(url_strerror) X(url_cleanup) X(free)

struct libcurl {
#define X(name) __typeof__(curl_##name) *name;
	LIBCURL_FUNCTIONS(X)
#undef X
};

/* Loads and initializes it. 0; -ENOSYS with a sentence that says what to install; -ENOMEM. It stays
 * loaded until the process ends. */
int libcurl_load(struct libcurl *ret_lib, struct err *err);

#endif
