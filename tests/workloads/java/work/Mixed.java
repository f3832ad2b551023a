// SPDX-License-Identifier: Apache-2.0
package work;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.CRC32;

/**
 * Mixed SECONDS [THREADS] | --phases SECONDS | --fixed ROUNDS: what Java programs do, each kind timed by itself.
 *
 * <p>Loops, streams and lambdas, sorting with a comparator, strings, regular expressions, maps, virtual and interface calls,
 * exceptions, recursion, reflection and method handles, allocation, intrinsics, C in both directions, a lock, virtual
 * threads where there are any, and THREADS more threads (1).
 *
 * <p>--phases tells the truth of SECONDS of work for each line on standard input, so that several profilers meet the same
 * process. --fixed does the same work every time and prints {"cpu_s", "wall_s", "own_s"}: what a profiler adds is its cost;
 * own_s is the CPU time of the two threads that do it, by their clocks.
 */
final class Mixed {
	static volatile int sink;
	private static final Regions REGIONS = new Regions();
	private static final Object LOCK = new Object();
	private static final Pattern PAIRS = Pattern.compile("(\\w+)=(\\w+);");
	private static final String TEXT = IntStream.range(0, 400)
		.mapToObj(i -> "key" + i + "=value" + i * 7919 % 1000 + ";").collect(Collectors.joining(" "));
	private static final byte[] BYTES = TEXT.getBytes(StandardCharsets.UTF_8);
	private static int[] numbers = IntStream.range(0, 40000).toArray();
	private static Object[] kept = new Object[2000];

	private static int timed(String name, Regions.Work work) {
		return REGIONS.timed("work.Mixed." + name, work);
	}

	static int loopPlain() {
		int total = 0;
		for (int i = 0; i < numbers.length; i++) {
			if ((i & 1) != 0)
				total += numbers[i] % 7;
			else
				total -= numbers[i] >> 1;
		}
		return total;
	}

	static int mapped(int x) {
		long began = Regions.clock();
		int value = Regions.burn(50000 + x);
		REGIONS.add("work.Mixed.mapped", began);
		return value;
	}

	static int streams() {
		return IntStream.range(0, 3).filter(i -> i % 3 != 0).map(Mixed::mapped).sum()
			+ Arrays.stream(numbers).limit(4000).map(i -> i * 3).filter(i -> i % 5 != 0).sum();
	}

	static int compareSlow(Integer a, Integer b) {
		long began = Regions.clock();
		int order = Integer.compare(a ^ Regions.burn(50000) & 1, b);
		REGIONS.add("work.Mixed.compareSlow", began);
		return order;
	}

	static int sorted() {
		List<Integer> items = new ArrayList<>();
		for (int i = 0; i < 7; i++)
			items.add(i * 7919 % 1009);
		items.sort((a, b) -> Integer.compare(a, b));
		java.util.Collections.shuffle(items, ThreadLocalRandom.current());
		try {
			items.sort(Mixed::compareSlow);
		} catch (IllegalArgumentException e) {
			return 1;	/* an order that contradicts itself */
		}
		return items.get(3);
	}

	static int strings() {
		StringBuilder out = new StringBuilder();
		for (String part : TEXT.split(" ")) {
			String[] pair = part.substring(0, part.length() - 1).split("=");
			out.append(pair[0].toUpperCase()).append(':').append(pair[1].indexOf('9')).append('\n');
		}
		return out.toString().hashCode() + String.join(",", TEXT.split("1")).length();
	}

	static int regex() {
		Matcher matcher = PAIRS.matcher(TEXT);
		int total = 0;
		while (matcher.find())
			total += matcher.group(1).length() - matcher.group(2).hashCode();
		return total;
	}

	static int maps() {
		Map<String, Integer> counts = new HashMap<>();
		for (int i = 0; i < 3000; i++)
			counts.merge("k" + i % 700, i, Integer::sum);
		int total = 0;
		for (Map.Entry<String, Integer> entry : counts.entrySet())
			total += entry.getKey().length() * entry.getValue();
		return total;
	}

	interface Shape {
		int area(int x);
	}

	static class Square implements Shape {
		@Override
		public int area(int x) {
			return x * x;
		}
	}

	static class Oblong extends Square {
		@Override
		public int area(int x) {
			return super.area(x) + x;
		}
	}

	static class Circle implements Shape {
		@Override
		public int area(int x) {
			return x * 355 / 113;
		}
	}

	static class Cloud implements Shape {
		@Override
		public int area(int x) {
			long began = Regions.clock();
			int value = Regions.burn(50000 + x);
			REGIONS.add("work.Mixed$Cloud.area", began);
			return value;
		}
	}

	private static final Shape[] SHAPES = { new Square(), new Oblong(), new Circle(), new Cloud() };

	static int shapes() {
		int total = 0;
		for (int i = 0; i < 9000; i++)
			total += SHAPES[i % 3].area(i);
		for (int i = 0; i < 8; i++)
			total += SHAPES[i & 3].area(i);
		return total;
	}

