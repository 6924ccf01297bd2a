"""How many boxes of 200 generated scans of filled forms are read right, by what was done to the scan; how long a page
takes. Exit 1 when one that is wrong was called sure, or less than 99 % are right."""

import os
import sys
import time
from typing import Any

SCANS = 200
HEAD = f"{'scans':<8}{'pages':>6}{'boxes':>7}{'right':>9}{'unsure':>8}{'wrong':>7}{'unread':>8}{'zones':>7}{'wrong':>7}"


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mitoyen.settings")
    # First of all: an installation of its own, where no layout was printed yet.
    from tests import isolation

    assert isolation
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from tests.channels.paper import corpus

    score: Any = corpus.score
    started = time.monotonic()
    whole, by_kind = score(range(SCANS))
    seconds = time.monotonic() - started
    print(HEAD)
    for name, one in (*by_kind.items(), ("all", whole)):
        boxes, zones = one.boxes, one.zones
        told = (boxes["unsure"], boxes["wrong"], boxes["unread"], sum(zones.values()), zones["wrong"])
        line = f"{name:<8}{one.pages:>6}{sum(boxes.values()):>7}{one.right:>9.2%}"
        print(line + "{:>8}{:>7}{:>8}{:>7}{:>7}".format(*told))
    print(f"{seconds / SCANS:.2f} s a page, {whole.reading_s / SCANS:.2f} s of it reading")
    return int(bool(whole.wrong) or whole.right < 0.99)


if __name__ == "__main__":
    sys.exit(main())
