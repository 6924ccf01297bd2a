"""After readings changed: savings are computed again and findings looked for, behind the page."""

from mitoyen.ledger.enums import JobState
from mitoyen.ledger.jobs import enqueue
from mitoyen.ledger.models import Job

KINDS = ("evaluate_territory", "find")


def ask(by: str) -> None:
    """Ask for both, unless they wait already: several files at once make one run."""
    for kind in KINDS:
        if not Job.objects.filter(kind=kind, state=JobState.QUEUED).exists():
            enqueue(kind, by)
