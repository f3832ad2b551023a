/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set(struct err *err, const char *format, va_list args)
{
	if (err && !err->text[0])
		vsnprintf(err->text, sizeof(err->text), format, args);
}

void err_set(struct err *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set(err, format, args);
	va_end(args);
}

int err_fail(struct err *err, int rc, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set(err, format, args);
	va_end(args);
	return rc;
}

void err_prefix(struct err *err, const char *format, ...)
{
	char old[sizeof(err->text)];
	va_list args;
	int n;

	if (!err)
		return;
	memcpy(old, err->text, sizeof(old));
	va_start(args, format);
	n = vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	if (n >= 0 && (size_t)n + 2 < sizeof(err->text))
		snprintf(err->text + n, sizeof(err->text) - (size_t)n, ": %.*s",
			 (int)(sizeof(err->text) - (size_t)n - 3), old);
}

void err_clear(struct err *err)
{
	if (err)
		err->text[0] = '\0';
}

const char *err_text(int rc)
{
	return strerror(rc < 0 ? -rc : rc);
}
