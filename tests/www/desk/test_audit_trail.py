"""The audit trail in words: whatever the source writes there, the page says in French and in English."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import translation

import mitoyen
from mitoyen.ledger import audit
from mitoyen.www.desk.audit_trail import ACTS

SOURCE = Path(mitoyen.__file__).parent
LEDGER = SOURCE / "ledger" / "audit.py"


def recordings(tree: ast.AST) -> Iterator[ast.expr]:
    """The action of every `audit.record(actor, action, subject, …)` of a module."""
    for call in ast.walk(tree):
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="audit"), attr="record"), args=[_, action, *_]):
                yield action


def texts(action: ast.expr) -> Iterator[str]:
    """What an action may be: a text, or one of two. Anything else could not be held to have words."""
    match action:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from (*texts(one), *texts(other))
        case _:
            pytest.fail(f"line {action.lineno}: write the action as a text: {ast.unparse(action)}")


def actions_of_the_source() -> set[str]:
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in SOURCE.rglob("*.py") if file != LEDGER]
    return {text for tree in trees for action in recordings(tree) for text in texts(action)}


def importers() -> Iterator[tuple[Path, ast.ImportFrom]]:
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in ("mitoyen.ledger", "mitoyen.ledger.audit"):
                yield file, node


def test_every_action_of_the_source_has_words_and_no_word_is_left_over():
    assert actions_of_the_source() == set(ACTS)


def test_no_module_records_under_another_name():
    """The walk looks for `audit.record`: a renamed import would get past it."""
    renamed = [
        str(file)
        for file, node in importers()
        for alias in node.names
        if alias.name == "record" or (alias.name == "audit" and alias.asname)
    ]
    assert renamed == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_words_are_plain_and_in_the_reader_s_language(language):
    with translation.override(language):
        said = {action: str(words) for action, words in ACTS.items()}
    assert [action for action, words in said.items() if "." in words or "_" in words] == []
    if language == "fr":
        assert [words for words in said.values() if not words.startswith(("a ", "s’", "n’"))] == []


def test_the_page_says_it_in_words(desk, sign_in):
    audit.record("mitoyen usage on", "usage.on", "buildings", commune="49007")
    page = sign_in(desk.admin).get(reverse("desk:audit")).content.decode()
    assert "a activé un usage" in page
    assert "usage.on" not in page
