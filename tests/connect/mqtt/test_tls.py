"""An encrypted link to a real Mosquitto, with certificates made for the test; the wrong ones are refused in words."""

import datetime as dt
import logging
import ssl
import subprocess
import threading
from contextlib import contextmanager
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner

from mitoyen.cli import mqtt  # noqa: F401 - registers the command
from mitoyen.cli.main import app
from mitoyen.connect.mqtt import running, topics
from mitoyen.connect.mqtt.broker import Broker
from mitoyen.connect.mqtt.consuming import Consumer
from mitoyen.connect.mqtt.inbox import Inbox
from mitoyen.connect.mqtt.topics import Topics
from mitoyen.ledger.refusal import Refused
from tests.connect.mqtt.conftest import PASSWORD, USER, Mosquitto
from tests.connect.mqtt.test_consuming import reading, take, wait_until
from tests.connect.uplinks.conftest import afresh, site, stored  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)


class Authority:
    """Signs certificates; its own file is `ca`."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.ca = folder / f"{name}.pem"
        self.ca.write_bytes(self._signed(self.name, self.key, x509.BasicConstraints(ca=True, path_length=None)))

    def issue(self, name, *hosts):
        """Files of a certificate and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName(hosts) if hosts else None
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate, private = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        certificate.write_bytes(self._signed(subject, key, alternatives))
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        private.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
        return str(certificate), str(private)

    def _signed(self, subject, key, extension):
        now = dt.datetime.now(dt.UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
        builder = builder.not_valid_after(now + dt.timedelta(days=2))
        if extension is not None:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Encrypted(Mosquitto):
    """As `mitoyen mqtt config` prints it with these options."""

    options: tuple[str, ...] = ()

    def configure(self):
        passwords = self.folder / "passwd"
        passwords.touch(mode=0o600)
        subprocess.run(["mosquitto_passwd", "-b", str(passwords), USER, PASSWORD], check=True, capture_output=True)
        options = ["--listener", f"{self.port} 127.0.0.1", "--data", str(self.folder), "--password-file", passwords]
        command = ["mqtt", "config", *map(str, options), *self.options]
        printed = CliRunner().invoke(app, command, catch_exceptions=False)
        assert printed.exit_code == 0, printed.output
        (self.folder / "mosquitto.conf").write_text(printed.output + "user root\nconnection_messages true\n")


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "authority")


@contextmanager
def broker(folder, authority, *more, host=None):
    own = authority.issue("broker", host or x509.IPAddress(ip_address("127.0.0.1")))
    made = Encrypted(folder)
    made.options = ("--certificate", own[0], "--key", own[1], *more)
    made.configure()
    made.start()
    try:
        yield made
    finally:
        made.stop()


@contextmanager
def connecting(settings, port, **options):
    """The link that the settings describe."""
    given = {"mqtt_host": "127.0.0.1", "mqtt_port": port, "mqtt_tls": True, **options}
    settings.MITOYEN = {**settings.MITOYEN, **given}
    inbox = Inbox()
    link = Broker(running.address(), Topics(topics.read("town/#=plain")), inbox)
    consumer = Consumer(inbox, link.acknowledge, threading.Event())
    link.start()
    try:
        yield link, consumer
    finally:
        link.stop()


def publish(port, ca, certificate=None, **account):
    """One reading, as a network server would send it."""
    client = Client(CallbackAPIVersion.VERSION2)
    context = ssl.create_default_context(cafile=str(ca))
    if certificate:
        context.load_cert_chain(*certificate)
    client.tls_set_context(context)
    if account:
        client.username_pw_set(**account)
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.publish("town/a", reading(1), 1).wait_for_publish(20)
    client.disconnect()
    client.loop_stop()


def test_a_password_over_an_encrypted_link(tmp_path, settings, authority, site):  # noqa: F811
    account = {"mqtt_user": USER, "mqtt_password": PASSWORD}
    with (
        broker(tmp_path, authority) as server,
        connecting(settings, server.port, mqtt_ca=str(authority.ca), **account) as (link, consumer),
    ):
        wait_until(lambda: link.subscribed)
        publish(server.port, authority.ca, username=USER, password=PASSWORD)
        assert take(consumer, 1).accepted == 1
        assert consumer.acknowledged == 1
    assert [value for _time, value in stored()] == [0.1]


def test_a_certificate_in_place_of_a_password(tmp_path, settings, authority, site, caplog):  # noqa: F811
    certificate, key = authority.issue("mitoyen")
    ours = {"mqtt_ca": str(authority.ca), "mqtt_certificate": certificate, "mqtt_key": key}
    stranger = Authority(tmp_path, "stranger").issue("nobody")
    with broker(tmp_path, authority, "--client-ca", str(authority.ca)) as server:
        with connecting(settings, server.port, **ours) as (link, consumer):
            wait_until(lambda: link.subscribed)
            publish(server.port, authority.ca, (certificate, key))
            assert take(consumer, 1).accepted == 1
        without = {"mqtt_certificate": "", "mqtt_key": "", "mqtt_user": USER, "mqtt_password": PASSWORD}
        others = {"mqtt_certificate": stranger[0], "mqtt_key": stranger[1]}
        for wrong in (without, others):
            caplog.clear()
            with connecting(settings, server.port, **{**ours, **wrong}) as (link, _consumer):
                wait_until(lambda: "the broker ends the encrypted link" in caplog.text)
                assert not link.connected


@pytest.mark.parametrize("fault", ["another authority", "another name", "no TLS"])
def test_a_broker_that_can_not_be_trusted_is_refused_in_words(tmp_path, settings, authority, caplog, fault, home):
    caplog.set_level(logging.WARNING)
    ca = Authority(tmp_path, "another").ca if fault == "another authority" else authority.ca
    host = x509.DNSName("broker.example.org") if fault == "another name" else None
    says = {
        "another authority": "the certificate of 127.0.0.1:{} can't be trusted: unable to get local issuer",
        "another name": "the certificate of 127.0.0.1:{} can't be trusted: IP address mismatch",
        "no TLS": "there is no encrypted link to 127.0.0.1:{}",
    }[fault]
    with broker(tmp_path, authority, host=host) as server:
        if fault == "no TLS":
            server.stop()
            server.options = ()
            server.configure()
            server.start()
        with connecting(settings, server.port, mqtt_ca=str(ca)) as (link, _consumer):
            wait_until(lambda: says.format(server.port) in caplog.text or link.connected)
            assert not link.connected
    assert "mqtt_ca" in caplog.text if fault != "no TLS" else "mqtt_port" in caplog.text


def test_files_that_are_none_are_refused(tmp_path, settings, authority, home):
    certificate, key = authority.issue("mitoyen")
    for wrong, name in (
        ({"mqtt_ca": str(tmp_path / "absent")}, "mqtt_ca"),
        ({"mqtt_ca": key}, "mqtt_ca"),
        ({"mqtt_certificate": certificate, "mqtt_key": str(authority.ca)}, "mqtt_key"),
    ):
        with pytest.raises(Refused, match=name), connecting(settings, 1, **{"mqtt_ca": "", **wrong}):
            pass
