// SPDX-License-Identifier: Apache-2.0
package work;

/**
 * What Churn loads again and again, each time by a loader of its own: calls whose compiled form holds only while no
 * other class is loaded (ChainOther), so that loading it deoptimises the frames that are on the stack.
 */
public class Chain implements Regions.Work {
	abstract static class Base {
		abstract int step(int n);
	}

	static class First extends Base {
		@Override
		int step(int n) {
			return n > 0 ? step(n - 1) + 1 : Spin.spin("code that is deoptimised");
		}
	}

	static class Second extends Base {
		@Override
		int step(int n) {
			return Spin.spin("what was loaded since");
		}
	}

	private static Base base = new First();

	static int middle(int n) {
		int value = base.step(n);
		return value + 1;
	}

	@Override
	public int run() {
		return middle(3) + middle(0);
	}

	/** Another thread calls this while run() is at work. */
	public static void load() {
		base = new Second();
		base = new First();
	}
}
