"""A small desk: one school in Angers with its meter, one finding, one action; people with roles."""

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import pytest

from mitoyen.territory.enums import RoleName

FIRST, LAST = dt.date(2024, 1, 1), dt.date(2024, 3, 31)


def person(email, *roles):
    """Someone with (role, commune or None) pairs."""
    from mitoyen.territory.models import Person, Role

    # Nobody types a password here: `create_user` would take most of a test's time to hash one.
    someone = Person(email=email, name=email.partition("@")[0].capitalize())
    someone.set_unusable_password()
    someone.save()
    for name, commune in roles:
        Role.objects.create(person=someone, name=name, commune=commune)
    return someone


def report(words, commune, channel="counter", reach=None, **more):
    """A request about a street, taken in at the counter unless said otherwise."""
    from mitoyen.manifests.registry import services
    from mitoyen.services.contacts import Reach
    from mitoyen.services.receiving import Submission, receive
    from mitoyen.territory.finding import Spot

    spot = Spot(f"3 rue des Ponts, {commune.name}", commune.insee, commune.longitude, commune.latitude)
    raw = {"category": "road", "words": words}
    service = services.installed()["report_problem"]
    return receive(Submission(service, channel, raw, spot=spot, reach=reach or Reach(), **more))


def bring_in(stream, hours, value, source="releves.csv", by="officer@example.org"):
    """A batch of hourly readings of one value, live."""
    from mitoyen.history.batches import commit, open_batch
    from mitoyen.history.engine import connected
    from mitoyen.history.staging import stage

    batch = open_batch("file", source, by, "ab" * 32)
    batch.summary = {"datastreams": [stream.name]}
    batch.save()
    rows = (
        f"SELECT {stream.pk} AS datastream, TIMESTAMP '{FIRST}' + INTERVAL 1 HOUR * (i + 1) AS time, 3600 AS length,"
        f" {value}::DOUBLE AS value, 0 AS quality FROM range({hours}) t(i)"
    )
    with connected() as con:
        commit(stage(con, rows, batch))
    batch.refresh_from_db()
    return batch


def registered_device(thing, serial="SONDE-1", **health):
    """A device that measures the temperature of a thing, registered, with this health where there is any."""
    from mitoyen.connect.devices.models import DeviceModel, Field, Health, Registration
    from mitoyen.territory.models import Deployment, Device

    device = Device.objects.create(serial=serial)
    model, new = DeviceModel.objects.get_or_create(slug="acme-probe", defaults={"maker": "Acme", "name": "Probe"})
    if new:
        Field.objects.create(model=model, path="t", observed_property="temperature", unit="Cel", why=[["name", "t"]])
    starts = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    Deployment.objects.create(device=device, thing=thing, observed_property=f"temperature_{device.pk}", starts=starts)
    if health:
        Health.objects.create(device=device, **health)
    return Registration.objects.create(device=device, address=f"70b3d5000000{device.pk:04x}", model=model)


