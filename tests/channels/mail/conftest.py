"""An installation that speaks mail: `mitoyen run mail` in a process, and a real SMTP server that its mails go to."""

import smtplib
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import make_msgid
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.installation import Installation, free_port

OURS = "demande@mairie.example"
PERSON = "jeanne@exemple.fr"
SEED = """
from mitoyen.territory import register
from mitoyen.territory.models import Address, Commune, Street
register.load_communes()
for insee, name, key, postcode in (("49007", "Rue Bressigny", "rue bressigny", "49100"),
                                   ("49007", "Rue de la Gare", "rue gare", "49100"),
                                   ("49015", "Rue de la Gare", "rue gare", "49240")):
    at = dict(longitude=-0.55, latitude=47.46)
    street = Street.objects.create(commune_id=insee, name=name, key=key, postcode=postcode, **at)
    Address.objects.create(street=street, number="12", **at)
"""
# Requests taken in at the counter, so that they are not held; prints the code and number of each.
SEED_REQUESTS = """
from mitoyen.manifests.registry import services
from mitoyen.services import timeline
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, Way
from mitoyen.services.receiving import Submission, receive
from mitoyen.territory.finding import Spot
service = services.installed()["report_problem"]
for to in {people}:
    request = receive(Submission(service, Channel.COUNTER, {{"category": "lighting", "words": "Lampadaire éteint"}},
        spot=Spot("12 Rue Bressigny, 49100 Angers", "49007", -0.55, 47.46), reach=Reach(Way.MAIL, to, "Jeanne Martin"),
        language="{language}", taken_by="agent@mairie.example"))
    print(request.code, request.pk)
"""
KNOWN = [f"jeanne{number}@exemple.fr" for number in range(40)]
"""Whose requests are made at once, since each command takes a second to start."""


class Sink:
    """A mail server that takes everything, or answers what `refuse` says for a recipient."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str, EmailMessage]] = []
        self.refuse: dict[str, str] = {}

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        mail = BytesParser(policy=policy.default).parsebytes(envelope.original_content)
        assert isinstance(mail, EmailMessage)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos[0], mail))
        return "250 OK"


@dataclass
class Post:
    """The installation, its port for mail, and the sink."""

    installation: Installation
    port: int
    sink: Sink
    environment: dict[str, object] = field(default_factory=dict)
    known: dict[str, tuple[str, int]] = field(default_factory=dict)

    def send(self, mail: EmailMessage | bytes, to: str = OURS, envelope_from: str = PERSON) -> str:
        """Hand a mail in by SMTP; the server's last answer."""
        content = mail if isinstance(mail, bytes) else mail.as_bytes(policy=policy.SMTP)
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as client:
            client.ehlo("relay.example")
            client.mail(envelope_from)
            code, said = client.rcpt(to)
            if code != 250:
                return f"{code} {said.decode()}"
            code, said = client.data(content)
            return f"{code} {said.decode()}"

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """What the state database holds."""
        with closing(sqlite3.connect(f"file:{self.installation.home}/state.sqlite3?mode=ro", uri=True)) as state:
            return list(state.execute(sql, values))

    def received(self, to: str, count: int = 1, seconds: float = 20) -> list[EmailMessage]:
        """The mails that the sink got for someone, once there are so many."""
        deadline = time.monotonic() + seconds
        while True:
            found = [mail for _from, recipient, mail in self.sink.mails if recipient == to]
            if len(found) >= count or time.monotonic() > deadline:
                assert len(found) >= count, f"{len(found)} of {count} mails to {to}"
                return found
            time.sleep(0.05)

    def until(self, sql: str, *values: object, seconds: float = 20) -> list[tuple[Any, ...]]:
        """The rows of a query, once there are some."""
        deadline = time.monotonic() + seconds
        while not (rows := self.query(sql, *values)):
            assert time.monotonic() < deadline, f"nothing: {sql} {values}"
            time.sleep(0.05)
        return rows

    def request(self, to: str = PERSON, language: str = "fr") -> tuple[str, int]:
        """A request taken in at the counter for someone with this address: its code and number."""
        return self.known.get(to) or seeded(self.installation, [to], language)[to]

    def facts(self, code: str) -> list[tuple[str, str]]:
        """Kind and words of each fact of a request, as they followed each other."""
        return self.query(
            "SELECT f.kind, f.words FROM services_fact f JOIN services_request r ON r.id = f.request_id "
            "WHERE r.code = ? ORDER BY f.id",
            code,
        )


def seeded(installation: Installation, people: list[str], language: str = "fr") -> dict[str, tuple[str, int]]:
    """Code and number of a new request for each of some people."""
    printed = installation.python(SEED_REQUESTS.format(people=people, language=language)).split("\n")
    rows = [line.split() for line in printed if line]
    return {person: (code, int(number)) for person, (code, number) in zip(people, rows, strict=True)}


def letter(words: str, subject: str = "", sender: str = PERSON, to: str = OURS, **headers: str) -> EmailMessage:
    """A mail as a person's program writes it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Jeanne Martin <{sender}>", to, subject
    mail["Message-ID"] = make_msgid(domain="exemple.fr")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(words)
    return mail


@contextmanager
def running(
    installation: Installation, port: int, environment: dict[str, object]
) -> "Iterator[subprocess.Popen[bytes]]":
    """`mitoyen run mail`, answering."""
    with (installation.home.parent / "mail.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mitoyen.cli", "run", "mail"],
            env=installation.environment(**environment), stdout=log, stderr=log,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                smtplib.SMTP("127.0.0.1", port, timeout=5).quit()
                break
            except (OSError, smtplib.SMTPException):
                assert process.poll() is None, (installation.home.parent / "mail.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def mail_installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A fresh installation with communes and three streets."""
    made = Installation(tmp_path_factory.mktemp("mail") / "installation")
    made.run("init")
    made.python(SEED)
    return made


@pytest.fixture(scope="session")
def post(mail_installation: Installation) -> Iterator[Post]:
    """Mail, running."""
    sink = Sink()
    server = Controller(sink, hostname="127.0.0.1", port=free_port())
    server.start()
    port = free_port()
    environment: dict[str, object] = {
        "MITOYEN_MAIL_HOST": "127.0.0.1",
        "MITOYEN_MAIL_PORT": server.port,
        "MITOYEN_MAIL_FROM": OURS,
        "MITOYEN_MAIL_LISTEN": f"127.0.0.1:{port}",
        "MITOYEN_CONTACT_PHONE": "02 41 00 00 00",
        "MITOYEN_PUBLIC_URL": "https://mairie.example",
    }
    known = seeded(mail_installation, KNOWN)
    with running(mail_installation, port, environment):
        yield Post(mail_installation, port, sink, environment, known)
    server.stop()


_known, _strangers = iter(KNOWN), (f"stranger{number}@exemple.fr" for number in range(10_000))


@pytest.fixture
def person() -> str:
    """Someone with a request, whom no other test knows."""
    return next(_known)


@pytest.fixture
def stranger() -> str:
    """Someone who never asked anything."""
    return next(_strangers)


def photo_with_place(path: Path) -> bytes:
    """A JPEG of 800 by 600 points whose EXIF says where it was taken."""
    from PIL import Image

    picture = Image.new("RGB", (800, 600), (200, 30, 30))
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (47.0, 28.0, 0.0)
    picture.save(path, "JPEG", exif=exif)
    return path.read_bytes()
