// SPDX-License-Identifier: Apache-2.0
package work;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Says what stack is below spin() and spins there: a known stack.
 *
 * <p>{"label": ..., "thread": ..., "frames": [[class, method, file, line], ...]}, the caller of spin() first, hidden frames
 * included, each stack once. Lines are 0 where the class has none.
 */
public final class Spin {
	static final long SPIN_NS = Long.getLong("work.spinMs", 100) * 1000000L;
	private static final long SLICE_NS = 300000;
	private static final StackWalker WALKER = StackWalker.getInstance(Set.of(StackWalker.Option.SHOW_HIDDEN_FRAMES));
	private static final Set<Long> TOLD = ConcurrentHashMap.newKeySet();
	private static final ConcurrentHashMap<String, int[]> CALLS = new ConcurrentHashMap<>();
	static volatile int sink;

	/** For a place that is come to again and again, and is compiled therefore. */
	public static int spin(String label) {
		int[] calls = CALLS.computeIfAbsent(label, key -> new int[1]);
		int n = calls[0]++;
		if (n < 64 || n % 16 == 0)
			tell(label);
		return work(SLICE_NS);
	}

	/** For a place that is come to once. */
	static int spinLong(String label) {
		tell(label);
		return work(SPIN_NS);
	}

	private static int work(long ns) {
		long until = System.nanoTime() + ns;
		int x = 7;
		do {
			for (int i = 0; i < 300; i++)
				x = x * 31 + i & 0xfffff;
		} while (System.nanoTime() - until < 0);
		sink = x;
		return x;
	}

	/** Runs what ends in spin() until it has spun for long enough. */
	static void repeat(Regions.Work work) {
		long until = System.nanoTime() + SPIN_NS;
		do {
			sink = work.run();
		} while (System.nanoTime() - until < 0);
	}

	private static boolean isOurs(StackWalker.StackFrame frame) {
		return frame.getClassName().equals("work.Spin")
			&& (frame.getMethodName().equals("tell") || frame.getMethodName().startsWith("spin"));
	}

	private static void tell(String label) {
		long hash = WALKER.walk(frames -> frames.mapToLong(frame -> frame.getClassName().hashCode() * 31L
			+ frame.getMethodName().hashCode() * 17L + frame.getByteCodeIndex()).reduce(label.hashCode(), (a, b) -> a * 1000003 + b));
		if (!TOLD.add(hash))
			return;
		String frames = WALKER.walk(all -> all.dropWhile(Spin::isOurs).map(Spin::json).collect(Collectors.joining(", ")));
		Regions.print("{\"label\": " + quoted(label) + ", \"thread\": " + quoted(Thread.currentThread().getName())
			+ ", \"frames\": [" + frames + "]}");
	}

	private static String json(StackWalker.StackFrame frame) {
		String file = frame.getFileName();
		return "[" + quoted(frame.getClassName()) + ", " + quoted(frame.getMethodName()) + ", "
			+ (file == null ? "null" : quoted(file)) + ", " + Math.max(0, frame.getLineNumber()) + "]";
	}

	private static String quoted(String text) {
		return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
	}

	static void skip(String label, String why) {
		Regions.print("{\"label\": " + quoted(label) + ", \"skipped\": " + quoted(why) + "}");
	}

	private Spin() {
	}
}
