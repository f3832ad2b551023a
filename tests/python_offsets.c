/* SPDX-License-Identifier: Apache-2.0 */
/* tests/python_offsets.c - what the compiler says of one CPython version's headers, in the words of
 * src/runtime/python/offsets.h; for tests/test_python_offsets.py. */
#define Py_BUILD_CORE 1
#include <Python.h>
#include <frameobject.h>
#include <stddef.h>
#include <stdio.h>
#define SINCE(minor) (PY_VERSION_HEX >= 0x03000000 + (minor) * 0x10000)
#if !SINCE(11)
#include "code.h"
#endif
#if SINCE(7) && !SINCE(8)
#include "internal/pystate.h"
#include "internal/mem.h"
#elif SINCE(8)
#include "internal/pycore_pystate.h"
#endif
#if SINCE(9)
#include "internal/pycore_interp.h"
#include "internal/pycore_runtime.h"
#endif
#if SINCE(11)
#include "internal/pycore_frame.h"
#include "internal/pycore_code.h"
#endif
#if SINCE(12)
#include "internal/pycore_gil.h"
#endif
#if SINCE(14)
#include "internal/pycore_interpframe_structs.h"
#endif

#define SAY(name, type, field) printf(#name " %zu\n", offsetof(type, field))

static void say_state(void)
{
#if SINCE(7)
	SAY(runtime_interpreters, _PyRuntimeState, interpreters.head);
#endif
#if SINCE(12)
	SAY(runtime_key, _PyRuntimeState, autoTSSkey);
	SAY(interp_modules, PyInterpreterState, imports.modules);
	SAY(interp_gil, PyInterpreterState, ceval.gil);
	SAY(gil_holder, struct _gil_runtime_state, last_holder);
	SAY(gil_locked, struct _gil_runtime_state, locked);
#elif SINCE(7)
	SAY(runtime_key, _PyRuntimeState, gilstate.autoTSSkey);
	SAY(runtime_holder, _PyRuntimeState, gilstate.tstate_current);
	SAY(interp_modules, struct _is, modules);
#endif
	SAY(interp_next, struct _is, next);
#if SINCE(11)
	SAY(interp_threads, struct _is, threads.head);
	SAY(tstate_native, PyThreadState, native_thread_id);
#else
	SAY(interp_threads, struct _is, tstate_head);
#endif
	SAY(tstate_next, PyThreadState, next);
	SAY(tstate_interp, PyThreadState, interp);
	SAY(tstate_thread, PyThreadState, thread_id);
#if SINCE(13)
	SAY(tstate_frame, PyThreadState, current_frame);
#elif SINCE(11)
	SAY(tstate_frame, PyThreadState, cframe);
	SAY(cframe_frame, _PyCFrame, current_frame);
#else
	SAY(tstate_frame, PyThreadState, frame);
#endif
}

static void say_frames(void)
{
#if SINCE(11)
	SAY(frame_previous, _PyInterpreterFrame, previous);
	SAY(coroutine_frame, PyGenObject, gi_iframe);
#else
	SAY(frame_previous, PyFrameObject, f_back);
	SAY(frame_code, PyFrameObject, f_code);
	SAY(frame_instr, PyFrameObject, f_lasti);
	SAY(frame_coroutine, PyFrameObject, f_gen);
#endif
#if SINCE(13)
	SAY(frame_code, _PyInterpreterFrame, f_executable);
	SAY(frame_instr, _PyInterpreterFrame, instr_ptr);
#elif SINCE(11)
	SAY(frame_code, _PyInterpreterFrame, f_code);
	SAY(frame_instr, _PyInterpreterFrame, prev_instr);
#endif
#if SINCE(12)
	SAY(frame_owner, _PyInterpreterFrame, owner);
#elif SINCE(11)
	SAY(frame_owner, _PyInterpreterFrame, is_entry);
#endif
#if SINCE(14) && defined(Py_GIL_DISABLED)
	SAY(frame_tlbc, _PyInterpreterFrame, tlbc_index);
	SAY(code_tlbc, PyCodeObject, co_tlbc);
#endif
}

static void say_objects(void)
{
	SAY(code_first_line, PyCodeObject, co_firstlineno);
	SAY(code_consts, PyCodeObject, co_consts);
	SAY(code_file, PyCodeObject, co_filename);
	SAY(code_name, PyCodeObject, co_name);
#if SINCE(11)
	SAY(code_qualname, PyCodeObject, co_qualname);
	SAY(code_start, PyCodeObject, co_code_adaptive);
#endif
#if SINCE(10)
	SAY(code_table, PyCodeObject, co_linetable);
#else
	SAY(code_table, PyCodeObject, co_lnotab);
#endif
	printf("object_bytes %zu\n", sizeof(PyObject));
	SAY(tuple_items, PyTupleObject, ob_item);
	printf("string_ascii %zu\n", sizeof(PyASCIIObject));
	printf("string_compact %zu\n", sizeof(PyCompactUnicodeObject));
}

int main(void)
{
	say_state();
	say_frames();
	say_objects();
	return 0;
}
