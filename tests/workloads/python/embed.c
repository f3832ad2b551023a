/* SPDX-License-Identifier: Apache-2.0 */
/* embed.c: a program of another name that holds an interpreter: embed SCRIPT ARG... runs the script. */
#include <Python.h>
#include <stdio.h>

__attribute__((noinline, noclone)) int embed_run(const char *script)
{
	FILE *file = fopen(script, "rb");
	int rc;

	if (!file)
		return 1;
	rc = PyRun_SimpleFile(file, script);
	fclose(file);
	return rc;
}

/* sys.argv and sys.path as `python3 SCRIPT ARG...` has them; said in Python, since the calls for it differ
 * from version to version. */
static int tell_arguments(int argc, char **argv)
{
	PyObject *list = PyList_New(0), *sys = PyImport_ImportModule("sys");

	for (int i = 1; i < argc; i++) {
		PyObject *text = PyUnicode_DecodeFSDefault(argv[i]);

		PyList_Append(list, text);
		Py_DECREF(text);
	}
	PyObject_SetAttrString(sys, "argv", list);
	Py_DECREF(list);
	Py_DECREF(sys);
	return PyRun_SimpleString("import os, sys\nsys.path.insert(0, os.path.dirname(sys.argv[0]))\n");
}

int main(int argc, char **argv)
{
	int rc = 1;

	if (argc < 2)
		return 2;
	Py_Initialize();
	if (tell_arguments(argc, argv) == 0)
		rc = embed_run(argv[1]);
	Py_Finalize();
	return rc ? 1 : 0;
}
