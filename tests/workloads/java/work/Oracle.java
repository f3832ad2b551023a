// SPDX-License-Identifier: Apache-2.0
package work;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RecursiveTask;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Oracle [stress] [KIND...]: stacks of many kinds that tell themselves (see Spin) and spin there.
 *
 * <p>With "stress" other threads meanwhile force compilation, deoptimisation, GC and class unloading (see Churn).
 */
final class Oracle {
	static int plain() {
		return Spin.spin("plain");
	}

	static int recursion(int depth) {
		if (depth > 0)
			return recursion(depth - 1) + 1;
		return Spin.spin("recursion");
	}

	static int deepRecursion(int depth) {
		return depth > 0 ? deepRecursion(depth - 1) + 1 : Spin.spin("deep recursion");
	}

	// Calls of all kinds

	interface Animal {
		int call(int n);

		default int twice(int n) {
			return call(n) +
				call(n);
		}

		static int help(Animal animal) {
			return animal.twice(1);
		}
	}

	static class Cat implements Animal {
		@Override
		public int call(int n) {
			return Spin.spin("interface call");
		}
	}

	static class Lion extends Cat {
		@Override
		public int call(int n) {
			return super.call(n) + 1;
		}
	}

	static class Dog implements Animal {
		@Override
		public int call(int n) {
			return n > 0 ? Spin.spin("interface call of another class") : 0;
		}
	}

	static final class Fox extends Dog {
		@Override
		public int twice(int n) {
			return super.twice(n);
		}
	}

	private static final Animal[] ANIMALS = { new Cat(), new Lion(), new Dog(), new Fox() };

	static int interfaces() {
		int total = 0;
		for (Animal animal : ANIMALS)
			total += animal.twice(1) + Animal.help(animal);
		return total;
	}

	abstract static class Node {
		abstract int value();

		int sum() {
			return value() + 1;
		}
	}

	static class Leaf extends Node {
		@Override
		int value() {
			return Spin.spin("virtual call");
		}
	}

	static class Branch extends Node {
		private final Node left;

		Branch(Node left) {
			this.left = left;
		}

		@Override
		int value() {
			return left.sum();
		}
	}

	private static final Node TREE = new Branch(new Branch(new Branch(new Leaf())));

	static int virtuals() {
		return TREE.sum();
	}

	static class Holder<T extends Comparable<T>> implements Comparable<Holder<T>> {
		final T held;

		Holder(T held) {
			this.held = held;
		}

		@Override
		public int compareTo(Holder<T> other) {
			Spin.spin("compareTo below its bridge method");
			return held.compareTo(other.held);
		}
	}

	static int bridges() {
		List<Holder<String>> all = new ArrayList<>(List.of(new Holder<>("b"), new Holder<>("a"), new Holder<>("c")));
		Collections.sort(all);
		return all.size();
	}

	// Lambdas, references and what runs them

	static int lambdas() {
		IntSupplier inner = () -> Spin.spin("lambda");
		IntSupplier outer = () -> {
			IntSupplier nested = () -> Spin.spin("lambda in a lambda") + inner.getAsInt();
			return nested.getAsInt();
		};
		Supplier<Leaf> made = Leaf::new;
		IntSupplier bound = made.get()::value;
		return outer.getAsInt() + bound.getAsInt();
	}

	static int mapSlowly(int x) {
		return x + Spin.spin("method reference in a stream");
	}

	static int streams() {
		return IntStream.range(0, 2).map(Oracle::mapSlowly).sum()
			+ Stream.of("a", "b").filter(s -> Spin.spin("filter in a stream") != 0 || s.isEmpty())
				.mapToInt(String::length).sum();
	}

	static int sorting() {
		List<Integer> list = new ArrayList<>(List.of(2, 1));
		list.sort((a, b) -> {
			Spin.spin("comparator");
			return a - b;
		});
		Map<String, Integer> tree = new TreeMap<>((a, b) -> a.compareTo(b) * (Spin.spin("comparator in a tree") | 1));
		tree.put("x", 1);
		return tree.size() + new HashMap<String, Integer>().computeIfAbsent("k", key -> Spin.spin("computeIfAbsent"));
	}

