/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/libcurl.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#include "base/err.h"

/* Debian has one for each library of TLS, and may have only the second. */
static const char *const names[] = { "libcurl.so.4", "libcurl-gnutls.so.4" };

static const struct {
	const char *symbol;
	size_t at;	/* in struct libcurl */
} functions[] = {
#define X(name) { "curl_" #name, offsetof(struct libcurl, name) },
	LIBCURL_FUNCTIONS(X)
#undef X
};

/* Never unloaded: it keeps state that does not survive that. */
static void *load_any(struct err *err)
{
	void *handle = NULL;

	for (size_t i = 0; !handle && i < sizeof(names) / sizeof(*names); i++)
		handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		err_set(err, "URLs are fetched by libcurl, which is not installed or cannot be loaded: "
			"install the package libcurl4 (Fedora: libcurl, Arch: curl)");
	return handle;
}

int libcurl_load(struct libcurl *ret_lib, struct err *err)
{
	struct libcurl lib = { 0 };
	void *handle = load_any(err);

	if (!handle)
		return -ENOSYS;
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		void *function = dlsym(handle, functions[i].symbol);

		if (!function)
			return err_fail(err, -ENOSYS, "this libcurl cannot fetch profiles: it has no "
					"%s() (7.85 or later is needed)", functions[i].symbol);
		*(void **)((char *)&lib + functions[i].at) = function;
	}
	if (lib.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	*ret_lib = lib;
	return 0;
}
