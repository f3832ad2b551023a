# SPDX-License-Identifier: Apache-2.0
"""churn.py SECONDS: functions that are made, called once and dropped, so that the next one lies where the last one was: its
code object, its strings and its frames are of the same sizes. The seconds are of CPU time. Prints the CPU time of each, by
thread and number. CPython 3.6 and later."""
import json
import os
import sys
import threading
import time

SOURCE = """
def outer_{k}(n):
    def inner_{k}(n):
        total = 0
        for i in range(n):
            total += i * i % 7
        return total
    return inner_{k}(n) + sum(j * j % 3 for j in range(n))
"""
clock = time.CLOCK_THREAD_CPUTIME_ID


def churn(first, until, times):
    k = first
    while time.process_time() < until:
        space = {}
        began = time.clock_gettime(clock)
        exec(compile(SOURCE.format(k="%07d" % k), "<made %07d>" % k, "exec"), space)
        space["outer_%07d" % k](3000)
        times[k] = round((time.clock_gettime(clock) - began) * 1e6)
        k += 1


def main(seconds):
    until, times = time.process_time() + seconds, {}
    threads = [threading.Thread(target=churn, args=(1000000 * i, until, times)) for i in (1, 2)]
    for thread in threads:
        thread.start()
    churn(0, until, times)
    for thread in threads:
        thread.join()
    os.write(1, (json.dumps(times) + "\n").encode())
    os._exit(0)


main(float(sys.argv[1]))