	static final class Key {
		@Override
		public int hashCode() {
			return Spin.spin("hashCode in a map");
		}

		@Override
		public boolean equals(Object other) {
			return other instanceof Key && Spin.spin("equals in a list") != 0;
		}

		@Override
		public String toString() {
			return "key " + Spin.spin("toString in a concatenation");
		}
	}

	static int keys() {
		Map<Key, Integer> map = new HashMap<>();
		map.put(new Key(), 1);
		String text = "a " + new Key() + " b";
		return Arrays.asList(new Key(), new Key()).indexOf(new Key()) + text.length();
	}

	static int loops() {
		Iterable<Integer> numbers = () -> new Iterator<Integer>() {
			private int left = 2;

			@Override
			public boolean hasNext() {
				return left > 0;
			}

			@Override
			public Integer next() {
				left--;
				return Spin.spin("anonymous class");
			}
		};
		int total = 0;
		for (int number : numbers)
			total += number;
		class Local {
			int method() {
				return Spin.spin("local class");
			}
		}
		return total + new Local().method();
	}

	private static final Pattern LETTER = Pattern.compile("[b-d]");

	static int regex() {
		return LETTER.matcher("abc").replaceAll(found -> "" + Spin.spin("replaceAll")).length();
	}

	// Construction

	static class Made {
		final int first = Spin.spin("field initialiser");
		final int second;

		Made(int value) {
			second = value + Spin.spin("constructor");
		}

		Made() {
			this(
				Spin.spin("argument of this()"));
		}
	}

	static final class Other extends Made {
		{
			Spin.sink = Spin.spin("instance initialiser");
		}
	}

	static int constructors() {
		return new Other().second;
	}

	static final class Once {
		static final int VALUE = Spin.spinLong("static initialiser");
	}

	static final class OnceByName {
		static {
			Spin.sink = Spin.spinLong("static initialiser by Class.forName");
		}
	}

	static int classes() {
		try {
			Class.forName("work.Oracle$OnceByName");
		} catch (ClassNotFoundException e) {
			throw new IllegalStateException(e);
		}
		return Once.VALUE;
	}

	// Control flow

	static final class Closed implements AutoCloseable {
		@Override
		public void close() {
			Spin.sink = Spin.spin("close");
		}
	}

	static int exceptions() {
		try (Closed closed = new Closed()) {
			throw new IllegalStateException(closed.toString());
		} catch (IllegalStateException e) {
			Spin.sink = Spin.spin("catch");
		} finally {
			Spin.sink = Spin.spin("finally");
		}
		return 1;
	}

	static synchronized int locked() {
		return Spin.spin("synchronized method");
	}

	static int locks() {
		synchronized (TREE) {
			return locked() + Spin.spin("synchronized block");
		}
	}

	static int far(int n, int... more) {
		switch (n) {
		case 1:
			return Spin.spin("case");




















































































		case 1000000:
			return Spin.spin("case with many lines before it") + more.length;
		default:
			return far(1000000, 1, 2, 3);
		}
	}

	static int lines() {
		int total = far(1) + far(2);
		total += Spin.spin("two in a line") + Spin.spin("two in a line, the other");
		return total + Math.max(
			Spin.spin("first argument"),
			Math.min(1,
				Spin.spin("argument of an argument")));
	}

	static final class Größe {
		static int 数える() {
			return Spin.spin("not ASCII");
		}
	}

	static int names() {
		return Größe.数える() + $under_score$._1();
	}

	static final class $under_score$ {
		static int _1() {
			return Spin.spin("dollars");
		}
	}

	/** Its rare branch is not compiled: whoever comes to it is deoptimised. */
	private static int rounds;

	static int rare() {
		int total = inner(rounds++ % 97 == 0);
		return total;
	}

	static int inner(boolean rare) {
		if (rare)
			return Spin.spin("rare branch") + 1;
		return Spin.spin("usual branch");
	}

