/* SPDX-License-Identifier: Apache-2.0 */
/* cli/loopback.h
 *
 * One page, served over HTTP/1.1 to this machine only. A profile may tell secrets, and every user of the machine
 * can reach a port of its loopback: the page stands at an address that nobody can guess, and requests that
 * name another host (a page elsewhere that had its name point here) are refused.
 */
#ifndef SONDE_CLI_LOOPBACK_H
#define SONDE_CLI_LOOPBACK_H

#include <stdint.h>

#include "base/str.h"

struct err;

struct loopback {
	int fd;			/* listening */
	uint16_t port;
	char url[64];		/* http://127.0.0.1:PORT/SECRET/ */
	char secret[36];	/* "/SECRET/" */
};

/* port 0: any that is free. 0 or -errno. */
int loopback_open(struct loopback *loopback, uint16_t port, struct err *err);

/* Answers requests until stop_fd can be read. 0 or -errno. */
int loopback_serve(struct loopback *loopback, struct str page, int stop_fd, struct err *err);

void loopback_close(struct loopback *loopback);

#endif
