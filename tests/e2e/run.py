"""Runs every end-to-end case, or those whose names contain one of the words given; prints `ok NAME` or
`FAIL NAME: why`, and exits with 1 where a case fails."""
import importlib
import os
import signal
import sys
import tempfile

from case import CASES

for module in sorted(os.listdir(os.path.dirname(os.path.abspath(__file__)))):
    if module.endswith(".py") and module != "run.py":
        importlib.import_module(module[:-3])  # each registers its cases

# Ignored where a shell runs this in the background; programs leave an ignored signal alone, and here they are sent some.
signal.signal(signal.SIGINT, signal.default_int_handler)
words, failed = sys.argv[1:], False
for name, function in CASES:
    if words and not any(word in name for word in words):
        continue
    with tempfile.TemporaryDirectory() as folder:
        try:
            note = function(folder)
            print(f"ok {name}" + (f" ({note})" if note else ""), flush=True)
        except Exception as error:  # a case fails by any exception
            failed = True
            print(f"FAIL {name}: {' '.join(str(error).split()) or type(error).__name__}", flush=True)
sys.exit(failed)
