"""What a person wrote, apart from what their program quoted: shapes of mails as French programs leave them."""

# ruff: noqa: E501 - a mail's lines are as long as they are.

import time

import pytest

from mitoyen.channels.mail.html_text import text_of_html
from mitoyen.channels.mail.quoting import written

OURS = "Bonjour,\nVotre demande K7M-2XA-9FC est en cours.\n-- \nAngers Loire Métropole"
MARKED = "\n".join(f"> {line}" for line in OURS.split("\n"))

# name: (mail, what the person wrote)
SAMPLES = {
    "gmail": (f"C'est réparé, merci.\n\nLe lun. 23 nov. 2026 à 10:12, Mairie <demande@mairie.example> a écrit :\n\n{MARKED}",
              "C'est réparé, merci."),
    "gmail wrapped over two lines": (
        f"Toujours en panne.\n\nLe lun. 23 nov. 2026 à 10:12, Angers Loire Métropole <\n"
        f"demande+r12-abcdefghijklmnop@mairie.example> a écrit :\n\n{MARKED}", "Toujours en panne."),
    "gmail with narrow spaces": (
        f"Oui.\n\nLe lun. 23 nov. 2026 à 10:12, Mairie <d@mairie.example> a\u00a0écrit\u202f:\n{MARKED}", "Oui."),
    "gmail without marks": (f"D'accord.\n\nLe lun. 23 nov. 2026 à 10:12, Mairie <d@mairie.example> a écrit :\n{OURS}",
                            "D'accord."),
    "gmail in English": (f"Still out.\n\nOn Mon, Nov 23, 2026 at 10:12 AM Town Hall <d@mairie.example> wrote:\n{MARKED}",
                         "Still out."),
    "thunderbird": (f"Le trottoir est encore cassé.\n\nLe 23/11/2026 à 10:12, Mairie a écrit :\n{MARKED}\n",
                    "Le trottoir est encore cassé."),
    "thunderbird, answer below": (f"Le 23/11/2026 à 10:12, Mairie a écrit :\n{MARKED}\n\nJe réponds en dessous.",
                                  "Je réponds en dessous."),
    "thunderbird, answers in between": (
        "Le 23/11/2026 à 10:12, Mairie a écrit :\n> 1. Où est-ce ?\n12 rue Bressigny\n> 2. Depuis quand ?\nHier soir",
        "12 rue Bressigny\nHier soir"),
    "apple mail": (f"Bonjour, rien n'a bougé.\n\n> Le 23 nov. 2026 à 10:12, Mairie <d@mairie.example> a écrit :\n> \n{MARKED}",
                   "Bonjour, rien n'a bougé."),
    "iphone": (f"Toujours éteint\n\nEnvoyé de mon iPhone\n\n> Le 23 nov. 2026 à 10:12, Mairie <d@m.example> a écrit :\n{MARKED}",
               "Toujours éteint"),
    "iphone, new mail": ("Le banc est cassé place du Ralliement\n\nEnvoyé de mon iPhone",
                         "Le banc est cassé place du Ralliement"),
    "outlook desktop": (
        "Bonjour,\nC'est toujours bouché.\n\nDe : Mairie <d@mairie.example>\nEnvoyé : lundi 23 novembre 2026 10:12\n"
        f"À : Jeanne Martin <j@exemple.fr>\nObjet : Votre demande K7M-2XA-9FC\n\n{OURS}",
        "Bonjour,\nC'est toujours bouché."),
    "outlook with a rule": (
        "Merci\n________________________________\nDe : Mairie <d@mairie.example>\nEnvoyé : lundi 23 novembre 2026 10:12\n"
        f"À : Jeanne\nObjet : Votre demande\n\n{OURS}", "Merci"),
    "outlook in bold": (
        f"Voici la rue : Bressigny.\n\n*De :* Mairie <d@m.example>\n*Envoyé :* lundi 23 novembre 2026 10:12\n*À :* Jeanne\n"
        f"*Objet :* Demande\n\n{OURS}", "Voici la rue : Bressigny."),
    "outlook with a wrapped recipient": (
        "Oui\n\nDe : Mairie\n<d@mairie.example>\nEnvoyé : lundi 23 novembre 2026\nÀ : Jeanne\nObjet : Demande\n\n" + OURS, "Oui"),
    "old outlook": (f"Ça fuit encore.\n\n-----Message d'origine-----\nDe : Mairie\nEnvoyé : lundi\n\n{OURS}", "Ça fuit encore."),
    "old outlook, curly apostrophe": (f"Ça fuit encore.\n\n----- Message d’origine -----\n{OURS}", "Ça fuit encore."),
    "outlook for android": (
        "Il manque la plaque d'égout.\n\nTélécharger Outlook pour Android<https://aka.ms/AAb9ysg>\n"
        f"________________________________\nFrom: Mairie <d@m.example>\nSent: Monday, November 23, 2026\nTo: Jeanne\n"
        f"Subject: Votre demande\n\n{OURS}", "Il manque la plaque d'égout."),
    "outlook in English": (f"Fixed.\n\n-----Original Message-----\nFrom: Town hall\nSent: Monday\n\n{OURS}", "Fixed."),
    "orange": (f"Pas encore réparé.\n\n> Message du 23/11/26 10:12\n> De : \"Mairie\" <d@m.example>\n> A : jeanne@orange.fr\n"
               f"> Copie à : \n> Objet : Votre demande\n> \n{MARKED}", "Pas encore réparé."),
    "orange without marks": (f"Pas encore.\n\nMessage du 23/11/26 10:12\nDe : Mairie\nA : jeanne@orange.fr\nObjet : x\n\n{OURS}",
                             "Pas encore."),
    "orange phone": (f"Merci pour la réponse\n\nEnvoyé depuis mon mobile Orange\n\n\n-------- Message d'origine --------\n{OURS}",
                     "Merci pour la réponse"),
    "free and zimbra": (f"La lampe clignote.\n\n----- Mail original -----\nDe: \"Mairie\" <d@m.example>\nÀ: jeanne@free.fr\n"
                        f"Envoyé: Lundi 23 Novembre 2026 10:12:00\nObjet: Votre demande\n\n{OURS}", "La lampe clignote."),
    "free webmail": (f"D'accord\n\nLe 23.11.2026 10:12, demande@mairie.example a écrit :\n{MARKED}", "D'accord"),
    "sfr": (f"Bonjour, oui.\n\n========================================\nMessage du : 23/11/2026 10:12\nDe : Mairie\n\n{OURS}",
            "Bonjour, oui."),
    "yahoo": (f"C'est au 14.\n\n    Le lundi 23 novembre 2026 à 10:12:33 UTC+1, Mairie <d@m.example> a écrit :  \n \n {OURS}",
              "C'est au 14."),
    "samsung": (f"C'est fait ?\n\nEnvoyé depuis mon appareil Galaxy\n\n\n-------- Message d'origine --------\nDe : Mairie\n"
                f"Date : 23/11/2026 10:12\nÀ : jeanne\nObjet : x\n\n{OURS}", "C'est fait ?"),
    "proton": (f"Oui, ici.\n\nEnvoyé avec la messagerie sécurisée Proton Mail.\n\nLe lundi 23 novembre 2026 à 10:12, Mairie "
               f"<d@m.example> a écrit :\n\n{MARKED}", "Oui, ici."),
    "roundcube": (f"Oui\n\nLe 2026-11-23 10:12, Mairie a écrit :\n{MARKED}", "Oui"),
    "horde": (f"Oui\n\nMairie <d@m.example> a écrit :\n\n{MARKED}", "Oui"),
    "notes": (f"Oui\n\nMairie <d@m.example> a écrit le 23/11/2026 10:12 :\n\n{MARKED}", "Oui"),
    "windows mail": (f"Le feu est rouge.\n\nProvenance : Courrier pour Windows\n\nDe : Mairie\nEnvoyé le :lundi 23 novembre\n"
                     f"À : Jeanne\nObjet : x\n\n{OURS}", "Le feu est rouge."),
    "a virus scanner's line": ("Ma haie.\n\nGaranti sans virus. www.avast.com", "Ma haie."),
    "signature": ("Un arbre est tombé.\n\n-- \nJeanne Martin\n06 12 34 56 78", "Un arbre est tombé."),
    "signature without its blank": ("Un arbre est tombé.\n--\nJeanne Martin", "Un arbre est tombé."),
    # What must not be lost.
    "a sentence like an attribution": ("Le maire m'a écrit :\nnous viendrons mardi.\nPersonne n'est venu.",) * 2,
    "a dated sentence like one": ("Le 12 mars mon voisin a écrit :\n« ça suffit ».\nVoilà.",) * 2,
    "a letter's header": ("De : ma fenêtre je vois le lampadaire.\nIl est éteint.",) * 2,
    "a list with dashes": ("Il faudrait :\n- un banc\n-- deux arbres\n- une fontaine",) * 2,
    "two dashes and a long text": ("Haut\n--\n" + "\n".join(f"ligne {n}" for n in range(20)),) * 2,
    "a forwarded mail": ("Voyez ce qu'on m'écrit.\n\n---------- Forwarded message ---------\nDe : Le voisin\nVotre arbre tombe.",) * 2,
    "posted yesterday": ("Envoyé par la poste hier, mon courrier n'est pas arrivé.\nQue faire ?",) * 2,
    "only a quote, as a person's indentation": ("> Mon mail à moi\nest cité mais pas tout", "est cité mais pas tout"),
    "only a signature": ("-- \nUn arbre est tombé", "-- \nUn arbre est tombé"),
    "answer inside the quoted block": (
        f"De : Mairie\nEnvoyé : lundi\nÀ : Jeanne\nObjet : x\n\n{OURS}\nMa réponse est ici.",) * 2,
    "a line above the attribution that starts alike": (
        f"Le lampadaire clignote\nLe 12 est éteint\nLe 23/11/2026 à 10:12, Mairie a écrit :\n{MARKED}", "Le lampadaire clignote\nLe 12 est éteint"),
    "no empty line above the attribution": (f"Un mot.\nMerci\nLe 23/11/2026 à 10:12, Mairie a écrit :\n{MARKED}", "Un mot.\nMerci"),
    "accents decomposed": ("La rue e\u0301troite est bouche\u0301e.",) * 2,
    "nothing but a quote": (f"Le 23/11/2026 à 10:12, Mairie a écrit :\n{MARKED}", ""),
}  # fmt: skip


