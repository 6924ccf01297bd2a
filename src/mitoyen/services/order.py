"""The order in which services are shown on every channel: what is built in first, what others add after."""

from mitoyen.manifests.load import Service
from mitoyen.manifests.registry import services

FIRST = ("report_problem", "propose_idea", "digital_help", "be_told", "judge_service", "my_data")


def in_order() -> list[Service]:
    """Every installed service that can be used."""
    return sorted(services.installed().values(), key=lambda service: _rank(service.manifest.name))


def _rank(name: str) -> tuple[int, str]:
    return (FIRST.index(name) if name in FIRST else len(FIRST), name)
