// SPDX-License-Identifier: Apache-2.0
package work;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What tests/workloads/truth.h is for C: a Java program that knows where its own CPU time went.
 *
 * <p>One Regions for each thread: {@code timed("work.Mixed.loop", this::loop)} runs it and adds the thread's CPU time;
 * {@code add(name, began)} adds what passed since clock() said {@code began}. Names are those that a profile must show:
 * class, dot, method. One JSON line at the end, then the process is gone without a cleaning up that nobody measured.
 * Runs on Java 11 and later. "@prefix:C2 Comp" is the CPU time of threads whose name in the kernel begins so.
 */
public final class Regions {
	private static final ThreadMXBean BEAN = Native.HERE ? null : ManagementFactory.getThreadMXBean();
	private static final String[] OWN_THREADS = { "C1 Comp", "C2 Comp", "G1 ", "GC Thread", "Z", "VM Thread" };
	private static double beforeS, startedS;
	private static final Map<String, Double> ownBefore = new HashMap<>();

	private final Map<String, long[]> regions = new HashMap<>();	/* name -> ns, depth */

	/** What is timed, or ends in Spin. */
	public interface Work {
		int run();
	}

	/** CPU time of this thread in nanoseconds. */
	static long clock() {
		return Native.HERE ? Native.clock() : BEAN.getCurrentThreadCpuTime();
	}

	void add(String name, long began) {
		region(name)[0] += clock() - began;
	}

	/** Nested regions count inclusively, a recursive one once. */
	int timed(String name, Work work) {
		long[] region = region(name);
		boolean outer = region[1]++ == 0;
		long began = clock();
		int result = work.run();
		if (outer)
			region[0] += clock() - began;
		region[1]--;
		return result;
	}

	/** Adds what another thread, ended now, has measured. */
	void merge(Regions other) {
		other.regions.forEach((name, region) -> region(name)[0] += region[0]);
	}

	/** Nanoseconds. */
	long spent(String name) {
		return region(name)[0];
	}

	void clear() {
		regions.clear();
	}

	private long[] region(String name) {
		return regions.computeIfAbsent(name, key -> new long[2]);
	}

	/** Arithmetic; timed by whoever calls it. */
	static int burn(int rounds) {
		int x = 7;
		while (rounds-- > 0)
			x = x * 1103515245 + 12345 & 0x7fffffff;
		return x;
	}

	/** CPU time of all threads, ended ones too, since begin(): the kernel tells it in ticks, cut off. */
	static double cpuS() {
		return ticks(13, 14) / 100.0 + 0.01 - beforeS;
	}

	private static long ticks(int... fields) {
		try {
			String text = new String(Files.readAllBytes(Paths.get("/proc/self/stat")), "UTF-8");
			String[] words = text.substring(text.lastIndexOf(')') + 2).split(" ");
			long sum = 0;
			for (int field : fields)
				sum += Long.parseLong(words[field - 2]);
			return sum;
		} catch (IOException e) {
			throw new IllegalStateException(e);
		}
	}

	/** The run time's own threads, by the start of their name. */
	private static Map<String, Double> ownThreads() {
		Map<String, Double> seconds = new TreeMap<>();
		try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Paths.get("/proc/self/task"))) {
			for (Path task : tasks)
				addTask(task, seconds);
		} catch (IOException e) {
			throw new IllegalStateException(e);
		}
		return seconds;
	}

	private static void addTask(Path task, Map<String, Double> seconds) {
		try {
			String comm = new String(Files.readAllBytes(task.resolve("comm")), "UTF-8");
			String ran = new String(Files.readAllBytes(task.resolve("schedstat")), "UTF-8").split(" ")[0];
			for (String prefix : OWN_THREADS) {
				if (comm.startsWith(prefix)) {
					seconds.merge(prefix, Long.parseLong(ran) / 1e9, Double::sum);
					return;
				}
			}
		} catch (IOException e) {
			return;		/* it has ended */
		}
	}

	/** Whoever attaches to us (TRUTH_WAIT) has seen nothing of our start: it does not count then. */
	static void start() throws IOException {
		if (System.getenv("TRUTH_WAIT") != null) {
			if (System.in.read() < 0)
				throw new IOException("nobody began");
			begin();
		}
		startedS = cpuS();
	}

	/** What was before does not count. */
	static void begin() {
		beforeS += cpuS();
		startedS = 0;
		ownBefore.clear();
		ownBefore.putAll(ownThreads());
	}

	/** Seconds of work: what starting took does not count, though it is in the shares' denominator. */
	static boolean more(double seconds) {
		return cpuS() - startedS < seconds;
	}

	static void tell(Regions... tables) {
		print(told(tables));
	}

	/** Twice: what telling itself takes the first time, classes loaded and compiled, is in no share then. */
	private static String told(Regions... tables) {
		line(tables);
		return line(tables);
	}

	private static String line(Regions... tables) {
		double total = cpuS();
		Map<String, Double> shares = new TreeMap<>();
		for (Regions table : tables)
			table.regions.forEach((name, region) -> shares.merge(name, region[0] / 1e9 / total, Double::sum));
		ownThreads().forEach((prefix, seconds) ->
			shares.put("@prefix:" + prefix, (seconds - ownBefore.getOrDefault(prefix, 0.0)) / total));
		StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "{\"@cpu_s\": %.4f", total));
		shares.forEach((name, share) -> line.append(String.format(Locale.ROOT, ", \"%s\": %.5f", name, share)));
		return line.append("}").toString();
	}

	static void finish(Regions... tables) {
		tell(tables);
		Runtime.getRuntime().halt(0);
	}

	static void print(String line) {
		synchronized (Regions.class) {
			try (PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out) {
				@Override
				public void close() {
					/* standard output stays open */
				}
			}, false, "UTF-8")) {
				out.print(line + "\n");
			} catch (IOException e) {
				throw new IllegalStateException(e);
			}
		}
	}
}
