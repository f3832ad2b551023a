/* SPDX-License-Identifier: Apache-2.0 */
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.zip.*;
/* Shortest paths, text, compression, records in sets. With args[0] scan() costs that many parts. */
public class Paths {
    static int parts;
    static long scan(int n) { long t = 0; for (int i = 0; i < n * parts; i++) t = (t * 31 + i) % 65521; return t; }
    record Edge(int to, int cost) {}
    record Key(int a, String b) {}
    static List<List<Edge>> graph(Random r, int n) { List<List<Edge>> g = new ArrayList<>(); for (int i = 0; i < n; i++) { List<Edge> e = new ArrayList<>(); for (int k = 0; k < 6; k++) e.add(new Edge(r.nextInt(n), 1 + r.nextInt(90))); g.add(e); } return g; }
    static long shortest(List<List<Edge>> g) {
        int[] best = new int[g.size()]; Arrays.fill(best, Integer.MAX_VALUE); best[0] = 0;
        PriorityQueue<int[]> q = new PriorityQueue<>((a, b) -> Integer.compare(a[1], b[1])); q.add(new int[] { 0, 0 });
        while (!q.isEmpty()) { int[] at = q.poll(); if (at[1] > best[at[0]]) continue; for (Edge e : g.get(at[0])) { int c = at[1] + e.cost(); if (c < best[e.to()]) { best[e.to()] = c; q.add(new int[] { e.to(), c }); } } }
        long s = 0; for (int b : best) s += b == Integer.MAX_VALUE ? 0 : b; return s; }
    static String text(Random r, int n) { StringBuilder s = new StringBuilder(); for (int i = 0; i < n; i++) s.append(String.format("%05d;%s%n", r.nextInt(99999), Integer.toHexString(i))); return s.toString(); }
    static int pack(String t) throws Exception { Deflater d = new Deflater(); d.setInput(t.getBytes(StandardCharsets.UTF_8)); d.finish(); byte[] out = new byte[1 << 18]; int n = d.deflate(out); d.end(); return n; }
    static int split(String t) { Set<Key> keys = new HashSet<>(); for (String line : t.split("\n")) { String[] p = line.split(";"); keys.add(new Key(Integer.parseInt(p[0]) % 500, p[1].trim())); } return keys.size(); }
    public static void main(String[] args) throws Exception { Random r = new Random(1); long x = 0;
        if (args.length > 0) parts = Integer.parseInt(args[0]);
        for (int i = 0; i < 200; i++) { if (parts > 0) x += scan(13600); x += shortest(graph(r, 4000)); String t = text(r, 2500); x += pack(t) + split(t); }
        System.out.println(x); } }
