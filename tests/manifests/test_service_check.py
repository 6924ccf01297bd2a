"""What `mitoyen services check` says of a folder: every fault by file and key, before anyone is asked anything."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mitoyen.manifests.load import load
from mitoyen.manifests.registry import services
from mitoyen.manifests.service_check import check, sms_prompt
from mitoyen.manifests.service_schema import ServiceManifest

spec = find_spec("mitoyen.services.builtin.report_problem")
assert spec is not None
assert spec.origin is not None
BUILT_IN = Path(spec.origin).parent.parent
MANIFEST, FR, EN = "manifest.toml", "texts/fr.toml", "texts/en.toml"


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def folder(tmp_path) -> Path:
    """A copy of a built-in service, to be damaged."""
    return Path(shutil.copytree(BUILT_IN / "report_problem", tmp_path / "service"))


def damage(folder: Path, file: str, old: str, new: str, count: int = 1) -> list[str]:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")
    return [str(fault) for fault in check(folder)]


@pytest.mark.parametrize("name", sorted(path.name for path in BUILT_IN.iterdir() if (path / MANIFEST).exists()))
def test_the_built_in_services_have_no_fault(name):
    assert check(BUILT_IN / name) == []


def many(n, form):
    return ", ".join(form % {"n": number} for number in range(n))


FAULTS = [
    (MANIFEST, 'name = "report_problem"', "name = report_problem", "not valid TOML"),
    (MANIFEST, 'licence = "AGPL-3.0-or-later"', "", "missing required field `licence`"),
    (MANIFEST, 'licence = "AGPL-3.0-or-later"', 'licence = ""', "$.licence: is empty"),
    (MANIFEST, 'core_below = "1.0"', 'core_below = "0.1"', "$.core_from: fits Mitoyen"),
    (MANIFEST, "answer_days = 5", "answer_days = 0", "answer_days"),
    (MANIFEST, "answer_days = 5", "answer_day = 5", "Remove it or correct its spelling"),
    (MANIFEST, 'type = "yes_no"', 'type = "maybe"', "$.questions[3].type"),
    (MANIFEST, 'name = "danger"', 'name = "words"', "“words” is declared 2 times"),
    (MANIFEST, 'name = "danger"', 'name = "contact"', "forms use themselves"),
    (MANIFEST, "routes = true\n", "routes = true\npersonal = true\n", "can't be personal"),
    (MANIFEST, 'public = ["category", ', 'public = ["colour", ', "“colour” is not declared here as question"),
    (MANIFEST, 'name = "words"\n', 'name = "words"\npersonal = true\n', "“words” is personal: it can't be public"),
    (MANIFEST, "required = true\nroutes = true", "routes = true", "only a required choice can find the handler"),
    (MANIFEST, 'type = "yes_no"', 'type = "choice"', "needs two choices at least"),
    (MANIFEST, 'type = "yes_no"', 'type = "yes_no"\nchoices = ["a", "b"]', "only for the types choice and choices"),
    (MANIFEST, 'type = "yes_no"', 'type = "yes_no"\nthings = ["lamp"]', "only for the type place"),
    (MANIFEST, 'type = "yes_no"', 'type = "number"\nleast = 5\nmost = 1', "above the most"),
    (MANIFEST, 'type = "yes_no"', 'type = "yes_no"\nleast = 5', "only for the type number"),
    (MANIFEST, 'type = "yes_no"', 'type = "number"\nmost = nan', "is a number"),
    (MANIFEST, 'type = "yes_no"', 'type = "place"', "one answer of the type place"),
    (MANIFEST, 'categories = ["water"]', 'categories = ["fire"]', "“fire” is not declared here as category"),
    (MANIFEST, 'categories = ["water"]', 'communes = ["Angers"]', "communes"),
    (MANIFEST, 'categories = ["water"]\n', "", "takes everything, so later teams get nothing"),
    (MANIFEST, 'name = "town_hall"', 'name = "town_hall"\ncommunes = ["49007"]', "nobody handles what no team names"),
    (MANIFEST, 'what = "contact"', 'what = "answers"', "nothing of the contact"),
    (MANIFEST, 'what = "photos"', 'what = "contact"', "nothing of the photos"),
    (MANIFEST, 'basis = "public_task"', 'basis = "because"', "$.data[0].basis"),
    (MANIFEST, "months = 6", "months = 0", "months"),
    (MANIFEST, 'contact = "optional"', 'contact = "optional"\ntold_about = ["flood"]', "nobody could ask for it"),
    (FR, 'title = "Signaler un problème"', "", "texts/fr.toml: service.title: the text is missing"),
    (EN, "[teams]", '[teams]\ncavalry = "cavalry"', "no part of the manifest uses this text"),
    (FR, "Une photo", "Une photo {who}", "{who} can't be quoted here"),
    (FR, "Une photo", "Une photo {", "braces don't match"),
    (FR, 'lighting = "Éclairage"', f'lighting = "{"x" * 61}"', "too long for a line of the printed form"),
    (FR, "Une photo", "x" * 121, "too long for a line of the printed form"),
    (EN, "[questions.danger]", f'[questions.danger]\nsms = "{"ŵ" * 500}"', "because of “ŵ”"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "said"), FAULTS)
def test_each_fault_is_told_with_its_file_and_what_to_do(folder, file, old, new, said):
    found = damage(folder, file, old, new)
    assert any(said in fault for fault in found), found


def test_a_photo_that_is_required_is_refused_by_each_channel_that_carries_none(folder):
    for file in (FR, EN):
        damage(folder, file, "[questions.photo]\n", '[questions.photo]\nwhy = "Pour voir."\n')
    found = damage(folder, MANIFEST, 'type = "photo"', 'type = "photo"\nrequired = true')
    assert len([fault for fault in found if "carries no photo" in fault]) == 3


def test_a_code_and_an_appointment_are_never_published(folder):
    damage(folder, MANIFEST, 'type = "yes_no"', 'type = "code"')
    found = damage(folder, MANIFEST, 'public = ["category", ', 'public = ["danger", "category", ')
    assert any("“danger” is a code or an appointment" in fault for fault in found)


def test_easy_texts_are_written_and_read_on_a_day(folder):
    easy = '[easy_to_read]\nreaders = "Sept lecteurs"\non = "2026-13-45"\n\n[[teams]]\nname = "lighting"'
    damage(folder, MANIFEST, '[[teams]]\nname = "lighting"', easy)
    assert any("$.easy_to_read.on: is no day" in str(fault) for fault in check(folder))
    damage(folder, FR, "[easy]\n", '[easy]\nplace = "Où ?"\n')
    found = damage(folder, FR, 'summary = "Quelque chose', 'words = "Quelque chose')
    assert any("easy.summary: the text is missing" in fault for fault in found)


@pytest.mark.parametrize(("count", "said"), [(9, ""), (10, "SMS carries 9 choices at most, there are 10")])
def test_an_sms_carries_nine_choices(folder, count, said):
    names = many(count - 8, '"more%(n)d"')
    for file in (FR, EN):
        more = "".join(f'more{n} = "Plus {n}"\n' for n in range(count - 8))
        damage(folder, file, "[choices.category]\n", f"[choices.category]\n{more}")
    found = damage(folder, MANIFEST, '"signs", "other"]', f'"signs", "other", {names}]')
    assert any(said in fault for fault in found) if said else not found


def test_nobody_keeps_up_with_thirteen_questions(folder):
    text = (folder / MANIFEST).read_text(encoding="utf-8")
    for n in range(8):
        text += f'\n[[questions]]\nname = "more{n}"\ntype = "text"\n'
        for file in (FR, EN):
            told = (folder / file).read_text(encoding="utf-8")
            (folder / file).write_text(f'{told}\n[questions.more{n}]\nlabel = "Plus ?"\n', encoding="utf-8")
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    assert any("asks 13 questions" in str(fault) for fault in check(folder))


def test_a_missing_file_or_folder_is_told(folder, tmp_path):
    (folder / EN).unlink()
    assert "texts/en.toml: the file is missing" in str(check(folder)[0])
    assert "no such folder" in str(check(tmp_path / "nowhere")[0])


def test_every_prompt_of_the_built_in_services_fits_three_short_messages_of_the_cheap_alphabet():
    from mitoyen.ledger import gsm7

    for service in services.installed().values():
        for question in service.manifest.questions:
            for language in ("fr", "en"):
                cost = gsm7.cost(sms_prompt(service, question, language))
                assert cost.parts <= 3, (service.manifest.name, question.name)
                assert not cost.ucs2, (service.manifest.name, question.name, cost.forced_by)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2000), st.text(max_size=30))
def test_a_manifest_damaged_anywhere_is_refused_in_words_and_never_raises(folder, at, what):
    original = (BUILT_IN / "report_problem" / MANIFEST).read_text(encoding="utf-8")
    (folder / MANIFEST).write_text(original[:at] + what + original[at:], encoding="utf-8", errors="surrogatepass")
    assert all(str(fault) for fault in check(folder))


def test_every_key_of_the_schema_is_documented():
    from mitoyen.manifests import service_schema

    guide = (Path(__file__).parents[2] / "docs" / "services.md").read_text(encoding="utf-8")
    structs = [one for one in vars(service_schema).values() if hasattr(one, "__struct_fields__")]
    keys = {key for struct in structs for key in struct.__struct_fields__}
    assert {key for key in keys if f"`{key}`" not in guide} == set()
    assert load(BUILT_IN / "my_data", ServiceManifest).manifest.contact == "required"
