/* SPDX-License-Identifier: Apache-2.0 */
/* embed LIBJVM CLASSPATH NATIVE CLASS ARGUMENT...: a C program of another name that loads a JVM and calls CLASS.main(). */
#include <dlfcn.h>
#include <jni.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
	char **argv;
	int argc;
	int failed;
};

/* CLASS with slashes. */
static jclass find_class(JNIEnv *env, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s", name);
	for (char *c = path; *c; c++)
		if (*c == '.')
			*c = '/';
	return (*env)->FindClass(env, path);
}

__attribute__((noipa)) static int run_java(JNIEnv *env, const char *name, char **arguments, int n)
{
	jclass cls = find_class(env, name);
	jmethodID entry = cls ? (*env)->GetStaticMethodID(env, cls, "main", "([Ljava/lang/String;)V") : NULL;
	jobjectArray array =
		(*env)->NewObjectArray(env, n, (*env)->FindClass(env, "java/lang/String"), NULL);

	if (!entry || !array)
		return -1;
	for (int i = 0; i < n; i++)
		(*env)->SetObjectArrayElement(env, array, i, (*env)->NewStringUTF(env, arguments[i]));
	(*env)->CallStaticVoidMethod(env, cls, entry, array);
	if (!(*env)->ExceptionCheck(env))
		return 0;
	(*env)->ExceptionDescribe(env);
	return -1;
}

static void *embedding(void *data)
{
	struct arguments *given = data;
	char **argv = given->argv;
	char classpath[4096], native[4096];
	JavaVMOption options[] = { { classpath, NULL }, { native, NULL }, { "-Xmx512m", NULL } };
	JavaVMInitArgs init = { JNI_VERSION_1_8, 3, options, JNI_FALSE };
	void *library = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
	jint (*create)(JavaVM **, void **, void *) = NULL;
	JavaVM *vm;
	JNIEnv *env;

	given->failed = 1;
	if (library)
		*(void **)&create = dlsym(library, "JNI_CreateJavaVM");
	if (!create) {
		fprintf(stderr, "embed: %s\n", dlerror());
		return NULL;
	}
	snprintf(classpath, sizeof(classpath), "-Djava.class.path=%s", argv[2]);
	snprintf(native, sizeof(native), "-Dwork.native=%s", argv[3]);
	if (create(&vm, (void **)&env, &init) != JNI_OK)
		return NULL;
	given->failed = run_java(env, argv[4], argv + 5, given->argc - 5) < 0;
	(*vm)->DestroyJavaVM(vm);
	return NULL;
}

int main(int argc, char **argv)
{
	struct arguments given = { argv, argc, 0 };
	pthread_attr_t attributes;
	pthread_t thread;

	if (argc < 5) {
		fprintf(stderr, "usage: embed LIBJVM CLASSPATH NATIVE CLASS ARGUMENT...\n");
		return 2;
	}
	/* as java's own launcher does: the main thread's stack is not the JVM's to guard */
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 8 << 20);
	if (pthread_create(&thread, &attributes, embedding, &given))
		return 1;
	pthread_join(thread, NULL);
	return given.failed;
}
