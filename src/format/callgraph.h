/* SPDX-License-Identifier: Apache-2.0 */
/* format/callgraph.h
 *
 * Profiles that hold no stacks: what each function (and line of it) cost by itself, and what each call
 * from one function to another cost with all that it led to (cProfile, Callgrind, gprof). Stacks are made of
 * them as gprof makes its call graph: what a call cost is divided among the ways that led to its caller in
 * proportion to what these cost.
 *
 *   what stays exact   each function's and line's own values, and every sum; without recursion also the
 *                      total of each function and of each call
 *   what is estimated  which caller of a caller it was: profiles made so carry a comment that says so
 *
 *   callgraph_function()  a function          callgraph_self()   its own cost, in a line
 *   callgraph_call()      cost of calls       callgraph_finish() the samples
 */
#ifndef SONDE_FORMAT_CALLGRAPH_H
#define SONDE_FORMAT_CALLGRAPH_H

#include <stdint.h>

#include "base/hash.h"
#include "model/profile.h"

#define CALLGRAPH_NODES_MAX 2000000u	/* of the tree that is made: what costs least is not divided further */

struct callgraph {
	struct profile *profile;	/* borrowed; its value types are set before the first function */
	uint32_t counts;		/* bit t: of value type t a call has its own number, which is no
					 * part of its caller's (how often it was called) */
	struct callgraph_function *functions;
	struct callgraph_self *selves;
	struct callgraph_call *calls;
	double *self_values, *call_values;	/* n_types for each */
	uint32_t n_functions, n_selves, n_calls;
	uint32_t cap_functions, cap_selves, cap_calls, cap_self_values, cap_call_values;
	struct idindex index;		/* frame -> function + 1 */
	struct idindex call_index;	/* (caller, callee) -> call + 1 */
	bool failed;			/* out of memory */
};

/* {.profile = ...} is empty. */
void callgraph_fini(struct callgraph *graph);

/* The function whose frame, without a line, this is. */
uint32_t callgraph_function(struct callgraph *graph, uint32_t frame);

/* Adds to what it cost by itself, in that line (0: not known). */
void callgraph_self(struct callgraph *graph, uint32_t function, uint32_t line, const double *values);

/* Adds to what the caller's calls of the callee cost, from the callee's entry to its return. */
void callgraph_call(struct callgraph *graph, uint32_t caller, uint32_t callee, const double *values);

/* Adds samples to the profile. 0 or -ENOMEM. */
int callgraph_finish(struct callgraph *graph);

#endif
