"""Makes ministack 1.5.33 let running invocations end when the code or the configuration of their function changes, as AWS
does. Without this module it kills them, so that a deployment under load returns batches for a full visibility timeout.

A worker that is in use leaves the pool, so that it gets no further event, and is killed when its invocation has ended.
"""

import threading
import time

from ministack.core import lambda_runtime

_invalidate = lambda_runtime.invalidate_worker
_kill = lambda_runtime.kill_workers

# How often a worker is checked, and how much longer than its time limit an invocation may take, in seconds.
_INTERVAL = 0.05
_GRACE = 5

_invalidating = threading.local()


def _kill_after_invocation(worker) -> None:
    deadline = time.monotonic() + int(worker.config.get("Timeout", 3)) + _GRACE
    while worker.in_use and time.monotonic() < deadline:
        time.sleep(_INTERVAL)
    _kill([worker])


def kill_workers(workers) -> None:
    workers = list(workers)
    busy = [worker for worker in workers if worker.in_use] if getattr(_invalidating, "now", False) else []
    for worker in busy:
        threading.Thread(target=_kill_after_invocation, args=[worker], daemon=True).start()
    _kill([worker for worker in workers if worker not in busy])


def invalidate_worker(*args, **kwargs) -> None:
    _invalidating.now = True
    try:
        _invalidate(*args, **kwargs)
    finally:
        _invalidating.now = False


lambda_runtime.kill_workers = kill_workers
# The services that use this function are imported later.
lambda_runtime.invalidate_worker = invalidate_worker
