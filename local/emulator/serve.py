"""Runs ministack. After a stop that saved everything, it creates the file `whole` in STATE_DIR.

Without this file the snapshot is older than the emulator's last state (it was killed, or the disk was full).
"""

import logging
import os
from pathlib import Path

# ministack reads its log level when it is imported. In the environment it would be the functions' log level too.
os.environ["LOG_LEVEL"] = "WARNING"
from ministack.app import main  # noqa: E402

import finish_invocations  # noqa: E402, F401
import leading_keys  # noqa: E402, F401

del os.environ["LOG_LEVEL"]

mark = Path(os.environ["STATE_DIR"], "whole")
was_saved = mark.exists() or not mark.parent.exists()
mark.parent.mkdir(parents=True, exist_ok=True)
mark.unlink(missing_ok=True)

# ministack logs a failed save and continues, so its exit code does not tell whether everything was saved.
failures = []
counter = logging.Handler(level=logging.ERROR)
counter.emit = failures.append
logging.getLogger("persistence").addHandler(counter)

try:
    main()
    saved = not failures
except SystemExit:
    # The port was in use, or SIGTERM came before it served requests: nothing has changed.
    saved = was_saved

if saved:
    mark.touch()
