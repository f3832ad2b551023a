// SPDX-License-Identifier: Apache-2.0
// Image: a little of each kind of code, for a few seconds, with little memory (tests/images.py keeps what is read of it).
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntUnaryOperator;

public class Image {
    static volatile int sink;

    interface Shape { int area(int n); }
    static class Square implements Shape { public int area(int n) { return n * n; } }
    static class Line implements Shape { public int area(int n) { return n ^ sink; } }
    static class Point implements Shape { public int area(int n) { return 1; } }

    static int inlined(int x) { return x * 31 + 7; }

    static int loops(int n) {
        int x = 0;
        for (int i = 0; i < n; i++) x = inlined(x) ^ i;
        return x;
    }

    static int calls(Shape[] shapes, int n) {
        int x = 0;
        for (int i = 0; i < n; i++) x += shapes[i % shapes.length].area(i);
        return x;
    }

    static int lambda(IntUnaryOperator f, int n) {
        int x = 1;
        for (int i = 0; i < n; i++) x = f.applyAsInt(x);
        return x;
    }

    static int recurse(int n) { return n == 0 ? loops(200) : recurse(n - 1) + 1; }

    static void work(long ms) {
        Shape[] shapes = { new Square(), new Line(), new Point() };
        for (long until = System.currentTimeMillis() + ms; System.currentTimeMillis() < until;) {
            sink += loops(3000) + calls(shapes, 3000) + lambda(x -> x * 3 + 1, 3000) + recurse(40);
            sink += (int) System.nanoTime() + Thread.currentThread().hashCode();
        }
    }

    public static void main(String[] arguments) throws Exception {
        Thread named = new Thread(() -> work(4000), "a thread of thé image 名前");
        named.start();
        Thread idle = new Thread(() -> LockSupport.parkNanos(3_000_000_000L), "idle");
        idle.setDaemon(true);
        idle.start();
        try {   // a virtual thread, where there are any
            Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
            Class<?> type = Class.forName("java.lang.Thread$Builder");
            type.getMethod("start", Runnable.class).invoke(builder, (Runnable) () -> {
                for (int i = 0; i < 300; i++) { work(10); LockSupport.parkNanos(1_000_000); }
            });
        } catch (NoSuchMethodException e) {
            work(1000);
        }
        named.join();
    }
}