	/** On the stack replacement: the loop is compiled while it runs. */
	static int onStack() {
		int total = 0;
		for (int i = 0; i < 400; i++) {
			total += Spin.sink & i;
			total ^= Regions.burn(200);
			if (i % 100 == 99)
				total += Spin.spin("loop");
		}
		return total;
	}

	// Reflection

	public static int reflected(int x) {
		return x + Spin.spin("reflection");
	}

	public static int handled(int x) {
		return x + Spin.spin("method handle");
	}

	private static final MethodHandle HANDLE = handle("handled");
	private static final Method METHOD = method("reflected");

	static MethodHandle handle(String name) {
		try {
			return MethodHandles.lookup().findStatic(Oracle.class, name, MethodType.methodType(int.class, int.class));
		} catch (ReflectiveOperationException e) {
			throw new IllegalStateException(e);
		}
	}

	static Method method(String name) {
		try {
			return Oracle.class.getMethod(name, int.class);
		} catch (ReflectiveOperationException e) {
			throw new IllegalStateException(e);
		}
	}

	static int reflection() {
		try {
			MethodHandle adapted = MethodHandles.filterReturnValue(HANDLE, MethodHandles.identity(int.class));
			return (Integer) METHOD.invoke(null, 1)
				+ (int) HANDLE.invokeExact(1)
				+ (int) adapted.invoke(2)
				+ (Integer) HANDLE.invokeWithArguments(3);
		} catch (Throwable e) {
			throw new IllegalStateException(e);
		}
	}

	private static final IntSupplier PROXY = (IntSupplier) Proxy.newProxyInstance(Oracle.class.getClassLoader(),
		new Class<?>[] { IntSupplier.class }, new Handler());

	static final class Handler implements InvocationHandler {
		@Override
		public Object invoke(Object proxy, Method method, Object[] arguments) {
			return Spin.spin("proxy");
		}
	}

	static int proxies() {
		return PROXY.getAsInt();
	}

	public static final class Constructed {
		final int value = Spin.spin("constructor by reflection");
	}

	static int constructed() {
		try {
			return Constructed.class.getDeclaredConstructor().newInstance().value;
		} catch (ReflectiveOperationException e) {
			throw new IllegalStateException(e);
		}
	}

	// Threads

	static int joined(Thread thread) {
		try {
			thread.start();
			thread.join();
			return 1;
		} catch (InterruptedException e) {
			throw new IllegalStateException(e);
		}
	}

	static final class Counter extends Thread {
		Counter() {
			super("an oracle's thread with a long name");
		}

		@Override
		public void run() {
			Spin.repeat(() -> recursionInThread(40));
		}
	}

	static int recursionInThread(int depth) {
		return depth > 0 ? recursionInThread(depth - 1) + 1 : Spin.spin("thread");
	}

	static int threads() {
		return joined(new Counter())
			+ joined(new Thread(() -> Spin.spinLong("runnable of a thread"), "スレッド"));
	}

	static final class Task extends RecursiveTask<Integer> {
		private final int depth;

		Task(int depth) {
			this.depth = depth;
		}

		@Override
		protected Integer compute() {
			if (depth == 0)
				return Spin.spin("fork/join task");
			Task task = new Task(depth - 1);
			return task.fork().join();
		}
	}

	static int pools() {
		ExecutorService pool = Executors.newSingleThreadExecutor(run -> new Thread(run, "pool"));
		try {
			Spin.sink = pool.submit(() -> Spin.spin("executor")).get();
			return CompletableFuture.supplyAsync(() -> 2, pool).thenApply(x -> x + Spin.spin("future")).get()
				+ ForkJoinPool.commonPool().invoke(new Task(3));
		} catch (InterruptedException | java.util.concurrent.ExecutionException e) {
			throw new IllegalStateException(e);
		} finally {
			pool.shutdown();
		}
	}

	// C

	static int nativeCalls() {
		return Native.callBack(() -> Spin.spin("called by C"), 0) + Native.callBack(() -> Spin.spin("called by C again"), 5);
	}