@pytest.fixture(autouse=True)
def static_folder(settings):
    """`mitoyen init` makes it; whitenoise warns where it is missing."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def desk(db, home):
    """What the pages show, as a namespace."""
    from mitoyen.connect.devices.models import RegisterImport
    from mitoyen.connect.models import Upload
    from mitoyen.evaluate.models import Action, Closure
    from mitoyen.history.datastreams import datastream_for
    from mitoyen.history.models import Batch
    from mitoyen.operate.alerts.models import Alert
    from mitoyen.operate.models import Finding
    from mitoyen.operate.work.ordering import Asked, open_order
    from mitoyen.services.models import Opening, Venue
    from mitoyen.territory.models import Agreement, Commune, Deployment, Device, Partner, Place, Thing
    from mitoyen.territory.register import load_communes
    from tests.www.desk import sheets

    load_communes()
    angers, trelaze = Commune.objects.get(slug="angers"), Commune.objects.get(slug="trelaze")
    school = Thing.objects.create(slug="ecole", name="École des Ponts", kind="building", commune=angers)
    meter = Thing.objects.create(slug="ecole-gaz", name="Chaufferie", kind="meter", commune=angers, part_of=school)
    stream = datastream_for(meter, "gas", "kWh", "delta")
    batch = Batch.objects.create(
        origin="file",
        state="live",
        source="releves.csv",
        by="officer@example.org",
        summary={"datastreams": [stream.name]},
    )
    device = Device.objects.create(serial="OLD-1")
    starts = dt.datetime(2023, 1, 1, tzinfo=dt.UTC)
    Deployment.objects.create(device=device, thing=meter, observed_property="gas", starts=starts)
    finding = Finding.objects.create(
        key="buildings/night_base_load/ecole-gaz/gas",
        rule="heating_closed_hours",
        thing=school,
        datastream=stream,
        commune=angers,
        first=dt.date(2024, 2, 1),
        last=LAST,
        amount=21000,
        eur=1890.0,
        evidence={"facts": {"percent": 96, "closed_mean": 11.8, "open_mean": 12.3, "usual_percent": 65}, "sure": True},
    )
    action = Action.objects.create(thing=school, title="Isolation des combles", kind="insulation", starts=FIRST)
    closure = Closure.objects.create(thing=school, first=FIRST, last=LAST, reason="Travaux")
    upload = Upload.objects.create(name="a.csv", path="", sha256="", size=12, by="officer@example.org", commune="49007")
    place = Place.objects.create(slug="parc-angers", name="Parc", commune=angers, address="1 rue du Parc")
    organisation = Partner.objects.create(slug="enedis", name="Enedis", kind="gestionnaire de réseau")
    agreement = Agreement.objects.create(partner=organisation, purpose="Courbes de charge", starts=FIRST)
    venue = Venue.objects.create(place=place, service="digital_help")
    opening = Opening.objects.create(venue=venue, weekday=1, starts=dt.time(9), ends=dt.time(12))
    demand = report("Un trou devant le 3.", angers)
    alert = Alert.objects.create(
        key=f"buildings/too_hot/{school.pk}", usage="buildings", rule="too_hot", thing=school, commune=angers,
        level="warning", since=starts, opened_at=starts, seen_last=starts, datastream=stream,
    )  # fmt: skip
    order = open_order(Asked("Régler la chaudière", school, alerts=[alert]), "operator@example.org")
    form = sheets.sheet_form()
    registration = registered_device(school)
    return SimpleNamespace(
        registration=registration, device_model=registration.model,
        device_file=RegisterImport.objects.create(name="capteurs.csv", sha256="", by="operator@example.org"),
        venue=venue, opening=opening,
        demand=demand, service="report_problem", alert=alert, order=order,
        sheet_form=form, sheet=form.sheets.first(), letters=sheets.letters(demand), call=sheets.call(demand),
        angers=angers, trelaze=trelaze, school=school, meter=meter, stream=stream, batch=batch, finding=finding,
        action=action, closure=closure, upload=upload, place=place,
        organisation=organisation, agreement=agreement,
        officer=person("officer@example.org", (RoleName.ENERGY_OFFICER, angers)),
        elsewhere=person("elsewhere@example.org", (RoleName.ENERGY_OFFICER, trelaze)),
        reader=person("reader@example.org", (RoleName.READER, angers)),
        contractor=person("contractor@example.org", (RoleName.CONTRACTOR, angers)),
        clerk=person("clerk@example.org", (RoleName.COUNTER_CLERK, angers)),
        clerk_trelaze=person("clerk.trelaze@example.org", (RoleName.COUNTER_CLERK, trelaze)),
        moderator=person("moderator@example.org", (RoleName.MODERATOR, angers)),
        partner=person("partner@example.org", (RoleName.PARTNER, None)),
        operator=person("operator@example.org", (RoleName.OPERATOR, None)),
        admin=person("admin@example.org", (RoleName.ADMINISTRATOR, None)),
        admin_trelaze=person("admin.trelaze@example.org", (RoleName.ADMINISTRATOR, trelaze)),
    )  # fmt: skip


@pytest.fixture
def readings(desk):
    """Three months of hourly readings of 12.5 kWh on the school's meter, live; gives their batch."""
    return bring_in(desk.stream, ((LAST - FIRST).days + 1) * 24, 12.5)


@pytest.fixture
def sign_in(client):
    """`sign_in(person)` gives the client, signed in as that person."""

    def signed_in(someone):
        client.force_login(someone, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return signed_in
