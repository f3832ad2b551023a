/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "cli/libcurl.h"
#include "format/input.h"
#include "format/pprof.h"
#include "model/profile.h"
#include "render/label.h"

#define BODY_MAX ((size_t)512 << 20)
#define REDIRECTS_MAX 5
#define CONNECT_SECONDS 10
#define EXTRA_SECONDS 60	/* for the answer itself, beyond the seconds that are sampled */
#define CPU_SECONDS_DEFAULT 10
#define SECONDS_MAX 1000000
#define REPEATED_MAX 160	/* bytes of a server's words */

/* What Go serves under /debug/pprof/. */
static const struct endpoint {
	const char *name;
	uint64_t seconds;	/* when neither -d nor the URL says; 0: at once */
	const char *type;	/* what is shown unless told; NULL: what the profile says */
} endpoints[] = {
	{ "profile", CPU_SECONDS_DEFAULT, "cpu" },
	{ "heap", 0, "inuse_space" },
	{ "allocs", 0, "alloc_space" },
	{ "goroutine", 0, NULL },
	{ "threadcreate", 0, NULL },
	{ "block", 0, "delay" },
	{ "mutex", 0, "delay" },
};

struct fetch {
	const struct fetch_options *options;
	const struct endpoint *endpoint;	/* NULL: some other path */
	struct libcurl lib;
	CURLU *url;
	CURL *curl;
	char *whole, *host;	/* libcurl's strings */
	uint64_t seconds;
	uint64_t start_ns;
	struct buf body;
	char words[CURL_ERROR_SIZE];
	char shown[512];	/* the URL without user and password */
	bool local, secure;
};

bool fetch_is_url(const char *word)
{
	const char *end = strstr(word, "://");

	return end && end > word && strspn(word, "abcdefghijklmnopqrstuvwxyz"
						 "ABCDEFGHIJKLMNOPQRSTUVWXYZ+") ==
					    (size_t)(end - word);
}

static bool get_part(const struct fetch *f, CURLUPart part, char **ret_text)
{
	return f->lib.url_get(f->url, part, ret_text, 0) == CURLUE_OK;
}

/* A bare server, or Go's page of links, means the CPU profile. */
static bool set_path(struct fetch *f)
{
	struct buf whole = { 0 };
	char *path = NULL;
	struct str name;
	bool ok;

	if (!get_part(f, CURLUPART_PATH, &path))
		return false;
	name = str_of(path);
	while (str_ends(name, STR("/")))
		name.n--;
	buf_add_str(&whole, name.n ? name : STR("/debug/pprof"));
	if (str_ends(buf_str(&whole), STR("/debug/pprof")))	/* a prefix may stand before it */
		buf_add_str(&whole, STR("/profile"));
	name = str_basename(buf_str(&whole));
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(*endpoints); i++)
		if (str_eq(name, str_of(endpoints[i].name)))
			f->endpoint = &endpoints[i];
	buf_add_u8(&whole, '\0');
	ok = !whole.failed && (f->endpoint == NULL ||
			       f->lib.url_set(f->url, CURLUPART_PATH, whole.p, 0) == CURLUE_OK);
	f->lib.free(path);
	buf_fini(&whole);
	return ok;
}

static bool is_seconds(struct str parameter)
{
	return str_starts(parameter, STR("seconds="));
}

/* Takes the seconds out of the query, and puts those in that hold. Only the CPU profile needs them: the
 * others tell what has been so far, or with seconds what happened meanwhile. */
