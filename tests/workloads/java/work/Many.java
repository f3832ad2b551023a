// SPDX-License-Identifier: Apache-2.0
package work;

import java.util.concurrent.CountDownLatch;

/** Many THREADS: as many threads at rest, one at work, until a line comes on standard input. */
final class Many {
	private static volatile boolean stop;

	static int busy() {
		int total = 0;
		while (!stop)
			total += Regions.burn(100000);
		return total;
	}

	public static void main(String[] args) throws Exception {
		int n = Integer.parseInt(args[0]);
		CountDownLatch begun = new CountDownLatch(n), end = new CountDownLatch(1);
		for (int i = 0; i < n; i++) {
			Thread thread = new Thread(null, () -> {
				begun.countDown();
				try {
					end.await();
				} catch (InterruptedException e) {
					throw new IllegalStateException(e);
				}
			}, "resting thread " + i, 256 << 10);
			thread.setDaemon(true);
			thread.start();
		}
		begun.await();
		Thread worker = new Thread(() -> Spin.sink = busy(), "the busy one");
		worker.start();
		Regions.print("ready");
		while (System.in.read() >= 0 && !stop)
			stop = true;
		worker.join();
		Runtime.getRuntime().halt(0);
	}

	private Many() {
	}
}
