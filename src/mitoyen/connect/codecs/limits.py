"""What a codec may take, in one place; free of the engine, so that a pool can read them without loading it."""

FRAME_S = 0.2
"""Processor seconds of a frame, held by the engine: it ends loops of JavaScript and regular expressions."""
LAST_S = 0.5
"""Processor seconds after which the kernel ends the worker: what the engine doesn't see, as a loop within itself."""
STUCK_S = 20.0
"""Seconds without progress after which the pool kills a worker. Longer than a busy machine makes one wait for a
processor: only what waits without working gets here."""

MEMORY = 32 * 2**20
"""Bytes of a codec's context."""
STACK = 512 * 2**10
OUTPUT = 64 * 2**10
"""Characters of JSON that a frame may give."""
SCRIPT = 1_000_000
"""Characters of a script."""
WORKER_MEMORY = 1024 * 2**20
"""Bytes of address space of a worker."""
WORKER_FULL = 512 * 2**20
"""Bytes that a worker once held, after which it makes way for a new one."""
CODECS = 64
"""Contexts that a worker keeps, those used last."""
