"""How a file is refused: with the report of what was seen in it."""

from typing import TYPE_CHECKING

from mitoyen.ledger.refusal import Ground, Refused

if TYPE_CHECKING:
    from mitoyen.connect.report import Report


class ImportRefused(Refused):
    """The file is refused as a whole and nothing was written; `report` says what was seen."""

    def __init__(
        self,
        message: str,
        next_step: str = "",
        grounds: list[Ground] | None = None,
        code: str = "refused",
        report: "Report | None" = None,
    ) -> None:
        super().__init__(message, next_step, grounds or [], code)
        self.report = report
