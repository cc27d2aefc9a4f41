"""Runs the cloudkitty command again and again, without the second of work that each start of it takes.

Each line of standard input is a JSON list of arguments. They are given to a fork of this process, which has loaded the
command's modules: there the command's own file runs as if Python had been started with it. A line of standard output
answers: the exit status, or what ended it as a number below 0, and what it printed on its two outputs, as a JSON list.
"""
import gc
import json
import os
import runpy
import signal
import sys
import tempfile

COMMAND = '/usr/bin/cloudkitty'
SECONDS_MAX = 180
# The modules below keep this list.
sys.argv[:] = [COMMAND]

import cloudkittyclient.shell  # noqa: E402, F401
from cloudkittyclient.v2.summary_cli import CliSummaryGet  # noqa: E402

# Looks through all packages of this machine, and remembers them.
CliSummaryGet(None, None).get_parser(COMMAND)
# Else each fork looks through all of it for garbage as it ends, and so copies it.
gc.freeze()

for line in sys.stdin:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            signal.alarm(SECONDS_MAX)
            sys.stdin = open(os.devnull)
            for number, file in enumerate((sys.stdin, out, err)):
                os.dup2(file.fileno(), number)
            break
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        printed = [(file.seek(0), file.read().decode())[1] for file in (out, err)]
    print(json.dumps([status, *printed]), flush=True)
else:
    sys.exit()

sys.argv[1:] = json.loads(line)
runpy.run_path(COMMAND, run_name='__main__')
