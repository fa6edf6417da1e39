"""Runs twins, each in a copy of this process, which has already imported what they need.

A request is a line of JSON on standard input: the file and its arguments. The answer is a line of JSON on standard output: the
status of the process, its standard output and its standard error.
"""

import asyncio
import json
import os
import runpy
import sqlite3
import sys
import tempfile

# As for a file that Python runs.
sys.path[0] = os.getcwd()

import twin

for line in sys.stdin:
    outputs = [tempfile.TemporaryFile() for _ in range(2)]
    child = os.fork()
    if child == 0:
        for number, output in enumerate(outputs, 1):
            os.dup2(output.fileno(), number)
        sys.argv = json.loads(line)
        # It ends as the twin ends: with its exit code, and an exception is printed.
        runpy.run_path(sys.argv[0], run_name="__main__")
        sys.exit()
    _, status = os.waitpid(child, 0)
    answer = [status]
    for output in outputs:
        output.seek(0)
        answer.append(output.read().decode())
        output.close()
    print(json.dumps(answer), flush=True)
