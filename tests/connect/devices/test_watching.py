"""Silences are looked at beside the job worker, and a look that fails is followed by another."""

import threading

from django.utils import timezone

from mitoyen.connect.devices import watching


def test_it_looks_again_after_a_failure(monkeypatch, caplog) -> None:
    stop, seen = threading.Event(), []

    def look(now):
        seen.append(now)
        if len(seen) == 3:
            stop.set()
        raise RuntimeError("the database is away")

    monkeypatch.setattr(watching, "EVERY_S", 0.01)
    watching.start(look, stop).join(5)
    assert len(seen) == 3
    assert max(seen) <= timezone.now()
    assert "tried again" in caplog.text
