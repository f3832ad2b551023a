/* SPDX-License-Identifier: Apache-2.0 */
/* proc/jitmap.h - how the two formats of proc/perfmap.h fill a jit_map. For this room only. */
#ifndef SONDE_PROC_JITMAP_H
#define SONDE_PROC_JITMAP_H

#include "proc/perfmap.h"

/* Adds code (its name is copied, its lines are taken as they are) as the newest. Finding is then
 * undefined until jit_map_seal(). 0 or -ENOMEM. */
int jit_map_add(struct jit_map *map, struct jit_code code);

/* Sorts and makes finding possible. 0 or -ENOMEM. */
int jit_map_seal(struct jit_map *map);

#endif
