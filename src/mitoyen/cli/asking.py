"""What a file leaves open, asked at the terminal. An answer that can't be is asked again."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

if TYPE_CHECKING:
    from mitoyen.connect.options import MappingSpec, Options, Question
    from mitoyen.connect.report import Proposal

# Their choices are the usual ones; other answers are tried.
OPEN = ("property", "tz")
SEVERAL = ("columns",)
TRIES = 3


def asked(path: Path, options: "Options") -> "Options":
    """The options with the answers of the person at the terminal, asked until nothing is open.

    What can't be read at all, and answers that are refused three times, are left for the import to refuse.
    """
    from mitoyen.connect.sniff import propose
    from mitoyen.ledger.refusal import Refused

    try:
        proposal: Proposal | None = propose(path, options=options)
    except Refused:
        return options
    while proposal is not None and proposal.questions:
        options, proposal = _answered(path, options, proposal)
    return options


def _answered(path: Path, options: "Options", proposal: "Proposal") -> "tuple[Options, Proposal | None]":
    """The options with one more round of answers, and what the file is taken for then (None: it is refused)."""
    from mitoyen.connect.imports import with_answers
    from mitoyen.connect.mappings import kept
    from mitoyen.connect.sniff import propose
    from mitoyen.ledger.refusal import Refused

    known = kept(proposal.signature)
    answered = options
    for _try in range(TRIES):
        answered = with_answers(options, {one.code: _answer(one, known) for one in proposal.questions})
        try:
            return answered, propose(path, options=answered)
        except Refused as refusal:
            _say(str(refusal))
    return answered, None


def _answer(question: "Question", known: "MappingSpec | None") -> str:
    """Ask until the answer is one."""
    from mitoyen.connect.telling import words_of

    for line in (question.evidence, question.text):
        if line:
            _say(line)
    words = [words_of(question.code, choice) for choice in question.choices]
    for number, word in enumerate(words, start=1):
        _say(f"  {number}. {word}")
    last = getattr(known, question.code, "") if known else ""
    likely = last if isinstance(last, str) and last else question.default
    shown = None if likely is None else words_of(question.code, likely)
    colon = pgettext("between a label and its error", ": ")
    while True:
        said = str(typer.prompt(_("Your answer"), default=shown, err=True, prompt_suffix=colon))
        reply = reply_of(question, said, words)
        if reply:
            return reply
        if words:
            _say(_("Answer by a number from 1 to %(count)d, or by the words.") % {"count": len(words)})


def reply_of(question: "Question", said: str, words: list[str]) -> str:
    """The reply that an answer stands for: a choice by itself, its words or its number; "" when it is none."""
    choices = question.choices
    if not choices or said in choices:
        return said.strip()
    if question.code in SEVERAL and "," in said:
        replies = [_one(choices, part, words) for part in said.split(",")]
        return ",".join(replies) if all(replies) else ""
    return _one(choices, said, words) or (said.strip() if question.code in OPEN and not said.strip().isdigit() else "")


def _one(choices: tuple[str, ...], said: str, words: list[str]) -> str:
    told = said.strip().casefold()
    for choice, word in zip(choices, words, strict=True):
        if told in (choice.casefold(), word.casefold()):
            return choice
    return choices[int(told) - 1] if told.isdecimal() and 0 < int(told) <= len(choices) else ""


def _say(text: str) -> None:
    from mitoyen.connect.telling import harmless

    typer.echo(harmless(text), err=True)
