// SPDX-License-Identifier: Apache-2.0
// What a Node.js program cannot ask for itself: the CPU time of its own thread; and C that calls
// back. Declares what it needs of Node-API, whose ABI is stable, so that no headers are needed.
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef struct env *napi_env;
typedef struct value *napi_value;
typedef struct info *napi_info;
typedef napi_value (*napi_callback)(napi_env, napi_info);

int napi_create_function(napi_env, const char *, size_t, napi_callback, void *, napi_value *);
int napi_set_named_property(napi_env, napi_value, const char *, napi_value);
int napi_create_double(napi_env, double, napi_value *);
int napi_get_value_double(napi_env, napi_value, double *);
int napi_get_cb_info(napi_env, napi_info, size_t *, napi_value *, napi_value *, void **);
int napi_get_undefined(napi_env, napi_value *);
int napi_call_function(napi_env, napi_value, napi_value, size_t, const napi_value *, napi_value *);

static double thread_cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static napi_value thread_cpu(napi_env env, napi_info info)
{
	napi_value value = NULL;

	(void)info;
	napi_create_double(env, thread_cpu_ms(), &value);
	return value;
}

static napi_value thread_id(napi_env env, napi_info info)
{
	napi_value value = NULL;

	(void)info;
	napi_create_double(env, (double)syscall(SYS_gettid), &value);
	return value;
}

/* call(function, times): calls it from C, here. */
__attribute__((noinline)) static void sonde_call_back(napi_env env, napi_value function, double times)
{
	napi_value receiver, result;

	napi_get_undefined(env, &receiver);
	for (double i = 0; i < times; i++)
		if (napi_call_function(env, receiver, function, 0, NULL, &result))
			return;
}

static napi_value call(napi_env env, napi_info info)
{
	napi_value args[2] = {NULL, NULL}, value = NULL;
	size_t n = 2;
	double times = 1;

	napi_get_cb_info(env, info, &n, args, NULL, NULL);
	napi_get_value_double(env, args[1], &times);
	sonde_call_back(env, args[0], times);
	napi_get_undefined(env, &value);
	return value;
}

/* spin(ms): C that works for so long. */
__attribute__((noinline)) static uint64_t sonde_spin(double ms)
{
	uint64_t x = 1;

	for (double end = thread_cpu_ms() + ms; thread_cpu_ms() < end;)
		for (int i = 0; i < 1000; i++)
			x = x * 6364136223846793005u + 1442695040888963407u;
	return x;
}

static napi_value spin(napi_env env, napi_info info)
{
	napi_value args[1] = {NULL}, value = NULL;
	size_t n = 1;
	double ms = 1;

	napi_get_cb_info(env, info, &n, args, NULL, NULL);
	napi_get_value_double(env, args[0], &ms);
	napi_create_double(env, (double)(sonde_spin(ms) & 0xff), &value);
	return value;
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports)
{
	static const struct {
		const char *name;
		napi_callback function;
	} all[] = {{"threadCpu", thread_cpu}, {"threadId", thread_id}, {"call", call}, {"spin", spin}};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		napi_value value;

		napi_create_function(env, all[i].name, (size_t)-1, all[i].function, NULL, &value);
		napi_set_named_property(env, exports, all[i].name, value);
	}
	return exports;
}