static bool set_seconds(struct fetch *f)
{
	struct buf query = { 0 };
	char *old = NULL, added[40];
	struct str rest;
	bool ok;

	get_part(f, CURLUPART_QUERY, &old);	/* there may be none */
	rest = str_of(old);
	f->seconds = f->endpoint ? f->endpoint->seconds : 0;
	while (rest.p) {
		struct str parameter = str_cut(&rest, '&');

		if (is_seconds(parameter))
			str_parse_u64(str_skip(parameter, 8), 10, &f->seconds);
		else if (parameter.n)
			buf_addf(&query, "%s%.*s", query.n ? "&" : "", STR_ARG(parameter));
	}
	if (f->options->duration_ns)	/* the server counts whole seconds */
		f->seconds = (f->options->duration_ns + 999999999) / 1000000000;
	if (f->seconds > SECONDS_MAX)
		f->seconds = SECONDS_MAX;
	snprintf(added, sizeof(added), "%sseconds=%llu", query.n ? "&" : "",
		 (unsigned long long)f->seconds);
	if (f->seconds)
		buf_add_str(&query, str_of(added));
	buf_add_u8(&query, '\0');
	ok = !query.failed &&
	     f->lib.url_set(f->url, CURLUPART_QUERY, query.n > 1 ? query.p : NULL, 0) == CURLUE_OK;
	f->lib.free(old);
	buf_fini(&query);
	return ok;
}

static bool is_local(const char *host)
{
	return !strcmp(host, "localhost") || !strncmp(host, "127.", 4) || !strcmp(host, "[::1]");
}