	static int fail(int depth) {
		if (depth == 0)
			throw new IllegalStateException("as planned");
		return fail(depth - 1) + 1;
	}

	static int exceptions() {
		int caught = 0;
		for (int i = 0; i < 12; i++) {
			try {
				caught += fail(i);
			} catch (IllegalStateException e) {
				caught += e.getMessage().length();
			}
		}
		return caught;
	}

	static int recurse(int depth) {
		return depth > 0 ? recurse(depth - 1) + 1 : Regions.burn(30000);
	}

	public static int reflected(int x) {
		long began = Regions.clock();
		int value = Regions.burn(50000 + x);
		REGIONS.add("work.Mixed.reflected", began);
		return value;
	}

	public static int handled(int x) {
		long began = Regions.clock();
		int value = Regions.burn(50000 + x);
		REGIONS.add("work.Mixed.handled", began);
		return value;
	}

	private static final Method REFLECTED;
	private static final MethodHandle HANDLED;

	static {
		try {
			REFLECTED = Mixed.class.getMethod("reflected", int.class);
			HANDLED = MethodHandles.lookup().findStatic(Mixed.class, "handled",
				MethodType.methodType(int.class, int.class));
		} catch (ReflectiveOperationException e) {
			throw new ExceptionInInitializerError(e);
		}
	}

	static int called() {
		int total = 0;
		try {
			for (int i = 0; i < 2; i++)
				total += (Integer) REFLECTED.invoke(null, i) + (int) HANDLED.invokeExact(i);
		} catch (Throwable e) {
			throw new IllegalStateException(e);
		}
		return total;
	}

	static int allocate() {
		int total = 0;
		for (int i = 0; i < 4000; i++) {
			byte[] bytes = new byte[64 + (i & 255)];
			bytes[i & 63] = (byte) i;
			kept[(i * 31) % kept.length] = (i & 7) == 0 ? new Object[] { bytes, kept[i % kept.length] == null } : bytes;
			total += bytes[3];
		}
		return total;
	}

	/** Code that the VM has made by hand: its stubs. */
	static int stubs() {
		try {
			CRC32 crc = new CRC32();
			MessageDigest digest = MessageDigest.getInstance("SHA-256");
			byte[] copy = new byte[BYTES.length];
			for (int i = 0; i < 20; i++) {
				System.arraycopy(BYTES, i, copy, 0, BYTES.length - i);
				crc.update(copy);
			}
			digest.update(copy);
			return (int) crc.getValue() + digest.digest()[3] + Arrays.hashCode(copy);
		} catch (java.security.NoSuchAlgorithmException e) {
			throw new IllegalStateException(e);
		}
	}

	static int inNative() {
		return REGIONS.timed("spin_in_c", () -> Native.spin(40000));
	}

	static int calledBack() {
		long began = Regions.clock();
		int value = Regions.burn(30000);
		REGIONS.add("work.Mixed.calledBack", began);
		return value;
	}

	static int throughC() {
		return Native.callBack(Mixed::calledBack, 3);
	}

	static int locked() {
		int total = 0;
		for (int i = 0; i < 60; i++) {
			synchronized (LOCK) {
				total += Regions.burn(300);
			}
		}
		return total;
	}

	/** A virtual thread's CPU time is its own, whatever carries it. */
	static int inVirtual(Regions regions) {
		long began = Regions.clock();
		int value = Regions.burn(60000);
		regions.add("work.Mixed.inVirtual", began);
		return value;
	}

	private static final Method START_VIRTUAL = startVirtual();

	private static Method startVirtual() {
		try {
			return Runtime.version().feature() >= 21 ? Thread.class.getMethod("startVirtualThread", Runnable.class) : null;
		} catch (NoSuchMethodException e) {
			return null;
		}
	}

	static int virtualThreads() {
		Regions[] regions = new Regions[4];
		Thread[] threads = new Thread[regions.length];
		try {
			for (int i = 0; i < threads.length; i++) {
				Regions own = regions[i] = new Regions();
				threads[i] = (Thread) START_VIRTUAL.invoke(null, (Runnable) () -> sink = inVirtual(own));
			}
			for (int i = 0; i < threads.length; i++) {
				threads[i].join();
				REGIONS.merge(regions[i]);
			}
		} catch (ReflectiveOperationException | InterruptedException e) {
			throw new IllegalStateException(e);
		}
		return 1;
	}

	/** One of the other threads. */
	static final class Worker implements Runnable {
		private final Regions regions = new Regions();
		private final Thread thread;
		private final int rounds;
		private volatile boolean stop;

		Worker(int number, int rounds) {
			this.rounds = rounds;
			thread = new Thread(this, "mixed-worker-number-" + number);
		}

		int threadLoop() {
			int total = 0;
			for (int i = 0; i < 60000; i++)
				total += i * i & 0xff ^ i % 3;
			return total;
		}

		int threadBurn() {
			return Regions.burn(40000);
		}

