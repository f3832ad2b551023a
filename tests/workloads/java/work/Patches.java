// SPDX-License-Identifier: Apache-2.0
package work;

import java.io.IOException;
import java.io.InputStream;

/**
 * Calls whose callees are compiled after their caller, all the time: each goes through an adapter to the interpreter, which then has
 * the call changed (SharedRuntime::fixup_callers_callsite).
 */
public final class Patches {
	private static final String NAME = "work.Patched0000";
	private static final int RUNS = 1500;	// until all of it is compiled

	private Patches() {
	}

	public static long mixed(long a, long b, long c) {
		return a ^ b + c;
	}

	private static final class Loader extends ClassLoader {
		private final byte[] bytes;

		Loader(byte[] bytes) {
			super(Patches.class.getClassLoader());
			this.bytes = bytes;
		}

		@Override
		protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
			return name.equals(NAME) ? defineClass(name, bytes, 0, bytes.length) : super.loadClass(name, resolve);
		}
	}

	public static void main(String[] arguments) throws IOException, ReflectiveOperationException {
		long end = System.nanoTime() + (long) (Double.parseDouble(arguments[0]) * 1e9);
		byte[] bytes;
		try (InputStream in = Patches.class.getResourceAsStream("Patched0000.class")) {
			bytes = in.readAllBytes();
		}
		while (System.nanoTime() < end) {
			Runnable made = (Runnable) new Loader(bytes).loadClass(NAME).getDeclaredConstructor().newInstance();
			for (int i = 0; i < RUNS; i++)
				made.run();
		}
	}
}
