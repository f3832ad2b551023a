# SPDX-License-Identifier: Apache-2.0
# A table in memory, text in and out, numbers, objects in order. scan() costs ARGV[1] parts.
import bisect, csv, datetime, heapq, io, itertools, math, random, sqlite3, string, sys
random.seed(5)
PARTS = int(sys.argv[1]) if len(sys.argv) > 1 else 100
class Point:
    __slots__ = ("x", "y")
    def __init__(self, x, y): self.x, self.y = x, y
    def __lt__(self, other): return self.x * self.y < other.x * other.y
def scan(n):
    total = 0
    for i in range(n * PARTS): total = (total * 31 + i) % 65521
    return total
def rows(n): return [(i, random.choice(string.ascii_lowercase) * 5, random.random()) for i in range(n)]
def table(rs):
    db = sqlite3.connect(":memory:")
    db.execute("create table t (a integer, b text, c real)")
    db.executemany("insert into t values (?, ?, ?)", rs)
    return db.execute("select b, sum(c), count(*) from t group by b order by 2").fetchall()
def text(rs):
    out = io.StringIO(); csv.writer(out).writerows(rs)
    return sum(len(row) for row in csv.reader(io.StringIO(out.getvalue())))
def queue(n):
    heap = []
    for i in range(n): heapq.heappush(heap, Point(i * 7919 % 1009, i % 13 + 1))
    return sum(heapq.heappop(heap).x for _ in range(n))
def waves(n): return sum(math.sin(i * 0.01) * math.cos(j) for i, j in itertools.product(range(n), range(20)))
def days(n): return {(datetime.date(2020, 1, 1) + datetime.timedelta(days=i)).isoformat(): i for i in range(n)}
def find(n):
    known = []
    for i in range(n): bisect.insort(known, i * 7919 % 10007)
    return known[n // 2]
for _ in range(52):
    rs = rows(12000)
    scan(3000); len(table(rs)); text(rs); queue(6000); waves(3000); len(days(9000)); find(9000)