		@Override
		public void run() {
			long began = Regions.clock();
			for (int i = 0; !stop && i != rounds; i++) {
				if (i % 3 != 0)
					sink = regions.timed("work.Mixed$Worker.threadLoop", this::threadLoop);
				else
					sink = regions.timed("work.Mixed$Worker.threadBurn", this::threadBurn);
				sink = regions.timed("work.Mixed.locked", Mixed::locked);
				if (rounds < 0 && i % 32 == 0)
					rest();
			}
			regions.add("work.Mixed$Worker.run", began);
			regions.add("@thread:" + thread.getName(), began);
		}

		/**
		 * Seldom and long: falling asleep takes some 10 us on virtual machines, with interrupts off, which the thread's
		 * clock counts and a timer cannot see: its tick comes in the next thread.
		 */
		private static void rest() {
			try {
				Thread.sleep(8);
			} catch (InterruptedException e) {
				throw new IllegalStateException(e);
			}
		}
	}

	/** Which region is next: drawn from a seed of the clock, so that no period meets the profiler's. */
	private static int oneRound(java.util.Random dice) {
		switch (dice.nextInt(20)) {
		case 0:
			return timed("streams", Mixed::streams);
		case 1:
			return timed("sorted", Mixed::sorted);
		case 2:
			return timed("strings", Mixed::strings);
		case 3:
			return timed("regex", Mixed::regex);
		case 4:
			return timed("maps", Mixed::maps);
		case 5:
		case 6:
			return timed("shapes", Mixed::shapes);
		case 7:
			return timed("exceptions", Mixed::exceptions);
		case 8:
			return timed("recurse", () -> recurse(60));
		case 9:
			return timed("called", Mixed::called);
		case 10:
		case 11:
			return timed("allocate", Mixed::allocate);
		case 12:
			return timed("stubs", Mixed::stubs);
		case 13:
			return timed("locked", Mixed::locked);
		case 14:
			return Native.HERE ? timed("inNative", Mixed::inNative) : 0;
		case 15:
			return Native.HERE ? timed("throughC", Mixed::throughC) : 0;
		case 16:
			return Native.HERE && START_VIRTUAL != null ? timed("virtualThreads", Mixed::virtualThreads) : 0;
		default:
			return timed("loopPlain", Mixed::loopPlain);
		}
	}

	private static Regions[] work(double seconds, int threads) throws InterruptedException {
		long began = Regions.clock();
		java.util.Random dice = new java.util.Random();
		Regions[] tables = new Regions[threads + 1];
		Worker[] workers = new Worker[threads];
		tables[threads] = REGIONS;
		for (int i = 0; i < threads; i++) {
			workers[i] = new Worker(i, -1);
			tables[i] = workers[i].regions;
			workers[i].thread.start();
		}
		for (int i = 0; i % 8 != 0 || Regions.more(seconds); i++)
			sink = oneRound(dice);
		for (Worker worker : workers)
			worker.stop = true;
		for (Worker worker : workers)
			worker.thread.join();
		REGIONS.add("work.Mixed.work", began);
		return tables;
	}

	private static void phases(double seconds) throws Exception {
		for (int c = System.in.read(); c >= 0; c = System.in.read()) {
			if (c != '\n')
				continue;
			REGIONS.clear();
			Regions.begin();
			Regions.tell(work(seconds, 1));
		}
	}

	/** For each line that comes in the same rounds, then a second thread with as many. */
	private static void fixed(int rounds) throws Exception {
		for (int i = 0; i < rounds / 10; i++)	/* compiled before it counts */
			sink = oneRound(new java.util.Random(12345));
		for (int c = System.in.read(); c >= 0; c = System.in.read()) {
			if (c != '\n')
				continue;
			java.util.Random dice = new java.util.Random(12345);
			Regions.begin();
			long wall = System.nanoTime(), own = Regions.clock();
			for (int i = 0; i < rounds; i++)
				sink = oneRound(dice);
			own = Regions.clock() - own;
			Worker worker = new Worker(0, rounds / 4);
			worker.thread.start();
			worker.thread.join();
			wall = System.nanoTime() - wall;
			own += worker.regions.spent("work.Mixed$Worker.run");
			Regions.print(String.format(java.util.Locale.ROOT, "{\"cpu_s\": %.4f, \"wall_s\": %.4f, \"own_s\": %.7f}",
				Regions.cpuS(), wall / 1e9, own / 1e9));
		}
		Runtime.getRuntime().halt(0);
	}

	public static void main(String[] args) throws Exception {
		if (args[0].equals("--phases")) {
			phases(Double.parseDouble(args[1]));
			Runtime.getRuntime().halt(0);
		}
		Regions.start();
		if (args[0].equals("--fixed"))
			fixed(Integer.parseInt(args[1]));
		Regions.finish(work(Double.parseDouble(args[0]), args.length > 1 ? Integer.parseInt(args[1]) : 1));
	}

	private Mixed() {
	}
}
