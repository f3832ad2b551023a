/* SPDX-License-Identifier: Apache-2.0 */
/* collect/processes_space.h - a process's space, as processes.c (what it has mapped) and processes_publish.c (what the kernel
 * half knows of that) take and leave it; nobody else includes it. */
#ifndef SONDE_COLLECT_PROCESSES_SPACE_H
#define SONDE_COLLECT_PROCESSES_SPACE_H

struct process;
struct processes;
struct space;

/* The process's space for writing: its own, under a new id. NULL: out of memory. */
struct space *processes_own_space(struct processes *processes, struct process *process);

/* Gives one reference back (NULL: none); with the last one the kernel half forgets the space. */
void processes_drop_space(struct processes *processes, struct space *space);

#endif
