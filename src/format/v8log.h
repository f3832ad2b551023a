/* SPDX-License-Identifier: Apache-2.0 */
/* format/v8log.h
 *
 * What node --prof writes (isolate-*-v8.log): one line for all that happens to code, and one for each tick. Fields
 * are divided by commas; in them "\x2C" is a comma.
 *
 *   v8-version,11,3,244,8,...
 *   shared-library,FILE,start,end,slide
 *   code-creation,JS,kind,us,start,bytes,hot /app.js:1:13,function,*       "~" interpreted, "^" "+" "*" compiled
 *   code-move,from,to      code-delete,start
 *   tick,pc,us,is external,top of stack or callback,state,caller...
 *
 * Sources: V8's src/logging/log.cc and tools/tickprocessor.mjs.
 */
#ifndef SONDE_FORMAT_V8LOG_H
#define SONDE_FORMAT_V8LOG_H

#include <stdbool.h>

#include "base/str.h"

struct err;
struct input;
struct profile;

bool v8log_detect(struct str head);
int v8log_read(struct profile *profile, struct input *input, struct err *err);

#endif
