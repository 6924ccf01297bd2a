"""Codecs that take too long are set aside for a while, so that they can't hold the others up.

Each codec has a bucket: what its frames take beyond USUAL_S each flows in, LEAK of the time that passes flows out. When
it is full the codec is set aside, each time twice as long until a quiet day.
"""

import threading
from dataclasses import dataclass

USUAL_S = 0.005
"""What a frame may take: a hundred times what most codecs need."""
CODEC_S = 1.0
LEAK = 0.05
FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 3600.0
QUIET_S = 86_400.0


@dataclass
class _Bucket:
    level: float = 0.0
    seen: float = 0.0
    until: float = 0.0
    pause: float = FIRST_PAUSE_S


class Breaker:
    """Which codecs are set aside; times are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def is_open(self, codec: str, now: float) -> bool:
        """Whether the codec is set aside now."""
        bucket = self._buckets.get(codec)
        return bucket is not None and now < bucket.until

    def charge(self, codec: str, seconds: float, frames: int, now: float) -> bool:
        """Count what `frames` frames took. True when that sets the codec aside."""
        over = seconds - frames * USUAL_S
        if over <= 0:
            return False
        with self._lock:
            bucket = self._buckets.setdefault(codec, _Bucket(seen=now))
            if now - max(bucket.seen, bucket.until) > QUIET_S:
                bucket.pause = FIRST_PAUSE_S
            bucket.level = max(bucket.level - LEAK * (now - bucket.seen), 0.0) + over
            bucket.seen = now
            if bucket.level < CODEC_S:
                return False
            # One more such frame after the pause, and it is aside again.
            bucket.level = CODEC_S + LEAK * bucket.pause - USUAL_S
            bucket.until = now + bucket.pause
            bucket.pause = min(bucket.pause * 2, LONGEST_PAUSE_S)
            return True
