"""Forms of French words, from the dictionary form, by rule. It makes too many rather than too few: a form that doesn't
exist is never met."""

from collections.abc import Iterator

PERSONS = ("ai", "as", "a", "ons", "ez", "ont", "ais", "ait", "ions", "iez", "aient")
PRESENT = ("e", "es", "ent", "ons", "ez", "ais", "ait", "ions", "iez", "aient", "ant", "ante", "ants", "antes")
AGREED = ("", "e", "s", "es")
# What a dictionary form ends with -> what stands there instead; `*` is followed by each of PERSONS (future).
VERBS: dict[str, tuple[str, ...]] = {
    "er": (*PRESENT, "é", "ée", "és", "ées", "er*"),
    "ger": tuple(f"ge{end}" for end in ("ons", "ais", "ait", "aient", "ant")),
    "cer": tuple(f"ç{end}" for end in ("ons", "ais", "ait", "aient", "ant")),
    "yer": tuple(f"i{end}" for end in ("e", "es", "ent", "er*")),
    "eler": ("elle", "elles", "ellent", "eller*", "èle", "èles", "èlent", "èler*"),
    "eter": ("ette", "ettes", "ettent", "etter*", "ète", "ètes", "ètent", "èter*"),
    "ever": ("ève", "èves", "èvent", "èver*"),
    "eser": ("èse", "èses", "èsent", "èser*"),
    "érer": ("ère", "ères", "èrent"),
    "éter": ("ète", "ètes", "ètent"),
    "éder": ("ède", "èdes", "èdent"),
    "éger": ("ège", "èges", "ègent"),
    "ir": ("is", "it", "issons", "issez", "issent", "issait", "issaient", "issant", "i", "ie", "ies", "ir*", "isse"),
    "enir": (
        *("iens", "ient", "iennent", "ienne", "iennes", "iendr*"),
        *("enons", "enez", "enais", "enait", "enaient", "enant", "enu", "enue", "enus", "enues"),
    ),
    "tir": ("s", "t", "tons", "tez", "tent", "te", "tait", "taient", "tant"),
    "mir": ("s", "t", "mons", "mez", "ment", "me", "mait", "maient", "mant"),
    "vir": ("s", "t", "vons", "vez", "vent", "ve", "vait", "vaient", "vant"),
    "vrir": ("vre", "vres", "vrent", "vrons", "vrez", "vrait", "vraient", "vrant", "vert", "verte", "verts", "vertes"),
    "llir": ("lle", "lles", "llent", "llons", "llez", "llait", "llant"),
    "rir": ("rs", "rt", "rons", "rez", "rent", "rait", "rant", "re", "ru", "rr*"),
    "re": ("s", "", "ons", "ez", "ent", "e", "es", "ais", "ait", "aient", "ant", "u", "ue", "us", "ues", "r*"),
    "prendre": tuple(
        f"pr{end}" for end in ("enons", "enez", "ennent", "enne", "enait", "enaient", "enant", "is", "ise", "ises")
    ),
    "ettre": ("ets", "et", "is", "ise", "ises", "ettr*"),
    "indre": (
        *("ins", "int", "inte", "ints", "intes", "indr*"),
        *("ignons", "ignez", "ignent", "igne", "ignait", "ignaient", "ignant"),
    ),
    "oudre": ("ous", "out", "olvons", "olvez", "olvent", "olve", "olu", "olue", "olus", "olues"),
    "dire": ("dis", "dit", "dite", "dits", "dites", "disons", "disez", "disent", "dise", "disait", "disant", "dir*"),
    "lire": ("lis", "lit", "lisons", "lisez", "lisent", "lise", "lisait", "lisant", "lu", "lue", "lus", "lues", "lir*"),
    "crire": (
        *("cris", "crit", "crite", "crits", "crites", "crir*"),
        *("crivons", "crivez", "crivent", "crive", "crivait", "crivaient", "crivant"),
    ),
    "rire": ("ris", "rit", "rions", "riez", "rient", "rie", "riait", "riant", "ri", "rir*"),
    "uire": ("uis", "uit", "uite", "uits", "uites", "uisons", "uisez", "uisent", "uise", "uisait", "uisant", "uir*"),
    "aître": (
        "ais",
        "aît",
        "aissons",
        "aissez",
        "aissent",
        "aisse",
        "aissait",
        "aissant",
        "u",
        "ue",
        "us",
        "ues",
        "aîtr*",
    ),
    "uivre": ("uis", "uit", "uivi", "uivie", "uivis", "uivies"),
    "cevoir": (
        *("çois", "çoit", "çoivent", "çoive", "çu", "çue", "çus", "çues", "cevr*"),
        *("cevons", "cevez", "cevait", "cevaient", "cevant"),
    ),
    "voir": (
        *(
            "vois",
            "voit",
            "voyons",
            "voyez",
            "voient",
            "voie",
            "voyait",
            "voyaient",
            "voyant",
            "vu",
            "vue",
            "vus",
            "vues",
        ),
        *("verr*", "voir*"),
    ),
}
IRREGULAR: dict[str, str] = {
    "être": "suis es est sommes êtes sont étais était étions étiez étaient serai seras sera serons serez seront serais"
    " serait seraient sois soit soyons soyez soient été étant fut",
    "avoir": "ai as a avons avez ont avais avait avions aviez avaient aurai auras aura aurons aurez auront"
    " aurais aurait auraient aie aies ait ayons ayez aient eu eue eus eues ayant",
    "faire": "fais fait faite faits faites font faisons faisait faisaient faisant"
    " ferai fera ferons ferez feront ferait fasse",
    "aller": "vais vas va vont irai ira irons irez iront irait aille",
    "savoir": "sais sait savons savez savent savait su saura saurez sauront sache sachez sachant",
    "pouvoir": "peux peut pouvons pouvez peuvent pouvait pouvaient pu pourra pourrai pourrons pourrez pourront pourrait"
    " pourraient puisse puissent pouvant",
    "vouloir": "veux veut voulons voulez veulent voulait voulu voulue voudra voudrez voudrait veuillez veuille",
    "devoir": "dois doit devons devez doivent devait dû due dus devra devrez devront devrait devraient doive",
    "falloir": "faut fallait faudra faudrait fallu faille",
    "valoir": "vaut valent valait vaudra vaille valu",
    "suffire": "suffit suffisent suffira suffisait suffisant suffise",
    "croire": "crois croit croyons croyez croient cru croyait",
    "boire": "bois boit buvons buvez boivent bu buvait",
    "vivre": "vis vit vivons vivez vivent vécu vivait vivant",
    "naître": "né née nés nées naît naissent naissance",
    "mourir": "meurs meurt meurent mort morte morts mortes",
    "asseoir": "assis assise assied assieds asseyez",
    "œil": "yeux",
    "monsieur": "messieurs",
    "madame": "mesdames",
}
# What an adjective or a noun in the masculine singular ends with -> its feminine.
FEMININES = (
    ("f", "ve"),
    ("x", "se"),
    ("eur", "euse"),
    ("teur", "trice"),
    ("er", "ère"),
    ("el", "elle"),
    ("en", "enne"),
    ("on", "onne"),
    ("et", "ète"),
    ("et", "ette"),
    ("s", "sse"),
    ("l", "lle"),
    ("c", "che"),
    ("c", "que"),
    ("g", "gue"),
    ("eau", "elle"),
    ("ou", "olle"),
    ("oux", "ouce"),
    ("aux", "ausse"),
)


def forms(word: str) -> Iterator[str]:
    """The word and every form that the rules make of it."""
    yield word
    yield from IRREGULAR.get(word, "").split()
    feminines = [word + "e", *(word[: -len(end)] + new for end, new in FEMININES if word.endswith(end))]
    for one in (word, *feminines):
        yield from (one, f"{one}s", f"{one}x")
    if word.endswith("al"):
        yield f"{word[:-2]}aux"
    for one in (word, *feminines):
        yield f"{one}ment"
    if word.endswith(("ent", "ant")):
        yield f"{word[:-3]}{'e' if word.endswith('ent') else 'a'}mment"
    yield from _conjugated(word)


def _conjugated(word: str) -> Iterator[str]:
    for ending, new in VERBS.items():
        if word.endswith(ending):
            stem = word[: -len(ending)]
            for end in new:
                yield from (stem + end[:-1] + person for person in PERSONS) if end.endswith("*") else (stem + end,)
