# SPDX-License-Identifier: Apache-2.0
# What the images under tests/corpus/runtime/python/ show, run as `python3 -c` so that no path is in them.
PROGRAM = """import time
class Größe:
    def größe(self):
        # a table has to say which line it is

        print("ready", flush=True)
        time.sleep(600)
    def 数量(self):
        self.größe()
def generator():
    run = lambda: Größe().数量()
    yield 1
    yield run()
for _ in generator(): pass
"""
import sys
code = compile(PROGRAM, "image.py", "exec")
main = sys.modules["__main__"]
sys.modules.clear()  # or the image holds all of them
sys.modules["__main__"] = main
del sys, main, __loader__
exec(code)