@pytest.mark.parametrize(("mail", "own"), SAMPLES.values(), ids=SAMPLES)
def test_the_persons_own_words_are_found(mail, own):
    assert written(mail) == own.strip()


def test_the_same_with_windows_line_ends():
    wrong = [name for name, (mail, own) in SAMPLES.items() if written(mail.replace("\n", "\r\n")) != own.strip()]
    assert not wrong


HTML = {
    "gmail": '<div dir="ltr">Toujours <b>éteint</b>.<br>Merci</div><br><div class="gmail_quote"><div class="gmail_attr">Le lun. '
             '23 nov. 2026 à 10:12, Mairie &lt;<a href="mailto:d@m.example">d@m.example</a>&gt; a écrit&nbsp;:<br></div>'
             '<blockquote class="gmail_quote"><p>Bonjour</p></blockquote></div>',
    "outlook": '<html><head><style>p{color:red}</style></head><body><p>Toujours éteint.</p><p>Merci</p><div id="divRplyFwdMsg">'
               '<hr><b>De :</b> Mairie &lt;d@m.example&gt;<br><b>Envoyé :</b> lundi 23 novembre 2026<br><b>À :</b> J<br>'
               '<b>Objet :</b> x</div><div>Bonjour</div></body></html>',
    "thunderbird": '<html><body><p>Toujours éteint.<br>Merci</p><div class="moz-cite-prefix">Le 23/11/2026 à 10:12, Mairie '
                   'a écrit&nbsp;:<br></div><blockquote type="cite"><p>Bonjour</p><p>Votre demande</p></blockquote></body></html>',
    "orange": '<p>Toujours éteint.</p><p>Merci</p><blockquote>&gt; Message du 23/11/26<br>&gt; De : Mairie</blockquote>',
    "a head that never ends": "<html><head><title>x<body><p>Toujours éteint.</p><p>Merci</p>",
    "nested and unclosed": "<div>" * 3000 + "Toujours éteint.<br>Merci" + "<blockquote>" * 50 + "Bonjour",
    "entities and comments": "<!-- caché -->Toujours&#32;&eacute;teint.<script>alert(1)</script><br/>Merci",
}  # fmt: skip


@pytest.mark.parametrize("html", HTML.values(), ids=HTML)
def test_html_alone_reads_as_its_words(html):
    told = " ".join(written(text_of_html(html)).split()).replace("éteint .", "éteint.")
    assert told == "Toujours éteint. Merci"


@pytest.mark.parametrize(
    "hostile",
    ["Le " + "a " * 90_000, "Le 1 " * 30_000 + "a écrit :", ">" * 200_000, "\n" * 200_000, "De : x\n" * 30_000,
     "-" * 200_000, "--\n" * 60_000, "Envoyé de mon x\n\n" * 12_000, "1. " * 60_000],
    ids=["le", "attributions", "marks", "lines", "blocks", "dashes", "signatures", "trailers", "numbers"],
)  # fmt: skip
def test_no_text_of_200_kb_takes_long(hostile):
    started = time.monotonic()
    written(hostile)
    assert time.monotonic() - started < 2
