"""How anything is refused: a message that a clerk understands, where, and what to do."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Ground:
    """One reason of a refusal. `line` counts from 1 in the file as the user sees it."""

    code: str
    message: str
    line: int | None = None


@dataclass
class Refused(Exception):
    """What was asked can't be done, and nothing was changed.

    `message` says what is wrong, `next_step` what to do, `grounds` lists each fault with its line.
    """

    message: str
    next_step: str = ""
    grounds: list[Ground] = field(default_factory=list)
    code: str = "refused"

    def __str__(self) -> str:
        return " ".join(part for part in (self.message, self.next_step) if part)
