"""What makes a text hard to read is found, and only that."""

import json

import pytest

from mitoyen.services.plain import glossary
from mitoyen.services.plain.check import check, parted, uncommon_words
from mitoyen.services.plain.score import score, syllables
from mitoyen.services.plain.vocabulary import basic, is_basic


def codes(text, language="fr"):
    return {remark.code for remark in check(text, language).remarks}


PLAIN = "Le lampadaire est réparé. Merci de nous avoir prévenus. Une équipe passe jeudi matin dans votre rue."


def test_a_plain_answer_has_no_remark():
    assert check(PLAIN).remarks == ()


def test_a_long_sentence_is_remarked_from_21_words_and_at_fault_from_26():
    for count, at_fault in ((20, None), (21, False), (25, False), (26, True)):
        found = [one for one in check(" ".join(["mot"] * count) + ".").remarks if one.code == "long_sentence"]
        assert [one.is_fault for one in found] == ([] if at_fault is None else [at_fault])


@pytest.mark.parametrize(
    "word",
    ["lampadaires", "réparerons", "envoyée", "reçoivent", "généraux", "heureuse", "rapidement", "achète", "changeons",
     "jette", "nettoie", "préviendrons", "éteinte", "puissent", "inscrites", "rendez-vous", "évidemment"],
)  # fmt: skip
def test_forms_of_basic_words_are_basic(word):
    assert is_basic(word, "fr")


@pytest.mark.parametrize("word", ["nonobstant", "susmentionné", "diligenter", "idoine", "afférent", "subséquent"])
def test_words_of_offices_are_not_basic(word):
    assert not is_basic(word, "fr")
    assert word in list(uncommon_words(f"Le {word} est là.", "fr"))


def test_an_uncommon_word_is_a_remark_and_four_in_a_sentence_are_a_fault():
    one = check("Nonobstant votre demande, nous passons jeudi.")
    assert [(remark.code, remark.text, remark.is_fault) for remark in one.remarks] == [
        ("uncommon", "nonobstant", False)
    ]
    assert "many_uncommon" in codes("Nonobstant le rapport afférent, diligenter le mandataire idoine.")


def test_names_and_numbers_are_not_uncommon():
    assert codes("Madame Bonnefoy passe rue Volney à Trélazé, le 12 mai 2026.") == set()


def test_a_term_of_the_glossary_counts_as_explained():
    assert "prouvé" in glossary.words("fr")
    assert codes("Le relevé du capteur est là.") == set()


def test_an_acronym_needs_its_words_once():
    assert codes("Le CCAS vous reçoit.") == {"acronym"}
    assert codes("Le centre communal d’action sociale (CCAS) vous reçoit. Le CCAS ouvre lundi.") <= {"uncommon"}
    assert codes("Le CCAS (centre communal d’aide) vous reçoit.") == set()
    assert codes("Vous recevrez un SMS.") == set()
    assert codes("Répondez OUI ou NON.") == set()


def test_two_passives_in_a_sentence_are_a_fault():
    assert "passives" in codes("La demande a été reçue et le dossier sera traité par le service.")
    assert "passives" not in codes("La demande a été reçue. Le dossier sera traité.")
    assert "passives" not in codes("Nous sommes allés voir et elle est arrivée ; il n’est plus là, il est parti.")


@pytest.mark.parametrize(
    "text",
    ["Ce n’est pas impossible.", "Cela ne se fait pas sans accord.", "Il n’est pas inutile de le dire.",
     "Vous ne pouvez pas ne pas venir."],
)  # fmt: skip
def test_two_negations_are_a_fault(text):
    assert "double_negation" in codes(text)


def test_one_negation_in_each_clause_is_none():
    assert "double_negation" not in codes("Si vous ne savez pas, n’écrivez rien.")
    assert "double_negation" not in codes("Il ne reste plus de place.")


def test_an_english_word_is_told_with_the_french_one():
    (remark,) = [one for one in check("Envoyez un mail.").remarks if one.code == "english"]
    assert "courriel" in remark.says
    assert "english" not in codes("Send a mail.", "en")


def test_english_is_checked_too():
    assert codes("The lamp is mended. A team comes on Thursday.", "en") == set()
    assert "uncommon" in codes("Notwithstanding your request, we come on Thursday.", "en")
    assert "passives" in codes("The request was received and the file will be handled.", "en")
    assert "double_negation" in codes("It is not unlikely.", "en")
    assert "acronym" in codes("The DPA answers.", "en")


def test_a_language_without_rules_is_read_as_french():
    assert check("Le CCAS.", "de") == check("Le CCAS.", "fr")


def test_what_is_no_prose_is_left_out():
    assert parted("Écrivez à nous@exemple.fr ou sur https://exemple.fr/a.b.c. Merci.") != []
    assert codes("Le %(name)s est prêt : voir <b>ici</b>, `CODE_X`.") == set()


def test_sentences_are_parted_at_their_ends_not_at_numbers():
    assert len(parted("Il y a 3.5 km. Est-ce loin ? « Oui. » Merci !")) == 4


def test_kandel_and_moles_worked_by_hand():
    """10 words, 2 sentences, 16 syllables: 207 - 1.015·5 - 73.6·1.6."""
    assert score(["la", "rue", "est", "fermée", "demain", "une", "équipe", "passe", "jeudi", "matin"], 2, "fr") == (
        pytest.approx(207 - 1.015 * 5 - 73.6 * sum(map(syllables, ["la", "rue", "est", "fermée", "demain", "une",
        "équipe", "passe", "jeudi", "matin"])) / 10, abs=0.05)
    )  # fmt: skip
    assert [syllables(word) for word in ("rue", "table", "demande", "passent", "lampadaire", "le", "équipe")] == [
        1, 1, 2, 1, 3, 1, 2,
    ]  # fmt: skip
    assert score([], 0, "fr") is None


def test_an_easier_text_scores_higher():
    hard = "Nonobstant les dispositions réglementaires susmentionnées, l’administration diligentera ultérieurement."
    assert (check(PLAIN).score or 0) > (check(hard).score or 0)


def test_the_list_is_of_thousands_of_forms():
    assert len(basic("fr")) > 20_000
    assert len(basic("en")) > 5_000


def test_the_command_says_where_and_ends_with_1_on_a_fault(installation, tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Bonjour,\n\nLe CCAS vous\nreçoit.\n\n- Un mail\n", encoding="utf-8")
    done = json.loads(installation.run("text", "check", path, "--json", expect=1).stdout)
    assert done["faults"] == 2
    assert [(one["where"], [remark["code"] for remark in one["remarks"]]) for one in done["texts"]] == [
        ("1", []), ("3", ["acronym"]), ("6", ["english"]),
    ]  # fmt: skip
    path.write_text(PLAIN, encoding="utf-8")
    assert "Rien à corriger" in installation.run("text", "check", path).stdout
    texts = tmp_path / "fr.toml"
    texts.write_text('[service]\ntitle = "Le CCAS"\n', encoding="utf-8")
    assert installation.json("text", "check", texts, expect=1)["texts"][0]["where"] == "service.title"
    path.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in installation.run("text", "check", path, expect=1).stderr
