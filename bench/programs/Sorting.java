/* SPDX-License-Identifier: Apache-2.0 */
import java.util.*;
/* Collections, strings, boxed numbers, garbage. With args[0] scan() costs that many parts. */
public class Sorting {
    static int parts;
    static long scan(int n) { long t = 0; for (int i = 0; i < n * parts; i++) t = (t * 31 + i) % 65521; return t; }
    static int hash(byte[] b) { int h = 0; for (byte x : b) h = h * 31 + x; return h; }
    static List<String> words(Random r, int n) {
        List<String> out = new ArrayList<>();
        for (int i = 0; i < n; i++) { StringBuilder s = new StringBuilder(); for (int k = 0; k < 4 + r.nextInt(5); k++) s.append((char) ('a' + r.nextInt(8))); out.add(s.toString()); }
        return out; }
    static Map<String, Integer> count(List<String> ws) { Map<String, Integer> m = new HashMap<>(); for (String w : ws) m.merge(w, 1, Integer::sum); return m; }
    static long tree(List<String> ws) { TreeMap<String, Integer> t = new TreeMap<>(); for (String w : ws) t.put(w, w.length()); long s = 0; for (int v : t.values()) s += v; return s; }
    static long matrix(int n) { double[][] a = new double[n][n], b = new double[n][n]; double s = 0;
        for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) { a[i][j] = i - j; b[i][j] = i * j; }
        for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) for (int k = 0; k < n; k++) s += a[i][k] * b[k][j];
        return (long) s; }
    public static void main(String[] args) {
        Random r = new Random(3); long total = 0;
        if (args.length > 0) parts = Integer.parseInt(args[0]);
        for (int i = 0; i < 200; i++) {
            List<String> ws = words(r, 20000);
            if (parts > 0) total += scan(13600);
            total += count(ws).size() + tree(ws) + matrix(110);
            Collections.sort(ws); total += hash(String.join(",", ws).getBytes());
        }
        System.out.println(total); } }