	static int nativeThreads() {
		return Native.onThread(() -> Spin.spinLong("thread that C made"));
	}

	// Virtual threads

	static int startVirtual(Runnable work) {
		try {
			Thread thread = (Thread) Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, work);
			thread.join();
			return 1;
		} catch (ReflectiveOperationException | InterruptedException e) {
			throw new IllegalStateException(e);
		}
	}

	static int yielding(int depth) {
		if (depth > 0)
			return yielding(depth - 1) + 1;
		Thread.yield();
		int value = Spin.spin("virtual thread that has yielded");
		try {
			Thread.sleep(0, 1000);
		} catch (InterruptedException e) {
			throw new IllegalStateException(e);
		}
		return value + Spin.spin("virtual thread that has slept");
	}

	static int pinned() {
		synchronized (new Object()) {
			return Spin.spin("virtual thread that is pinned");
		}
	}

	static int virtualThreads() {
		return startVirtual(() -> Spin.sink = Spin.spin("virtual thread"))
			+ startVirtual(() -> Spin.repeat(() -> yielding(20)))
			+ startVirtual(() -> Spin.sink = pinned());
	}

	// All of them

	private static final Map<String, Regions.Work> KINDS = new TreeMap<>();

	static {
		KINDS.put("plain", Oracle::plain);
		KINDS.put("recursion", () -> recursion(60));
		KINDS.put("deepRecursion", () -> deepRecursion(400));
		KINDS.put("interfaces", Oracle::interfaces);
		KINDS.put("virtuals", Oracle::virtuals);
		KINDS.put("bridges", Oracle::bridges);
		KINDS.put("lambdas", Oracle::lambdas);
		KINDS.put("streams", Oracle::streams);
		KINDS.put("sorting", Oracle::sorting);
		KINDS.put("keys", Oracle::keys);
		KINDS.put("loops", Oracle::loops);
		KINDS.put("regex", Oracle::regex);
		KINDS.put("constructors", Oracle::constructors);
		KINDS.put("classes", Oracle::classes);
		KINDS.put("exceptions", Oracle::exceptions);
		KINDS.put("locks", Oracle::locks);
		KINDS.put("lines", Oracle::lines);
		KINDS.put("names", Oracle::names);
		KINDS.put("rare", Oracle::rare);
		KINDS.put("onStack", Oracle::onStack);
		KINDS.put("reflection", Oracle::reflection);
		KINDS.put("proxies", Oracle::proxies);
		KINDS.put("constructed", Oracle::constructed);
		KINDS.put("threads", Oracle::threads);
		KINDS.put("pools", Oracle::pools);
		KINDS.put("loaded", Churn::loadedChain);
		if (Native.HERE) {
			KINDS.put("nativeCalls", Oracle::nativeCalls);
			KINDS.put("nativeThreads", Oracle::nativeThreads);
		}
		if (Runtime.version().feature() >= 21)
			KINDS.put("virtualThreads", Oracle::virtualThreads);
	}

	/** A kind with several places takes several times as long: each of them must be met. */
	private static int places(String kind) {
		return Map.of("interfaces", 5, "lines", 6, "keys", 3, "lambdas", 3, "constructors", 4, "exceptions", 3,
			"reflection", 4, "virtualThreads", 2).getOrDefault(kind, 2);
	}

	public static void main(String[] args) throws Exception {
		List<String> asked = new ArrayList<>(Arrays.asList(args));
		Churn churn = asked.remove("stress") ? new Churn() : null;
		for (Map.Entry<String, Regions.Work> kind : KINDS.entrySet()) {
			if (!asked.isEmpty() && !asked.contains(kind.getKey()))
				continue;
			for (int i = 0; i < places(kind.getKey()); i++)
				Spin.repeat(kind.getValue());
		}
		if (churn != null)
			churn.stop();
		if (!Native.HERE)
			Spin.skip("called by C", "no C compiler");
		System.out.flush();
		Runtime.getRuntime().halt(0);
	}

	private Oracle() {
	}
}
