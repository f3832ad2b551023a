/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"

#define CONNECTIONS_MAX 32	/* a browser opens six, some of them in advance */
#define REQUEST_MAX 8192
#define IDLE_NS (30ull * 1000000000)

struct connection {
	int fd;			/* -1: free */
	char request[REQUEST_MAX];
	size_t n_request;
	char head[512];
	struct str parts[2];	/* what is left to send: the head, the body */
	bool answering;
	uint64_t last_ns;	/* when something moved */
};

struct server {
	const struct loopback *loopback;
	struct str page;
	struct connection connections[CONNECTIONS_MAX];
};

int loopback_open(struct loopback *loopback, uint16_t port, struct err *err)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	uint64_t secret[2];
	int one = 1;

	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return err_fail(err, -EIO, "cannot get random bytes: %s", err_text(-errno));
	loopback->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (loopback->fd < 0)
		return err_fail(err, -errno, "cannot make a socket: %s", err_text(-errno));
	setsockopt(loopback->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(loopback->fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(loopback->fd, 16) < 0 ||
	    getsockname(loopback->fd, (struct sockaddr *)&at, &n) < 0) {
		int rc = -errno;

		close(loopback->fd);
		return err_fail(err, rc, "cannot listen on port %u of 127.0.0.1: %s (--port 0 takes a free one)",
				port, err_text(rc));
	}
	loopback->port = ntohs(at.sin_port);
	snprintf(loopback->secret, sizeof(loopback->secret), "/%016llx%016llx/",
		 (unsigned long long)secret[0], (unsigned long long)secret[1]);
	snprintf(loopback->url, sizeof(loopback->url), "http://127.0.0.1:%u%s", loopback->port,
		 loopback->secret);
	return 0;
}

void loopback_close(struct loopback *loopback)
{
	close(loopback->fd);
}

static void drop(struct connection *c)
{
	close(c->fd);
	c->fd = -1;
}

static void accept_one(struct server *server)
{
	int fd = accept4(server->loopback->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (int i = 0; fd >= 0 && i < CONNECTIONS_MAX; i++) {
		struct connection *c = &server->connections[i];

		if (c->fd >= 0)
			continue;
		c->fd = fd;
		c->n_request = 0;
		c->answering = false;
		c->last_ns = clock_mono_ns();
		return;
	}
	if (fd >= 0)
		close(fd);
}

/* The value of a header field, whose name is `name` in small letters; empty when there is none. */
static struct str field(struct str request, const char *name)
{
	size_t n = strlen(name);

	str_cut(&request, '\n');	/* the request's own line */
	while (request.p) {
		struct str line = str_cut(&request, '\n');

		if (line.n > n && line.p[n] == ':' && !strncasecmp(line.p, name, n))
			return str_trim(str_skip(line, n + 1));
	}
	return (struct str){ 0 };
}

static bool names_us(const struct loopback *loopback, struct str host)
{
	char wanted[32];

	snprintf(wanted, sizeof(wanted), "127.0.0.1:%u", loopback->port);
	if (str_eq(host, str_of(wanted)))
		return true;
	snprintf(wanted, sizeof(wanted), "localhost:%u", loopback->port);
	return str_eq(host, str_of(wanted));
}

static void answer(struct connection *c, const char *status, const char *type, struct str body, bool with_body)
{
	int n = snprintf(c->head, sizeof(c->head),
			 "HTTP/1.1 %s\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %zu\r\n"
			 "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
			 "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n\r\n",
			 status, type, body.n);

	c->parts[0] = str_over(c->head, (size_t)n);
	c->parts[1] = with_body ? body : (struct str){ 0 };
	c->answering = true;
}

static void take_request(struct server *server, struct connection *c)
{
	struct str request = str_over(c->request, c->n_request), line = request;
	struct str first = str_cut(&line, '\n'), method = str_cut(&first, ' '), path = str_cut(&first, ' ');
	bool head = str_eq(method, STR("HEAD"));

	if (!names_us(server->loopback, field(request, "host")))
		answer(c, "421 Misdirected Request", "text/plain", STR("This is another host's.\n"), !head);
	else if (!head && !str_eq(method, STR("GET")))
		answer(c, "405 Method Not Allowed", "text/plain", STR("There is only a page to be read.\n"), true);
	else if (str_eq(path, str_of(server->loopback->secret)))
		answer(c, "200 OK", "text/html", server->page, !head);
	else
		answer(c, "404 Not Found", "text/plain", STR("There is nothing here.\n"), !head);
	c->n_request = 0;
}

static void receive(struct server *server, struct connection *c)
{
	ssize_t n = recv(c->fd, c->request + c->n_request, sizeof(c->request) - c->n_request, 0);

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			drop(c);
		return;
	}
	c->n_request += (size_t)n;
	c->last_ns = clock_mono_ns();
	if (str_contains(str_over(c->request, c->n_request), STR("\r\n\r\n")))
		take_request(server, c);
	else if (c->n_request == sizeof(c->request))
		drop(c);
}

static void send_more(struct connection *c)
{
	for (int i = 0; i < 2; i++) {
		while (c->parts[i].n) {
			ssize_t n = send(c->fd, c->parts[i].p, c->parts[i].n, MSG_NOSIGNAL);

			if (n < 0) {
				if (errno != EAGAIN)
					drop(c);
				return;
			}
			c->parts[i] = str_skip(c->parts[i], (size_t)n);
			c->last_ns = clock_mono_ns();
		}
	}
	c->answering = false;
}

static void look_after(struct server *server, const struct pollfd *polled, struct connection *c)
{
	if (polled->revents && c->answering)
		send_more(c);
	else if (polled->revents)
		receive(server, c);
	else if (clock_mono_ns() - c->last_ns > IDLE_NS)
		drop(c);
}

static int serve(struct server *server, int stop_fd, struct err *err)
{
	struct pollfd fds[CONNECTIONS_MAX + 2];
	struct connection *of[CONNECTIONS_MAX + 2];

	for (;;) {
		nfds_t n = 2;

		fds[0] = (struct pollfd){ .fd = stop_fd, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = server->loopback->fd, .events = POLLIN };
		for (int i = 0; i < CONNECTIONS_MAX; i++) {
			struct connection *c = &server->connections[i];

			if (c->fd < 0)
				continue;
			of[n] = c;
			fds[n++] = (struct pollfd){ .fd = c->fd, .events = c->answering ? POLLOUT : POLLIN };
		}
		if (poll(fds, n, 1000) < 0 && errno != EINTR)
			return err_fail(err, -errno, "cannot wait for requests: %s", err_text(-errno));
		if (fds[0].revents)
			return 0;
		for (nfds_t i = 2; i < n; i++)
			look_after(server, &fds[i], of[i]);
		if (fds[1].revents)
			accept_one(server);
	}
}

int loopback_serve(struct loopback *loopback, struct str page, int stop_fd, struct err *err)
{
	static struct server server;	/* too large for a stack */
	int rc;

	server = (struct server){ .loopback = loopback, .page = page };
	for (int i = 0; i < CONNECTIONS_MAX; i++)
		server.connections[i].fd = -1;
	rc = serve(&server, stop_fd, err);
	for (int i = 0; i < CONNECTIONS_MAX; i++)
		if (server.connections[i].fd >= 0)
			drop(&server.connections[i]);
	return rc;
}
