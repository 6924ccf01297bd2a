"""Generated requests of generated people, on every channel: something to show at the desk and on the public pages.

Nothing of them is real, and each page that shows them says so. Requests on paper wait longer before someone passes them
on: a slower channel that the comparison of channels must find, with its step.
"""

import datetime as dt
import random
import uuid
from dataclasses import dataclass
from itertools import count

from django.db import transaction
from django.utils import timezone
from django.utils.translation import override

from mitoyen.manifests.registry import services
from mitoyen.manifests.service_schema import ServiceManifest
from mitoyen.services import codes, routing
from mitoyen.services.enums import Channel, FactKind, State
from mitoyen.services.models import Fact, GivenUp, Opening, Request, Venue
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Commune, Place
from mitoyen.territory.places import record_place

SOURCE = "demo:requests"
DAYS = 180
A_DAY = 5
SHARES = {
    Channel.WEB: 0.38,
    Channel.PHONE: 0.22,
    Channel.COUNTER: 0.18,
    Channel.SMS: 0.1,
    Channel.MAIL: 0.07,
    Channel.PAPER: 0.05,
}
PAPER_WAITS = dt.timedelta(days=3)
BY = "accueil@metropole.example"
REOPENED = 0.08
AGAIN = "Ce n’est pas encore réglé."


@dataclass(frozen=True, slots=True)
class Model:
    """What someone may ask: category, words, and what was answered."""

    category: str
    words: str
    answer: str


REPORTS = (
    Model("lighting", "Le lampadaire est éteint depuis trois soirs.", "L’ampoule est changée. Merci de l’avoir dit."),
    Model("lighting", "Deux lampadaires restent allumés en plein jour.", "La cellule est réglée : ils s’éteignent."),
    Model("road", "Un trou dans la chaussée, dangereux à vélo.", "Le trou est rebouché ce matin."),
    Model("road", "Le trottoir s’affaisse devant l’école.", "Une équipe passe jeudi ; le passage est balisé."),
    Model("cleanliness", "Du verre cassé au pied du banc.", "Le verre est ramassé."),
    Model("waste", "La corbeille déborde depuis dimanche.", "Elle est vidée. Nous passerons plus souvent."),
    Model("waste", "Un matelas déposé sur le trottoir.", "Il est enlevé."),
    Model("water", "L’eau coule sous le regard, jour et nuit.", "La fuite est réparée. Merci : 4 m³ par jour perdus."),
    Model("green_space", "Une branche menace de tomber sur l’allée.", "La branche est coupée."),
    Model("signs", "Le panneau de stop est tourné.", "Le panneau est remis droit."),
    Model("other", "Un banc du square est cassé.", "Le banc est réparé dans la semaine."),
)
IDEAS = (
    ("Un banc à mi-pente, rue des Écoles", "Les personnes âgées pourraient s’y reposer en montant au marché."),
    ("Ouvrir la cour de l’école le samedi", "Elle est à l’ombre, et le quartier n’a pas de parc."),
    ("Éteindre la zone d’activités la nuit", "Personne n’y passe entre minuit et cinq heures."),
)


def make(seed: int) -> int:
    """Make the requests and the places to meet once; how many requests there are."""
    made = Request.objects.filter(source=SOURCE)
    if made.exists():
        return made.count()
    rng = random.Random(seed)
    with transaction.atomic(), override("fr"):
        _venues()
        told = _reports(rng) + _ideas(rng)
        _what_went_on(random.Random(seed + 1))
        return told


def _venues() -> None:
    """Where one is helped with digital matters, in the largest communes, on Tuesday and Thursday mornings."""
    for commune in Commune.objects.order_by("-population")[:12]:
        place = Place.objects.filter(slug=f"mairie-{commune.slug}").first() or record_place(
            "Accueil de la mairie", commune, "mitoyen demo", slug=f"mairie-{commune.slug}"
        )
        venue, created = Venue.objects.get_or_create(place=place, service="digital_help")
        if created:
            for weekday in (1, 3):
                Opening.objects.create(venue=venue, weekday=weekday, starts=dt.time(9), ends=dt.time(12), minutes=45)


