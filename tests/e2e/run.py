"""Runs every end-to-end case, or those whose names contain one of the words given; prints `ok NAME` or
`FAIL NAME: why`, and exits with 1 where a case fails."""
import sys
import tempfile

import apps, artefacts, bad_data, checkpoints, command, contracts, flags  # noqa: E401, F401 (each registers its cases)
import header, interface, lesson, loading, terminal, threads, training, wrong_flags  # noqa: E401, F401
from case import CASES

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
