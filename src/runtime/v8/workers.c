/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: glibc's nptl/descr.h, Node's src/node_worker.h, libstdc++'s std::string, and running processes of Node 18, 20, 22, 24, 25. */
#include "runtime/v8/workers.h"

#include <string.h>

#define THREAD_WORDS 288u	/* of struct pthread that are looked through; glibc 2.36 has the argument at 1,600 */
#define WORKER_WORDS 50u	/* of a Worker, up to its name and no further */
#define VTABLE_HEAD 16u		/* before the functions, where objects refer to */
#define SHORT_MAX 15u		/* bytes of a string that stands in the object */
#define NAME_BYTES 256u

static bool is_address(uint64_t word)
{
	return word >= 4096 && !(word & 7) && !(word >> 47);
}

static uint64_t find_worker(const struct v8_memory *memory, uint64_t thread_pointer, uint64_t vtable)
{
	uint64_t words[THREAD_WORDS], head;
	uint32_t n = THREAD_WORDS;

	while (!memory->read(memory->context, words, n * sizeof(*words), thread_pointer))
		if ((n /= 2) < 32)
			return 0;
	for (uint32_t i = 0; i < n; i++)
		if (is_address(words[i]) && memory->read(memory->context, &head, sizeof(head), words[i]) &&
		    head == vtable + VTABLE_HEAD)
			return words[i];
	return 0;
}

/* Whether a std::string stands at those words of an object: pointer, length, and room for 15 bytes or the capacity. */
static bool is_string(const uint64_t *words, uint64_t at)
{
	return words[0] == at + 16 ? words[1] <= SHORT_MAX :
				     words[0] >= 4096 && !(words[0] >> 47) && words[1] > SHORT_MAX && words[1] <= words[2] &&
					     words[2] < 1u << 20;
}

bool v8_worker_name(const struct v8_memory *memory, uint64_t thread_pointer, uint64_t vtable, struct arena *arena,
		    struct str *ret_name)
{
	uint64_t worker = thread_pointer ? find_worker(memory, thread_pointer, vtable) : 0, words[WORKER_WORDS], from = 0, n = 0;
	char name[NAME_BYTES];

	if (!worker || !memory->read(memory->context, words, sizeof(words), worker))
		return false;
	/* of its own strings the name is the last one; the first says why it ended */
	for (uint32_t i = 0; i + 4 <= WORKER_WORDS; i++)
		if (is_string(words + i, worker + i * 8)) {
			from = words[i];
			n = words[i + 1];
		}
	if (n > sizeof(name))
		n = sizeof(name);
	if (!n || !memory->read(memory->context, name, n, from) || memchr(name, 0, n))
		return false;
	*ret_name = arena_dup(arena, str_over(name, n));
	return ret_name->p;
}
