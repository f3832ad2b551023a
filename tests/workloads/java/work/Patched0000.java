// SPDX-License-Identifier: Apache-2.0
package work;

/**
 * A method whose calls are not inlined (C1 takes 35 bytes of bytecode at most) and become compiled later than it is itself: each
 * of its calls is then changed, once. Loaded again and again (Patches).
 */
public class Patched0000 implements Runnable {
	private static long sum;

	private static long c00(long x) {
		return Patches.mixed(((((x * 3 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 0 ^ x << 2, x);
	}

	private static long c01(long x) {
		return Patches.mixed(((((x * 4 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 1 ^ x << 2, x);
	}

	private static long c02(long x) {
		return Patches.mixed(((((x * 5 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 2 ^ x << 2, x);
	}

	private static long c03(long x) {
		return Patches.mixed(((((x * 6 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 3 ^ x << 2, x);
	}

	private static long c04(long x) {
		return Patches.mixed(((((x * 7 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 4 ^ x << 2, x);
	}

	private static long c05(long x) {
		return Patches.mixed(((((x * 8 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 5 ^ x << 2, x);
	}

	private static long c06(long x) {
		return Patches.mixed(((((x * 9 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 6 ^ x << 2, x);
	}

	private static long c07(long x) {
		return Patches.mixed(((((x * 10 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 7 ^ x << 2, x);
	}

	private static long c08(long x) {
		return Patches.mixed(((((x * 11 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 8 ^ x << 2, x);
	}

	private static long c09(long x) {
		return Patches.mixed(((((x * 12 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 9 ^ x << 2, x);
	}

	private static long c10(long x) {
		return Patches.mixed(((((x * 13 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 10 ^ x << 2, x);
	}

	private static long c11(long x) {
		return Patches.mixed(((((x * 14 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 11 ^ x << 2, x);
	}

	private static long c12(long x) {
		return Patches.mixed(((((x * 15 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 12 ^ x << 2, x);
	}

	private static long c13(long x) {
		return Patches.mixed(((((x * 16 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 13 ^ x << 2, x);
	}

	private static long c14(long x) {
		return Patches.mixed(((((x * 17 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 14 ^ x << 2, x);
	}

	private static long c15(long x) {
		return Patches.mixed(((((x * 18 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 15 ^ x << 2, x);
	}

	private static long c16(long x) {
		return Patches.mixed(((((x * 19 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 16 ^ x << 2, x);
	}

	private static long c17(long x) {
		return Patches.mixed(((((x * 20 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 17 ^ x << 2, x);
	}

	private static long c18(long x) {
		return Patches.mixed(((((x * 21 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 18 ^ x << 2, x);
	}

	private static long c19(long x) {
		return Patches.mixed(((((x * 22 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 19 ^ x << 2, x);
	}

	private static long c20(long x) {
		return Patches.mixed(((((x * 23 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 20 ^ x << 2, x);
	}

	private static long c21(long x) {
		return Patches.mixed(((((x * 24 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 21 ^ x << 2, x);
	}

	private static long c22(long x) {
		return Patches.mixed(((((x * 25 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 22 ^ x << 2, x);
	}

	private static long c23(long x) {
		return Patches.mixed(((((x * 26 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 23 ^ x << 2, x);
	}

	private static long c24(long x) {
		return Patches.mixed(((((x * 27 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 24 ^ x << 2, x);
	}

	private static long c25(long x) {
		return Patches.mixed(((((x * 28 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 25 ^ x << 2, x);
	}

	private static long c26(long x) {
		return Patches.mixed(((((x * 29 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 26 ^ x << 2, x);
	}

	private static long c27(long x) {
		return Patches.mixed(((((x * 30 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 27 ^ x << 2, x);
	}

	private static long c28(long x) {
		return Patches.mixed(((((x * 31 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 28 ^ x << 2, x);
	}

	private static long c29(long x) {
		return Patches.mixed(((((x * 32 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 29 ^ x << 2, x);
	}

	private static long c30(long x) {
		return Patches.mixed(((((x * 33 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 30 ^ x << 2, x);
	}

	private static long c31(long x) {
		return Patches.mixed(((((x * 34 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 31 ^ x << 2, x);
	}

	private static long c32(long x) {
		return Patches.mixed(((((x * 35 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 32 ^ x << 2, x);
	}

	private static long c33(long x) {
		return Patches.mixed(((((x * 36 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 33 ^ x << 2, x);
	}

	private static long c34(long x) {
		return Patches.mixed(((((x * 37 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 34 ^ x << 2, x);
	}

	private static long c35(long x) {
		return Patches.mixed(((((x * 38 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 35 ^ x << 2, x);
	}

	private static long c36(long x) {
		return Patches.mixed(((((x * 39 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 36 ^ x << 2, x);
	}

	private static long c37(long x) {
		return Patches.mixed(((((x * 40 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 37 ^ x << 2, x);
	}

	private static long c38(long x) {
		return Patches.mixed(((((x * 41 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 38 ^ x << 2, x);
	}

	private static long c39(long x) {
		return Patches.mixed(((((x * 42 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 39 ^ x << 2, x);
	}

	private static long c40(long x) {
		return Patches.mixed(((((x * 43 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 40 ^ x << 2, x);
	}

	private static long c41(long x) {
		return Patches.mixed(((((x * 44 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 41 ^ x << 2, x);
	}

	private static long c42(long x) {
		return Patches.mixed(((((x * 45 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 42 ^ x << 2, x);
	}

	private static long c43(long x) {
		return Patches.mixed(((((x * 46 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 43 ^ x << 2, x);
	}

	private static long c44(long x) {
		return Patches.mixed(((((x * 47 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 44 ^ x << 2, x);
	}

	private static long c45(long x) {
		return Patches.mixed(((((x * 48 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 45 ^ x << 2, x);
	}

	private static long c46(long x) {
		return Patches.mixed(((((x * 49 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 46 ^ x << 2, x);
	}

	private static long c47(long x) {
		return Patches.mixed(((((x * 50 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 47 ^ x << 2, x);
	}

	private static long c48(long x) {
		return Patches.mixed(((((x * 51 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 48 ^ x << 2, x);
	}

	private static long c49(long x) {
		return Patches.mixed(((((x * 52 ^ x >>> 7) + (x << 3)) ^ x >>> 11) + (x << 5)) ^ x >>> 13, x + 49 ^ x << 2, x);
	}

	@Override
	public void run() {
		long x = sum;
		x = c00(c01(c02(c03(c04(x)))));
		x = c05(c06(c07(c08(c09(x)))));
		x = c10(c11(c12(c13(c14(x)))));
		x = c15(c16(c17(c18(c19(x)))));
		x = c20(c21(c22(c23(c24(x)))));
		x = c25(c26(c27(c28(c29(x)))));
		x = c30(c31(c32(c33(c34(x)))));
		x = c35(c36(c37(c38(c39(x)))));
		x = c40(c41(c42(c43(c44(x)))));
		x = c45(c46(c47(c48(c49(x)))));
		sum = x;
	}
}
