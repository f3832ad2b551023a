# SPDX-License-Identifier: Apache-2.0
"""children.py SECONDS fork|spawn|forkserver|prefork|subprocess: families of Python processes, one truth.

    fork, spawn, forkserver   multiprocessing.Pool started that way
    prefork                   a server that forks its workers once, as gunicorn does; requests over a socket
    subprocess                another Python for each piece of work

Each process appends its regions to the file that TRUTH_FILE names; the first process waits for all, adds up and
prints. CPython 3.6 to 3.14, but for forkserver on 3.6: there nobody waits for the children, whose CPU time then
belongs to no one."""
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile

import regions
from regions import burn, clock

tables = regions.Regions()


def report(table):
    with open(os.environ["TRUTH_FILE"], "ab", 0) as file:
        file.write((json.dumps(table) + "\n").encode())


def small_piece(n):
    return burn(4000 + n)


def large_piece(n):
    total = 0
    for i in range(16000):
        total += i % (n + 2)
    return total


def handle(request):
    """What a worker does for one request; its regions are reported each time: it may be killed."""
    mine = regions.Regions()
    began = clock()
    for i in range(6):
        if (request + i) % 3:
            mine.timed("children.py:large_piece", large_piece, i)
        else:
            mine.timed("children.py:small_piece", small_piece, i)
    mine.add("children.py:handle", began)
    report(mine.seconds)
    return request


def pool(seconds, method):
    context = multiprocessing.get_context(method)
    dice = regions.Dice()
    while regions.cpu_s() + (spent() if method == "forkserver" else 0) < seconds:
        with context.Pool(2) as workers:
            for _ in range(max(int(4 * seconds), 1)):
                tables.timed("children.py:parent_piece", parent_piece)
                workers.map(handle, [dice.below(9) for _ in range(8)])
            workers.close()
            workers.join()
    end_helpers()


def parent_piece():
    return burn(15000)


def spent():
    """What children report of themselves that nobody has waited for yet."""
    with open(os.environ["TRUTH_FILE"]) as file:
        return sum(json.loads(line)["children.py:handle"] for line in file)


def end_helpers():
    """multiprocessing's own helpers live as long as we do: their CPU time is known only after their end."""
    from multiprocessing import forkserver, util
    util._run_finalizers()
    try:
        from multiprocessing import resource_tracker
        tracker = resource_tracker._resource_tracker
    except ImportError:
        from multiprocessing import semaphore_tracker
        tracker = semaphore_tracker._semaphore_tracker
    server = forkserver._forkserver
    for owner, fd_name, pid_name in ((server, "_forkserver_alive_fd", "_forkserver_pid"), (tracker, "_fd", "_pid")):
        fd, pid = getattr(owner, fd_name, None), getattr(owner, pid_name, None)
        if fd is not None:
            os.close(fd)
        if pid is not None:
            os.waitpid(pid, 0)


def serve(listener):
    while True:
        connection, _ = listener.accept()
        with connection:
            request = connection.recv(16)
            if request == b"end":
                os._exit(0)
            handle(int(request))
            connection.send(b"done")


def prefork(seconds):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    pids = []
    for _ in range(3):
        pid = os.fork()
        if pid == 0:
            serve(listener)
        pids.append(pid)
    dice = regions.Dice()
    while spent() + regions.cpu_s() < seconds:
        tables.timed("children.py:parent_piece", parent_piece)
        with socket.create_connection(listener.getsockname()) as connection:
            connection.send(b"%d" % dice.below(9))
            connection.recv(16)
    for _ in pids:
        with socket.create_connection(listener.getsockname()) as connection:
            connection.send(b"end")
            connection.recv(16)
    for pid in pids:
        os.waitpid(pid, 0)


def with_subprocess(seconds):
    dice = regions.Dice()
    while regions.more(seconds):
        tables.timed("children.py:parent_piece", parent_piece)
        subprocess.check_call([sys.executable, "-S", os.path.abspath(__file__), "--piece", str(dice.below(9))])


def main(seconds, how):
    fd, os.environ["TRUTH_FILE"] = tempfile.mkstemp(prefix="truth-")
    os.close(fd)
    regions.start()
    if how == "prefork":
        prefork(seconds)
    elif how == "subprocess":
        with_subprocess(seconds)
    else:
        pool(seconds, how)
    with open(os.environ["TRUTH_FILE"]) as file:
        reported = [json.loads(line) for line in file]
    os.unlink(os.environ["TRUTH_FILE"])
    regions.finish([tables.seconds] + reported)


if __name__ == "__main__":
    if sys.argv[1] == "--piece":
        for i in range(6):
            handle(int(sys.argv[2]) + i)
        os._exit(0)
    main(float(sys.argv[1]), sys.argv[2])
