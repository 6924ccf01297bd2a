"""Every public page of the seeded server, by a name for the tests' reports."""

from tests.www.conftest import Server

PLAIN = {
    "home": "/",
    "communes": "/communes/",
    "nothing found": "/communes/?q=zzz",
    "commune": "/communes/angers/",
    "commune, not proven": "/communes/trelaze/",
    "commune, nothing": "/communes/briollay/",
    "poster": "/communes/angers/affiche/",
    "building": "/batiments/angers-ecole-des-ponts/",
    "building, not proven": "/batiments/trelaze-gymnase/",
    "building, increase": "/batiments/angers-mediatheque/",
    "building, odd name": "/batiments/behuard-salle/",
    "account": "/comptes/",
    "account, buildings": "/comptes/batiments/",
    "account, not proven": "/comptes/non-prouve/",
    "method": "/comment-nous-comptons/",
    "data": "/donnees/",
    "data of a commune": "/donnees/communes/angers/",
    "datastream": "/donnees/mesures/angers-mediatheque-heat/heat/",
    "services": "/services/",
    "labels": "/labels/",
    "label": "/labels/street_lamp/",
    "label of an object": "/labels/street_lamp/angers-lampe-12/",
    "usage, a table": "/communes/angers/usages/air/",
    "usage, figures": "/communes/angers/usages/lighting/",
    "accessibility": "/accessibilite/",
}

FIGURES = {
    "figure of a meter": ("datastream", "angers-ecole-des-ponts-gas/gas", "energy_saved"),
    "figure not proven": ("datastream", "trelaze-gymnase-gas/gas", "energy_saved"),
    "figure in euros": ("datastream", "angers-ecole-des-ponts-gas/gas", "cost_saved"),
    "figure of the territory": ("territory", "territory", "energy_saved"),
}

NAMES = [*PLAIN, *FIGURES, "recomputed"]


def path_of(name: str, server: Server) -> str:
    """The page's address, French."""
    if name in PLAIN:
        return PLAIN[name]
    if name == "recomputed":
        return f"/chiffres/{server.figures[FIGURES['figure of a meter']]}/recalcul/"
    return f"/chiffres/{server.figures[FIGURES[name]]}/"
