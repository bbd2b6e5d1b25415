"""Runs ministack, and marks its snapshot as whole once it is: in STATE_DIR, after a stop that saved everything.

Without the mark the snapshot is older than what the emulator last knew (it was killed, or the disk was full).
"""

import logging
import os
from pathlib import Path

# ministack reads its log level as it is imported. Left in the environment it would be the functions' log level as well.
os.environ["LOG_LEVEL"] = "WARNING"
from ministack.app import main  # noqa: E402

import leading_keys  # noqa: E402, F401

del os.environ["LOG_LEVEL"]

mark = Path(os.environ["STATE_DIR"], "whole")
was_whole = mark.exists() or not mark.parent.exists()
mark.parent.mkdir(parents=True, exist_ok=True)
mark.unlink(missing_ok=True)

# ministack logs a failed save and carries on; its clean exit does not say that everything was saved.
failures = []
counter = logging.Handler(level=logging.ERROR)
counter.emit = failures.append
logging.getLogger("persistence").addHandler(counter)

try:
    main()
    whole = not failures
except SystemExit:
    # The port was taken, or SIGTERM came before it served: nothing changed.
    whole = was_whole

if whole:
    mark.touch()
