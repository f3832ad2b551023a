/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/place.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "model/profile.h"
#include "symbol/symbol.h"

int place_addresses(void *context, struct profile *profile, const char *binary, const uint64_t *vaddrs,
		    uint32_t n, uint32_t *ret_frames, struct err *err)
{
	struct symbol_chains chains = { 0 };
	struct symbol_object *object = NULL;
	char *path = realpath(binary, NULL);
	int rc = path ? 0 : -errno;

	(void)context;
	if (rc < 0)
		return err_fail(err, rc, "cannot open %s: %s", binary, err_text(rc));
	rc = symbol_object_open_file(&object, -1, str_of(path), STR(""), (struct str){ 0 }, err);
	if (rc == 0 && symbol_object_trouble(object))
		rc = err_fail(err, -EINVAL, "%s names no addresses: %s", binary, symbol_object_trouble(object));
	if (rc == 0)
		rc = symbol_resolve(object, &profile->frames, vaddrs, n, &chains, err);
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		ret_frames[i] = chains.frames[chains.first[i + 1] - 1];
	symbol_chains_fini(&chains);
	symbol_object_close(object);
	free(path);
	return rc;
}
