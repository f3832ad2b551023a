/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/jvm/names.h
 *
 * Names of classes and methods, from what a class file has to what a person reads.
 *
 *   work/Outer$Inner                          work.Outer$Inner
 *   work/Main$$Lambda$14+0x0000000800c01208   work.Main$$Lambda
 *   java/lang/invoke/LambdaForm$MH/0x...      java.lang.invoke.LambdaForm$MH
 *   $plus$eq (Scala's alone)                  +=
 *
 * A lambda's class is numbered and placed anew in every run, and there is one for each place in a program: they
 * are one in a profile.
 * Bytes are the class file's "modified UTF-8" (JVMS 4.4.7), and hostile.
 */
#ifndef SONDE_RUNTIME_JVM_NAMES_H
#define SONDE_RUNTIME_JVM_NAMES_H

#include "base/arena.h"

#define JVM_NAME_BYTES_MAX 65535u

/* UTF-8 of a class file's string; false when it is none, or out of memory. */
bool jvm_utf8(struct str modified, struct arena *arena, struct str *ret_utf8);

/* The readable name of a class. Changes the bytes in place: they are the caller's own copy. */
struct str jvm_class_name(char *p, size_t n);

/* A name that scalac encoded, decoded in place. */
struct str jvm_scala_name(char *p, size_t n);

#endif
