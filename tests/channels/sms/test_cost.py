"""What a text costs, told to whoever writes it; the channel as a part of the whole."""

import pytest
from django.utils import translation

from mitoyen.channels.sms import telling_cost
from mitoyen.cli import run
from mitoyen.settings.options import SettingError, read_options


def test_the_cost_is_told_with_what_makes_it_dear(installation):
    told = installation.json("sms", "cost", "La tâche est à 20 °C, déjà")
    assert (told["parts"], told["units"], told["ucs2"], told["forced_by"]) == (1, 26, True, "â°")
    assert told["sent"]["text"] == "La tâche est à 20 °C, déjà"
    assert "docs/sms.md" in installation.run("run", "sms", expect=1).stderr


def test_what_is_sent_is_told_when_it_differs():
    with translation.override("fr"):
        said = telling_cost.of("Ça coûte « rien » " * 8).sentence().split("\n")
    assert said[:2] == ["3 parties (144 caractères)", "à cause de\u00a0: û « »"]
    assert "rien" in said[2]
    assert said[3].startswith("1 partie ")


def test_the_channel_runs_once_a_message_centre_is_set(settings):
    settings.MITOYEN = {**settings.MITOYEN, "sms_host": ""}
    assert "sms" not in run._channels()
    settings.MITOYEN = {**settings.MITOYEN, "sms_host": "smsc.example"}
    assert "sms" in run._channels()


def test_a_password_of_the_wrong_type_is_not_shown(tmp_path):
    (tmp_path / "mitoyen.toml").write_text("sms_password = 12345678\n")
    with pytest.raises(SettingError, match="sms_password") as refused:
        read_options(tmp_path)
    assert "12345678" not in str(refused.value)
