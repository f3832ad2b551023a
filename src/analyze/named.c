/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/named.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>

#include "analyze/places.h"
#include "base/buf.h"
#include "base/err.h"

static int compile(regex_t *re, const char *expression, struct err *err)
{
	int code = regcomp(re, expression, REG_EXTENDED | REG_NOSUB);
	char why[256];

	if (!code)
		return 0;
	regerror(code, re, why, sizeof(why));
	return err_fail(err, -EINVAL, "'%s' is not a regular expression: %s", expression, why);
}

int named_places(const struct places *places, const char *expression, bool **ret_named,
		 struct err *err)
{
	bool *named = calloc((size_t)places->n + 1, sizeof(*named));
	struct buf text = { 0 };
	regex_t re;
	int rc = named ? compile(&re, expression, err) : -ENOMEM;

	for (uint32_t i = 1; rc == 0 && i < places->n; i++) {
		buf_clear(&text);
		buf_add_str(&text, places->items[i].name);
		buf_add_u8(&text, 0);	/* a name ends where it has a NUL of its own */
		if (text.failed)
			rc = -ENOMEM;
		else
			named[i] = !regexec(&re, text.p, 0, NULL, 0);
	}
	if (named && rc != -EINVAL)
		regfree(&re);
	buf_fini(&text);
	if (rc == 0) {
		*ret_named = named;
		return 0;
	}
	free(named);
	if (rc == -ENOMEM)
		err_set(err, "out of memory over %u names", places->n);
	return rc;
}
