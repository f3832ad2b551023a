// SPDX-License-Identifier: Apache-2.0
package work;

/** The C half (native.c), where a C compiler built it: {@code -Dwork.native=PATH}. */
final class Native {
	static final boolean HERE = load();

	private static boolean load() {
		String path = System.getProperty("work.native");
		if (path == null)
			return false;
		System.load(path);
		return true;
	}

	/** CPU time of this thread in nanoseconds, whatever runs on it (a virtual thread, too). */
	static native long clock();

	/** Arithmetic in C. */
	static native int spin(int rounds);

	/** Calls work.Run() from C, below `depth` calls from C to Java and back. */
	static native int callBack(Regions.Work work, int depth);

	/** The same from a thread that C makes and attaches. */
	static native int onThread(Regions.Work work);

	/** Nothing, in C. */
	static native int nothing(int x);

	/** Calls trivial() from C, so many times. */
	static native int many(int calls);

	static int trivial(int x) {
		for (int i = 0; i < 100; i++)
			x = x * 31 + 7;
		return x;
	}

	/** What C calls. */
	static int called(Regions.Work work, int depth) {
		return depth > 0 ? callBack(work, depth - 1) : work.run();
	}

	private Native() {
	}
}
