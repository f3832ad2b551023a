// SPDX-License-Identifier: Apache-2.0
package work;

/**
 * Stubs SECONDS: as much time as can be had in what HotSpot puts between two calls, each kind timed by itself.
 *
 * <p>An interface's method is looked for along the class's interfaces, here 40 of them (itable stub); a method of four
 * classes is called through their tables (vtable stub); C that does nothing is called (a native method's wrapper), and calls
 * Java that does nothing (the call stub).
 */
final class Stubs {
	interface I00 { int m00(int x); }
	interface I01 { int m01(int x); }
	interface I02 { int m02(int x); }
	interface I03 { int m03(int x); }
	interface I04 { int m04(int x); }
	interface I05 { int m05(int x); }
	interface I06 { int m06(int x); }
	interface I07 { int m07(int x); }
	interface I08 { int m08(int x); }
	interface I09 { int m09(int x); }
	interface I10 { int m10(int x); }
	interface I11 { int m11(int x); }
	interface I12 { int m12(int x); }
	interface I13 { int m13(int x); }
	interface I14 { int m14(int x); }
	interface I15 { int m15(int x); }
	interface I16 { int m16(int x); }
	interface I17 { int m17(int x); }
	interface I18 { int m18(int x); }
	interface I19 { int m19(int x); }
	interface I20 { int m20(int x); }
	interface I21 { int m21(int x); }
	interface I22 { int m22(int x); }
	interface I23 { int m23(int x); }
	interface I24 { int m24(int x); }
	interface I25 { int m25(int x); }
	interface I26 { int m26(int x); }
	interface I27 { int m27(int x); }
	interface I28 { int m28(int x); }
	interface I29 { int m29(int x); }
	interface I30 { int m30(int x); }
	interface I31 { int m31(int x); }
	interface I32 { int m32(int x); }
	interface I33 { int m33(int x); }
	interface I34 { int m34(int x); }
	interface I35 { int m35(int x); }
	interface I36 { int m36(int x); }
	interface I37 { int m37(int x); }
	interface I38 { int m38(int x); }
	interface I39 { int m39(int x); }

	abstract static class Base
		implements I00, I01, I02, I03, I04, I05, I06, I07, I08, I09, I10, I11, I12, I13, I14, I15, I16, I17, I18, I19, I20, I21,
		I22, I23, I24, I25, I26, I27, I28, I29, I30, I31, I32, I33, I34, I35, I36, I37, I38, I39 {
		@Override public int m00(int x) { return x + 0; }
		@Override public int m01(int x) { return x + 1; }
		@Override public int m02(int x) { return x + 2; }
		@Override public int m03(int x) { return x + 3; }
		@Override public int m04(int x) { return x + 4; }
		@Override public int m05(int x) { return x + 5; }
		@Override public int m06(int x) { return x + 6; }
		@Override public int m07(int x) { return x + 7; }
		@Override public int m08(int x) { return x + 8; }
		@Override public int m09(int x) { return x + 9; }
		@Override public int m10(int x) { return x + 10; }
		@Override public int m11(int x) { return x + 11; }
		@Override public int m12(int x) { return x + 12; }
		@Override public int m13(int x) { return x + 13; }
		@Override public int m14(int x) { return x + 14; }
		@Override public int m15(int x) { return x + 15; }
		@Override public int m16(int x) { return x + 16; }
		@Override public int m17(int x) { return x + 17; }
		@Override public int m18(int x) { return x + 18; }
		@Override public int m19(int x) { return x + 19; }
		@Override public int m20(int x) { return x + 20; }
		@Override public int m21(int x) { return x + 21; }
		@Override public int m22(int x) { return x + 22; }
		@Override public int m23(int x) { return x + 23; }
		@Override public int m24(int x) { return x + 24; }
		@Override public int m25(int x) { return x + 25; }
		@Override public int m26(int x) { return x + 26; }
		@Override public int m27(int x) { return x + 27; }
		@Override public int m28(int x) { return x + 28; }
		@Override public int m29(int x) { return x + 29; }
		@Override public int m30(int x) { return x + 30; }
		@Override public int m31(int x) { return x + 31; }
		@Override public int m32(int x) { return x + 32; }
		@Override public int m33(int x) { return x + 33; }
		@Override public int m34(int x) { return x + 34; }
		@Override public int m35(int x) { return x + 35; }
		@Override public int m36(int x) { return x + 36; }
		@Override public int m37(int x) { return x + 37; }
		@Override public int m38(int x) { return x + 38; }

		abstract int virtual(int x);
	}

	static class A extends Base {
		@Override public int m39(int x) { return x * 3; }
		@Override int virtual(int x) { return x + 1; }
	}

	static class B extends Base {
		@Override public int m39(int x) { return x * 5; }
		@Override int virtual(int x) { return x - 2; }
	}

	static class C extends Base {
		@Override public int m39(int x) { return x * 7; }
		@Override int virtual(int x) { return x ^ 3; }
	}

	static class D extends Base {
		@Override public int m39(int x) { return x * 9; }
		@Override int virtual(int x) { return x | 1; }
	}

	private static final Regions REGIONS = new Regions();
	private static final Base[] ALL = { new A(), new B(), new C(), new D() };
	private static volatile int sink;

	static int itables() {
		int total = 0;
		for (int i = 0; i < 20000; i++)
			total += ((I39) ALL[i & 3]).m39(i);
		return total;
	}

	static int vtables() {
		int total = 0;
		for (int i = 0; i < 100000; i++)
			total += ALL[i & 3].virtual(i);
		return total;
	}

	static int intoC() {
		int total = 0;
		for (int i = 0; i < 20000; i++)
			total += Native.nothing(i);
		return total;
	}

	static int fromC() {
		return Native.many(6000);
	}

	public static void main(String[] args) throws Exception {
		double seconds = Double.parseDouble(args[0]);
		java.util.Random dice = new java.util.Random();
		Regions.start();
		while (Regions.more(seconds)) {
			switch (dice.nextInt(Native.HERE ? 4 : 2)) {
			case 0:
				sink += REGIONS.timed("work.Stubs.itables", Stubs::itables);
				break;
			case 1:
				sink += REGIONS.timed("work.Stubs.vtables", Stubs::vtables);
				break;
			case 2:
				sink += REGIONS.timed("work.Stubs.intoC", Stubs::intoC);
				break;
			default:
				sink += REGIONS.timed("work.Stubs.fromC", Stubs::fromC);
			}
		}
		Regions.finish(REGIONS);
	}

	private Stubs() {
	}
}
