// SPDX-License-Identifier: Apache-2.0
package work;

/**
 * Churn loads copies of this with other digits in its bytes, compiles and drops them: in every frame named so, the
 * digits of class and method are the same.
 */
public class Churned0000 implements Regions.Work {
	private int state = 1;

	private int step0000(int n) {
		int x = state;
		for (int i = 0; i < n; i++)
			x = x * 31 + i & 0xfffff;
		return x;
	}

	@Override
	public int run() {
		state += step0000(3000);
		return state;
	}
}
