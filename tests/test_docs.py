"""Every setting and every command is documented, in both guides."""

import importlib
import re

import click
import pytest
import typer

from mitoyen.cli.main import COMMANDS, app
from mitoyen.settings.options import OPTIONS
from tests.conftest import ROOT


def _commands():
    for module in set(COMMANDS.values()):
        importlib.import_module(f"mitoyen.cli.{module}")
    group = typer.main.get_command(app)
    assert isinstance(group, click.Group | typer.core.TyperGroup)
    for name, command in group.commands.items():
        subcommands = getattr(command, "commands", None)
        if subcommands:
            yield from ((f"{name} {sub}", inner) for sub, inner in subcommands.items())
        else:
            yield name, command


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_setting_is_documented_with_its_default(option):
    row = re.search(rf"^\| `{option.name}` \|(.*)$", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
    assert row, f"docs/settings.md has no row for {option.name}"
    default = str(option.default).lower() if isinstance(option.default, bool) else str(option.default)
    assert (default or "empty") in row[1]


def test_every_command_registered_is_one_the_entry_point_can_load():
    names = {name.split()[0] for name, _ in _commands()}
    assert names == set(COMMANDS)


def test_every_command_and_option_is_documented():
    guide = (ROOT / "docs/commands.md").read_text()
    missing = []
    for name, command in _commands():
        section = re.search(rf"^## `mitoyen {name}\b.*?(?=^## |\Z)", guide, re.MULTILINE | re.DOTALL)
        if not section:
            missing.append(name)
            continue
        for parameter in command.params:
            flags = [flag for flag in parameter.opts if flag.startswith("--") and flag != "--help"]
            missing += [f"{name} {flag}" for flag in flags if f"`{flag}" not in section[0]]
    assert not missing, f"docs/commands.md does not describe: {', '.join(missing)}"
