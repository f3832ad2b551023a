# SPDX-License-Identifier: Apache-2.0
# Words, trees, expressions, text. With ARGV[1] scan() costs that many parts.
import json, re, random, collections, sys
random.seed(3)
PARTS = int(sys.argv[1]) if len(sys.argv) > 1 else 0
def scan(n):
    total = 0
    for i in range(n * PARTS): total = (total * 31 + i) % 65521
    return total
def words(n): return ["".join(random.choice("abcdefgh") for _ in range(random.randrange(3, 9))) for _ in range(n)]
def count(ws):
    c = collections.Counter()
    for w in ws: c[w[:3]] += 1
    return c
def tree(n): return None if n == 0 else (tree(n - 1), n, tree(n - 1))
def walk(t): return 0 if t is None else walk(t[0]) + t[1] + walk(t[2])
def match(ws): return sum(bool(re.match(r"(a|b)+c?d*", w)) for w in ws)
for i in range(75):
    ws = words(20000)
    if PARTS: scan(4000)
    len(count(ws)) + walk(tree(14)) + match(ws) + len(json.dumps(ws)) + len(sorted(ws))
