"""A codec is added once, tried before, and given to a model."""

import pytest

from mitoyen.connect.devices.codecs import add_codec
from mitoyen.connect.devices.models import Codec
from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused

SCRIPT = "function decodeUplink(input) { return {data: {level: input.bytes[0]}}; }"


def test_the_same_script_is_one_codec_and_its_model_has_it(model, tmp_path) -> None:
    file = tmp_path / "level.js"
    file.write_text(SCRIPT, encoding="utf-8")
    first = add_codec(file, "", "camille", source="its maker, MIT", model=model)
    again = add_codec(file, "Another name", "camille", model=model)
    assert first == again
    assert (first.name, first.source, Codec.objects.count()) == ("level", "its maker, MIT", 1)
    model.refresh_from_db()
    assert model.codec == first
    assert set(AuditEntry.objects.values_list("action", flat=True)) == {"devices.codec_added", "devices.codec_given"}


def test_the_script_of_a_description(db, tmp_path) -> None:
    folder = tmp_path / "acme"
    folder.mkdir()
    (folder / "level.js").write_text(SCRIPT, encoding="utf-8")
    (folder / "level.yaml").write_text("uplinkDecoder:\n  fileName: level.js\n", encoding="utf-8")
    assert add_codec(folder / "level.yaml", "Level", "camille").script == SCRIPT
    (folder / "none.yaml").write_text("name: nothing\n", encoding="utf-8")
    with pytest.raises(Refused):
        add_codec(folder / "none.yaml", "", "camille")


@pytest.mark.parametrize("script", ["function decodeUplink( {", "var nothing = 1;"])
def test_a_script_that_does_not_load_is_refused(db, tmp_path, script) -> None:
    file = tmp_path / "bad.js"
    file.write_text(script, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        add_codec(file, "", "camille")
    assert refused.value.code == "bad_codec"
    assert not Codec.objects.exists()


def test_what_is_no_text_is_refused(db, tmp_path) -> None:
    file = tmp_path / "bad.js"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Refused):
        add_codec(file, "", "camille")
    with pytest.raises(Refused):
        add_codec(tmp_path / "nothing.js", "", "camille")
