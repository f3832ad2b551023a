// SPDX-License-Identifier: Apache-2.0
package work;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Threads that keep a JVM from coming to rest: classes are loaded, compiled, deoptimised and unloaded, the heap is
 * filled and collected, all threads' stacks are asked for.
 */
final class Churn {
	private static volatile boolean stop;
	private final List<Thread> threads = new ArrayList<>();

	/** Defines the given classes itself, out of bytes that may have been changed. */
	private static final class Loader extends ClassLoader {
		private final String digits;

		Loader(String digits) {
			super(Churn.class.getClassLoader());
			this.digits = digits;
		}

		@Override
		protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
			if (!name.startsWith("work.Chain") && !name.startsWith("work.Churned"))
				return super.loadClass(name, resolve);
			Class<?> known = findLoadedClass(name);
			if (known != null)
				return known;
			byte[] bytes = changed(bytesOf(name.replaceAll("Churned\\d+", "Churned0000")));
			return defineClass(name, bytes, 0, bytes.length);
		}

		private byte[] changed(byte[] bytes) {
			if (digits == null)
				return bytes;
			String text = new String(bytes, StandardCharsets.ISO_8859_1);
			return text.replace("Churned0000", "Churned" + digits).replace("step0000", "step" + digits)
				.getBytes(StandardCharsets.ISO_8859_1);
		}

		private static byte[] bytesOf(String name) throws ClassNotFoundException {
			try (InputStream in = Churn.class.getResourceAsStream("/" + name.replace('.', '/') + ".class")) {
				return in.readAllBytes();
			} catch (IOException e) {
				throw new ClassNotFoundException(name, e);
			}
		}
	}

	private static Regions.Work made(String name, String digits) {
		try {
			return (Regions.Work) new Loader(digits).loadClass(name).getDeclaredConstructor().newInstance();
		} catch (ReflectiveOperationException e) {
			throw new IllegalStateException(e);
		}
	}

	/** A chain of calls of new classes, hot until another class makes its compiled code wrong. */
	static int loadedChain() {
		Regions.Work chain = made("work.Chain", null);
		Thread loader = new Thread(() -> {
			try {
				Thread.sleep(20);
				chain.getClass().getMethod("load").invoke(null);
			} catch (ReflectiveOperationException | InterruptedException e) {
				throw new IllegalStateException(e);
			}
		}, "loader");
		loader.start();
		int total = 0;
		while (loader.isAlive())
			total += chain.run();
		return total + chain.run();
	}

	private static void unload() {
		for (int i = 1; !stop; i = i % 9999 + 1) {
			Regions.Work work = made(String.format("work.Churned%04d", i), String.format("%04d", i));
			for (int j = 0; j < 400; j++)
				Spin.sink = work.run();
		}
	}

	private static void collect() {
		Object[] kept = new Object[5000];
		for (int i = 0; !stop; i++) {
			kept[i * 31 % kept.length] = new byte[i % 2000];
			if (i % 60000 == 0)
				System.gc();
			if (i % 500 == 0)
				rest();
		}
	}

	private static void ask() {
		while (!stop) {
			Spin.sink = Thread.getAllStackTraces().size();
			for (int i = 0; i < 5; i++)
				rest();
		}
	}

	private static void rest() {
		try {
			Thread.sleep(1);
		} catch (InterruptedException e) {
			throw new IllegalStateException(e);
		}
	}

	Churn() {
		threads.add(new Thread(Churn::unload, "churn-unload"));
		threads.add(new Thread(Churn::collect, "churn-collect"));
		threads.add(new Thread(Churn::ask, "churn-ask"));
		threads.forEach(thread -> thread.setDaemon(true));
		threads.forEach(Thread::start);
	}

	void stop() throws InterruptedException {
		stop = true;
		for (Thread thread : threads)
			thread.join();
	}
}
