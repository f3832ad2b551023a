/* SPDX-License-Identifier: Apache-2.0 */
/* ext.c: a Python extension module. call_each(f, n) calls f(0) ... f(n - 1) from C; burn(n) works in C. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

static volatile uint64_t sink;

__attribute__((noinline, noclone)) void ext_burn(uint32_t rounds)
{
	uint64_t x = sink | 1;

	for (uint32_t i = 0; i < rounds; i++)
		x = (x ^ (x >> 29)) * 0x9e3779b97f4a7c15u + i;
	sink = x;
}

__attribute__((noinline, noclone)) int ext_call_each(PyObject *function, long n)
{
	for (long i = 0; i < n; i++) {
		PyObject *result = PyObject_CallFunction(function, "l", i);

		if (!result)
			return -1;
		Py_DECREF(result);
	}
	return 0;
}

static PyObject *call_each(PyObject *self, PyObject *args)
{
	PyObject *function;
	long n;

	(void)self;
	if (!PyArg_ParseTuple(args, "Ol", &function, &n) || ext_call_each(function, n) < 0)
		return NULL;
	Py_RETURN_NONE;
}

static PyObject *burn(PyObject *self, PyObject *args)
{
	unsigned int rounds;

	(void)self;
	if (!PyArg_ParseTuple(args, "I", &rounds))
		return NULL;
	ext_burn(rounds);
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{"call_each", call_each, METH_VARARGS, NULL},
	{"burn", burn, METH_VARARGS, NULL},
	{NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "sonde_ext", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_sonde_ext(void)
{
	return PyModule_Create(&module);
}