/* Fragments never travel, passwords never show. */
static bool show_url(struct fetch *f)
{
	CURLU *copy = f->lib.url_dup(f->url);
	char *text = NULL;
	struct buf clean = { 0 };
	bool ok = copy && f->lib.url_set(copy, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
		  f->lib.url_set(copy, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK &&
		  f->lib.url_get(copy, CURLUPART_URL, &text, 0) == CURLUE_OK;

	if (ok)
		label_clean(&clean, str_of(text), sizeof(f->shown) - 8);
	snprintf(f->shown, sizeof(f->shown), "%.*s", STR_ARG(buf_str(&clean)));
	buf_fini(&clean);
	f->lib.free(text);
	f->lib.url_cleanup(copy);
	return ok;
}

static int plan(struct fetch *f, struct err *err)
{
	char *scheme = NULL;
	CURLUcode code;

	f->url = f->lib.url();
	if (!f->url)
		return -ENOMEM;
	code = f->lib.url_set(f->url, CURLUPART_URL, f->options->url, CURLU_NON_SUPPORT_SCHEME);
	if (code != CURLUE_OK)
		return err_fail(err, -EINVAL, "this is no URL that can be fetched: %s",
				f->lib.url_strerror(code));
	if (!get_part(f, CURLUPART_SCHEME, &scheme) || !get_part(f, CURLUPART_HOST, &f->host))
		return err_fail(err, -EINVAL, "the URL names no server");
	f->secure = !strcmp(scheme, "https");
	if (!f->secure && strcmp(scheme, "http")) {
		err_set(err, "profiles are fetched by http and https, not by %s", scheme);
		f->lib.free(scheme);
		return -EINVAL;
	}
	f->lib.free(scheme);
	f->lib.url_set(f->url, CURLUPART_FRAGMENT, NULL, 0);
	f->local = is_local(f->host);
	if (!set_path(f) || !set_seconds(f) || !get_part(f, CURLUPART_URL, &f->whole) ||
	    !show_url(f))
		return -ENOMEM;
	return 0;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *context)
{
	struct buf *body = context;

	buf_add(body, bytes, size * n);
	return body->failed ? 0 : size * n;
}

/* Called about once a second, and whenever something arrives. */
static int look(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up)
{
	const struct fetch *f = context;

	(void)total;
	(void)up_total;
	(void)up;
	if (f->options->progress && now > 0)
		fprintf(stderr, "\r\033[Kreceiving: %lld KiB", (long long)now >> 10);
	else if (f->options->progress)
		fprintf(stderr, "\r\033[Kwaiting for %s: %llu of %llu s (Ctrl-C gives up)", f->host,
			(unsigned long long)((clock_mono_ns() - f->start_ns) / 1000000000u),
			(unsigned long long)f->seconds);
	return *f->options->stop != 0;
}

static int set_up(struct fetch *f, struct err *err)
{
	const char *ca_file = getenv("SSL_CERT_FILE");
	CURLcode rc = CURLE_OK;

	f->curl = f->lib.easy_init();
	if (!f->curl)
		return -ENOMEM;
	f->body.max = BODY_MAX;
#define SET(option, value) (rc = rc == CURLE_OK ? f->lib.easy_setopt(f->curl, option, value) : rc)
	SET(CURLOPT_URL, f->whole);
	SET(CURLOPT_USERAGENT, "sonde/" SONDE_VERSION);
	SET(CURLOPT_NOSIGNAL, 1L);	/* signals are the command's */
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, f->secure ? "https" : "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 1L);
	SET(CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	SET(CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	SET(CURLOPT_TIMEOUT, (long)(f->seconds + EXTRA_SECONDS));
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)BODY_MAX);
	SET(CURLOPT_ERRORBUFFER, f->words);
	SET(CURLOPT_WRITEFUNCTION, take_body);
	SET(CURLOPT_WRITEDATA, &f->body);
	SET(CURLOPT_XFERINFOFUNCTION, look);
	SET(CURLOPT_XFERINFODATA, f);
	SET(CURLOPT_NOPROGRESS, 0L);
	if (f->local)	/* a proxy would look for itself there */
		SET(CURLOPT_PROXY, "");
	if (ca_file && *ca_file)
		SET(CURLOPT_CAINFO, ca_file);
#undef SET
	if (rc == CURLE_OK || rc == CURLE_OUT_OF_MEMORY)
		return rc == CURLE_OK ? 0 : -ENOMEM;
	return err_fail(err, -ENOSYS, "this libcurl cannot fetch profiles: %s (7.85 or later is needed)",
			f->lib.easy_strerror(rc));
}

static int explain_connect(const struct fetch *f, struct err *err)
{
	long why = 0;

	f->lib.easy_getinfo(f->curl, CURLINFO_OS_ERRNO, &why);
	return err_fail(err, why ? -(int)why : -ECONNREFUSED,
			"cannot fetch %s: cannot connect: %s. Does the program run there, and serve "
			"net/http/pprof at that port?", f->shown,
			why ? err_text((int)why) : f->words);
}

static int explain(const struct fetch *f, CURLcode code, struct err *err)
{
	double connected = 0;

	switch (code) {
	case CURLE_COULDNT_CONNECT:
		return explain_connect(f, err);
	case CURLE_COULDNT_RESOLVE_HOST:
		return err_fail(err, -ENOENT, "cannot fetch %s: no host of that name is known",
				f->shown);
	case CURLE_OPERATION_TIMEDOUT:
		f->lib.easy_getinfo(f->curl, CURLINFO_CONNECT_TIME, &connected);
		return err_fail(err, -ETIMEDOUT, "cannot fetch %s: no whole answer within %llu s",
				f->shown, connected > 0 ?
				(unsigned long long)f->seconds + EXTRA_SECONDS : CONNECT_SECONDS);
	case CURLE_TOO_MANY_REDIRECTS:
		return err_fail(err, -ELOOP, "cannot fetch %s: it leads from one address to the next, "
				"more than %d times", f->shown, REDIRECTS_MAX);
	case CURLE_ABORTED_BY_CALLBACK:
		return err_fail(err, -ECANCELED, "given up: a server sends nothing before its time is "
				"over, so there is no profile of %s", f->shown);
	case CURLE_FILESIZE_EXCEEDED:
	case CURLE_WRITE_ERROR:
		return err_fail(err, -EFBIG, "cannot fetch %s: the answer has more than %zu MiB, or there "
				"is no memory for it", f->shown, BODY_MAX >> 20);
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
		return err_fail(err, -EPIPE, "cannot fetch %s: the server ended the connection before the "
				"answer was complete", f->shown);
	case CURLE_PEER_FAILED_VERIFICATION:
		return err_fail(err, -EACCES, "cannot fetch %s: %s. Certificates to trust can be named in "
				"SSL_CERT_FILE", f->shown, f->words);
	case CURLE_OUT_OF_MEMORY:
		return -ENOMEM;
	default:	/* libcurl's enum is open: its own words */
		return err_fail(err, -EIO, "cannot fetch %s: %s", f->shown,
				f->words[0] ? f->words : f->lib.easy_strerror(code));
	}
}

/* The first line of what the server said, fit to be repeated. */
static void add_first_line(struct buf *out, struct str body)
{
	struct str line = { 0 };

	while (body.p && !line.n)
		line = str_trim(str_cut(&body, '\n'));
	label_clean(out, line, REPEATED_MAX);
}

static int refuse_status(const struct fetch *f, long status, struct err *err)
{
	struct buf said = { 0 };

	if (!str_starts(buf_str(&f->body), STR("<")))	/* a page of HTML says nothing in its first line */
		add_first_line(&said, buf_str(&f->body));
	err_set(err, "cannot fetch %s: the server answered %ld%s%.*s%s%s", f->shown, status,
		said.n ? ", '" : "", STR_ARG(buf_str(&said)), said.n ? "'" : "",
		status == 404 ? ". Profiles of Go programs are at /debug/pprof/" : "");
	buf_fini(&said);
	return -EPROTO;
}

static int refuse_body(const struct fetch *f, struct str head, struct err *err)
{
	struct buf said = { 0 };

	add_first_line(&said, str_head(head, 4096));
	if (!head.n)
		err_set(err, "%s is empty: there is no profile in it", f->shown);
	else if (str_starts(head, STR("go 1.")) && str_contains(str_head(head, 16), STR("trace")))
		err_set(err, "%s is an execution trace of Go, not a profile", f->shown);
	else
		err_set(err, "%s is not a profile (in pprof's format); it begins with '%.*s'", f->shown,
			STR_ARG(buf_str(&said)));
	buf_fini(&said);
	return -EPROTO;
}

/* Only pprof: nearly any text would pass for folded stacks, an error page as well. */
static int read_body(struct fetch *f, struct profile *profile, struct err *err)
{
	struct input input;
	int rc = input_open_bytes(&input, buf_str(&f->body), f->shown, err);

	if (rc == 0)
		rc = pprof_detect(input_head(&input)) ? pprof_read(profile, &input, err) :
							refuse_body(f, input_head(&input), err);
	if (rc == 0 && profile_failed(profile))
		rc = -ENOMEM;
	if (rc == -ENOMEM)
		err_set(err, "cannot read %s: out of memory", f->shown);
	input_close(&input);
	return rc;
}

static void finish(const struct fetch *f, struct profile *profile)
{
	char text[600];
	int type = -1;

	if (f->endpoint && f->endpoint->type)
		type = profile_find_type(profile, str_of(f->endpoint->type));
	if (type >= 0)
		profile->default_type = (uint32_t)type;
	snprintf(text, sizeof(text), "sonde: target %s", f->shown);
	profile_add_comment(profile, str_of(text));
}

static int get(struct fetch *f, struct profile *profile, struct err *err)
{
	CURLcode code;
	long status = 0;
	int rc = set_up(f, err);

	if (rc < 0)
		return rc;
	f->start_ns = clock_mono_ns();
	code = f->lib.easy_perform(f->curl);
	if (f->options->progress)
		fputs("\r\033[K", stderr);
	if (code != CURLE_OK)
		return explain(f, code, err);
	f->lib.easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return refuse_status(f, status, err);
	rc = read_body(f, profile, err);
	if (rc == 0)
		finish(f, profile);
	return rc;
}

static void fetch_close(struct fetch *f)
{
	f->lib.easy_cleanup(f->curl);
	f->lib.url_cleanup(f->url);
	f->lib.free(f->whole);
	f->lib.free(f->host);
	buf_fini(&f->body);
}

int fetch_profile(struct profile *profile, const struct fetch_options *options, char *ret_words,
		  size_t words_size, struct err *err)
{
	struct fetch f = { .options = options };
	int rc = libcurl_load(&f.lib, err);

	if (rc < 0)
		return rc;
	rc = plan(&f, err);
	if (rc == 0)
		rc = get(&f, profile, err);
	if (rc == 0)
		snprintf(ret_words, words_size, "%s", f.shown);
	fetch_close(&f);
	return rc;
}
