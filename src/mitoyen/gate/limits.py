"""What a key of the machines' door may do: no more than its sender needs."""

from dataclasses import asdict, dataclass, field, fields

import msgspec

OBSERVATIONS, UPLINKS, READ = "observations", "uplinks", "read"
RIGHTS = (OBSERVATIONS, UPLINKS, READ)
_ALL = frozenset(RIGHTS)
_DOES = {OBSERVATIONS: "send observations", UPLINKS: "send uplinks", READ: "read"}


class Forbidden(Exception):
    """Why a key may not do this, and what to do, in words for whoever wrote the sender."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Rights, and to what they hold: an empty set stands for everything.

    `formats` and `models` (slugs) limit uplinks; `communes` (INSEE codes) the devices of uplinks and the things of
    observations and of what is read.
    """

    may: frozenset[str] = _ALL
    formats: frozenset[str] = field(default_factory=frozenset)
    models: frozenset[str] = field(default_factory=frozenset)
    communes: frozenset[str] = field(default_factory=frozenset)

    def require(self, right: str) -> None:
        """Raises Forbidden."""
        if right not in self.may:
            held = " and ".join(_DOES[one] for one in RIGHTS if one in self.may)
            raise Forbidden(
                f"This key may only {held}, not {_DOES[right]}."
                f" Ask whoever runs this installation for one that may: mitoyen gate-key NAME --may {right}."
            )

    def require_format(self, name: str) -> None:
        """Raises Forbidden. `name`: as the address says it, "" when it is to be recognised."""
        if self.formats and name not in self.formats:
            ways = " or ".join(f"/v1/uplinks/{one}" for one in sorted(self.formats))
            raise Forbidden(f"This key sends to {ways} only. Send there, or ask for a key with --format {name or '…'}.")

    @property
    def of_devices(self) -> bool:
        """Whether it matters which device an uplink is of."""
        return bool(self.models or self.communes)


UNLIMITED = Limits()


def dumped(limits: Limits) -> str:
    """As one line of JSON, without spaces."""
    given = {name: sorted(values) for name, values in asdict(limits).items() if values}
    return msgspec.json.encode(given).decode()


def loaded(text: str) -> Limits:
    """Back; a key of before has none. Raises ValueError for what isn't known: such a key opens nothing."""
    if not text:
        return UNLIMITED
    try:
        given = msgspec.json.decode(text, type=dict[str, frozenset[str]])
    except msgspec.MsgspecError as error:
        raise ValueError(text) from error
    if set(given) - {one.name for one in fields(Limits)} or not given.get("may") or given["may"] - _ALL:
        raise ValueError(text)
    return Limits(**given)
