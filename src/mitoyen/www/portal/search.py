"""Finding one's commune: by name, however typed, or by postcode."""

from mitoyen.territory import spelling
from mitoyen.territory.models import Commune


def folded(text: str) -> str:
    """Lower case, without accents, hyphens or apostrophes; Saint and Sainte however shortened."""
    expanded = {"st": "saint", "ste": "sainte"}
    return " ".join(expanded.get(word, word) for word in spelling.bare(text).split())


def find_communes(text: str) -> list[Commune]:
    """Communes whose name holds `text`, whose postcode or INSEE code begins with it, or which an address names."""
    wanted = folded(text)
    if not wanted:
        return []
    communes = list(Commune.objects.defer("geometry"))
    if wanted.isdigit():
        return [c for c in communes if c.insee == wanted or any(str(p).startswith(wanted) for p in c.postcodes)]
    named = [c for c in communes if wanted in folded(c.name)]
    if named:
        return named
    padded = f" {wanted} "
    by_name = [c for c in communes if f" {folded(c.name)} " in padded]
    return by_name or [c for c in communes if any(f" {p} " in padded for p in c.postcodes)]
