/* SPDX-License-Identifier: Apache-2.0 */
/* The C half of work.Native. */
#include <jni.h>
#include <pthread.h>
#include <time.h>

static JavaVM *vm;

struct call {
	jobject work;
	jint result;
};

JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *given, void *reserved)
{
	(void)reserved;
	vm = given;
	return JNI_VERSION_1_8;
}

JNIEXPORT jlong JNICALL Java_work_Native_clock(JNIEnv *env, jclass self)
{
	struct timespec now;

	(void)env, (void)self;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

__attribute__((noipa)) jint spin_in_c(jint rounds)
{
	unsigned int x = 7;

	while (rounds-- > 0)
		x = x * 1103515245u + 12345u;
	return (jint)(x & 0x7fffffff);
}

JNIEXPORT jint JNICALL Java_work_Native_spin(JNIEnv *env, jclass self, jint rounds)
{
	(void)env, (void)self;
	return spin_in_c(rounds) + 1;	/* no jump: it stays in the stack */
}

__attribute__((noipa)) static jint call_java(JNIEnv *env, jobject work, jint depth)
{
	jclass native = (*env)->FindClass(env, "work/Native");
	jmethodID called = native ?
		(*env)->GetStaticMethodID(env, native, "called", "(Lwork/Regions$Work;I)I") : NULL;

	return called ? (*env)->CallStaticIntMethod(env, native, called, work, depth) + 1 : -1;
}

JNIEXPORT jint JNICALL Java_work_Native_callBack(JNIEnv *env, jclass self, jobject work, jint depth)
{
	(void)self;
	return call_java(env, work, depth) + 1;
}

JNIEXPORT jint JNICALL Java_work_Native_nothing(JNIEnv *env, jclass self, jint x)
{
	(void)env, (void)self;
	return x + 1;
}

__attribute__((noipa)) static jint call_many(JNIEnv *env, jclass native, jint calls)
{
	jmethodID trivial = (*env)->GetStaticMethodID(env, native, "trivial", "(I)I");
	jint sum = 0;

	for (jint i = 0; trivial && i < calls; i++)
		sum += (*env)->CallStaticIntMethod(env, native, trivial, i);
	return sum;
}

JNIEXPORT jint JNICALL Java_work_Native_many(JNIEnv *env, jclass self, jint calls)
{
	return call_many(env, self, calls) + 1;
}

__attribute__((noipa)) void *thread_in_c(void *data)
{
	struct call *call = data;
	JNIEnv *env;

	if ((*vm)->AttachCurrentThread(vm, (void **)&env, NULL) != JNI_OK)
		return NULL;
	jclass work = (*env)->FindClass(env, "work/Regions$Work");
	jmethodID run = work ? (*env)->GetMethodID(env, work, "run", "()I") : NULL;

	call->result = run ? (*env)->CallIntMethod(env, call->work, run) : -1;
	(*vm)->DetachCurrentThread(vm);
	return NULL;
}

JNIEXPORT jint JNICALL Java_work_Native_onThread(JNIEnv *env, jclass self, jobject work)
{
	struct call call = { .work = (*env)->NewGlobalRef(env, work) };
	pthread_t thread;

	(void)self;
	if (pthread_create(&thread, NULL, thread_in_c, &call))
		return -1;
	pthread_join(thread, NULL);
	(*env)->DeleteGlobalRef(env, call.work);
	return call.result;
}