def _reports(rng: random.Random) -> int:
    manifest = services.installed()["report_problem"].manifest
    communes = list(Commune.objects.order_by("insee"))
    weights = [commune.population for commune in communes]
    channels, shares = list(SHARES), list(SHARES.values())
    now, numbers = timezone.now(), count(1)
    requests, facts = [], []
    for day in range(DAYS, 0, -1):
        for _nth in range(A_DAY):
            commune = rng.choices(communes, weights)[0]
            channel = rng.choices(channels, shares)[0]
            model = rng.choice(REPORTS)
            at = (now - dt.timedelta(days=day)).replace(hour=rng.randint(7, 19), minute=rng.randint(0, 59))
            request = _request(rng, manifest, channel, commune, at=at, number=next(numbers))
            label = f"{rng.randint(1, 80)} rue des Tilleuls, {commune.name}"
            request.category = model.category
            request.answers = {
                "category": model.category,
                "place": {
                    "label": label,
                    "commune": commune.insee,
                    "longitude": request.longitude,
                    "latitude": request.latitude,
                },
                "words": model.words,
            }
            request.team = routing.team_for(manifest, model.category, commune.insee).name
            request.promised_for = at.date() + dt.timedelta(days=manifest.answer_days)
            requests.append(request)
            facts.append(_life(rng, request, model, now))
    return _store(requests, facts)


def _what_went_on(rng: random.Random) -> None:
    """A few of those answered were opened again before they were closed, the same share on each channel; a few were
    begun and left."""
    finished = Request.objects.filter(source=SOURCE, state=State.CLOSED).order_by("pk")
    again = [request for request in finished if rng.random() < REOPENED]
    for request in again:
        request.reopened = 1
        answered, closed = request.answered_at or request.received_at, request.closed_at or timezone.now()
        at = answered + (closed - answered) / 2
        Fact.objects.create(request=request, kind=FactKind.REOPENED, at=at, channel=request.channel, words=AGAIN)
    Request.objects.bulk_update(again, ["reopened"])
    today = timezone.localdate()
    GivenUp.objects.bulk_create(
        GivenUp(
            service="report_problem", channel=channel, origin=Origin.GENERATED, count=rng.randint(1, 3),
            day=today - dt.timedelta(days=days),
        )
        for channel in (Channel.SMS, Channel.MAIL, Channel.PAPER)
        for days in range(9, DAYS, 18)
    )  # fmt: skip


def _ideas(rng: random.Random) -> int:
    manifest = services.installed()["propose_idea"].manifest
    communes = list(Commune.objects.order_by("-population")[:3])
    now = timezone.now()
    requests, facts = [], []
    for number, ((title, words), commune) in enumerate(zip(IDEAS, communes, strict=True), 1):
        at = now - dt.timedelta(days=number * 11)
        request = _request(rng, manifest, Channel.WEB, commune, at=at, number=100_000 + number)
        request.answers = {"title": title, "words": words}
        request.team = manifest.teams[0].name
        request.promised_for = at.date() + dt.timedelta(days=manifest.answer_days)
        requests.append(request)
        facts.append([Fact(kind=FactKind.RECEIVED, at=at, channel=Channel.WEB)])
    return _store(requests, facts)


def _request(
    rng: random.Random, manifest: ServiceManifest, channel: Channel, commune: Commune, *, at: dt.datetime, number: int
) -> Request:
    return Request(
        code=codes.new_code(),
        submission=uuid.UUID(int=rng.getrandbits(128), version=4),
        service=manifest.name,
        version=manifest.version,
        channel=channel,
        commune=commune,
        longitude=commune.longitude + rng.gauss(0, 0.006),
        latitude=commune.latitude + rng.gauss(0, 0.004),
        received_at=at,
        origin=Origin.GENERATED,
        source=SOURCE,
        source_key=str(number),
    )


def _life(rng: random.Random, request: Request, model: Model, now: dt.datetime) -> list[Fact]:
    """What happened to a request until now."""
    facts = [Fact(kind=FactKind.RECEIVED, at=request.received_at, channel=request.channel)]
    passed = request.received_at + dt.timedelta(hours=rng.expovariate(1 / 8))
    passed += PAPER_WAITS if request.channel == Channel.PAPER else dt.timedelta()
    answered = passed + dt.timedelta(hours=rng.expovariate(1 / 30))
    closed = answered + dt.timedelta(hours=rng.expovariate(1 / 40))
    if passed < now:
        facts.append(Fact(kind=FactKind.PASSED_ON, at=passed, by=BY, detail={"to": request.team}))
    if answered < now:
        request.state, request.answered_at = State.ANSWERED, answered
        facts.append(Fact(kind=FactKind.ANSWERED, at=answered, by=BY, words="Une équipe est prévenue."))
    if closed < now:
        request.state, request.closed_at = State.CLOSED, closed
        facts.append(Fact(kind=FactKind.CLOSED, at=closed, by=BY, words=model.answer))
    return facts


def _store(requests: list[Request], facts: list[list[Fact]]) -> int:
    made = Request.objects.bulk_create(requests, batch_size=500)
    for request, own in zip(made, facts, strict=True):
        for fact in own:
            fact.request = request
    Fact.objects.bulk_create([fact for own in facts for fact in own], batch_size=1000)
    return len(made)
