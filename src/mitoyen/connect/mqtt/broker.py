"""The link to the broker: a persistent session, messages with a promise (QoS 1), acknowledged by hand."""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from mitoyen.connect.mqtt import tls
from mitoyen.connect.mqtt.eager import Eager
from mitoyen.connect.mqtt.inbox import Held, Inbox
from mitoyen.connect.mqtt.topics import Topics
from mitoyen.connect.uplinks.messages import Message

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1, 30
LEAVE_WITHIN_S = 2.0

logger = logging.getLogger(__name__)


class Address(NamedTuple):
    """Where the broker is and who we are there. `client` names the session that it keeps for us.

    `ca`: file of the authorities that may have signed its certificate, "" for the machine's own; `certificate`, `key`:
    files of ours, where the broker asks for one.
    """

    host: str
    port: int
    client: str
    user: str = ""
    password: str = ""
    tls: bool = False
    keepalive_s: int = 30
    ca: str = ""
    certificate: str = ""
    key: str = ""


class Broker:
    """Messages go to `inbox`. paho's thread reads the network and answers keepalives, whatever takes messages in."""

    def __init__(self, address: Address, topics: Topics, inbox: Inbox) -> None:
        self._address, self._topics, self._inbox = address, topics, inbox
        self._connection = 0
        # Held while acknowledging: a message's number means another one in the next connection.
        self._steady = threading.Lock()
        self.retained = self.unasked = 0
        self.connected = self.subscribed = False
        self._client = _client(address)
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe

    def start(self) -> None:
        """Connect, now or when it becomes possible, and again whenever the link breaks."""
        self._client.connect_async(self._address.host, self._address.port, self._address.keepalive_s)
        self._client.loop_start()

    def stop(self) -> None:
        """Leave once the broker has the acknowledgements, so that little comes again.

        It answers in order: what it says to a subscription asked for again comes after all that was acknowledged.
        """
        deadline = time.monotonic() + LEAVE_WITHIN_S
        if self.connected:
            self.subscribed = False
            self._client.subscribe([(pattern, 1) for pattern in self._topics.filters])
        while self.connected and not self.subscribed and time.monotonic() < deadline:
            time.sleep(0.01)
        self._client.disconnect()
        self._client.loop_stop()

    def acknowledge(self, held: Sequence[Held]) -> int:
        """Acknowledge what came over this connection; how many. The broker brings the others again."""
        with self._steady:
            ours = [one for one in held if one.qos and one.connection == self._connection]
            for one in ours:
                self._client.ack(one.number, one.qos)
        return len(ours)

    def _on_connect(
        self, client: Client, _data: Any, flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            logger.warning("MQTT: %s:%s refuses us: %s.", self._address.host, self._address.port, reason)
            return
        self.connected = True
        again = "its session goes on" if flags.session_present else "a new session"
        logger.info("MQTT: connected to %s:%s (%s).", self._address.host, self._address.port, again)
        # Again each time: the setting may name other topics than the session does.
        client.subscribe([(pattern, 1) for pattern in self._topics.filters])

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        self.subscribed = True
        for pattern, reason in zip(self._topics.filters, reasons, strict=False):
            if reason.is_failure:
                logger.warning("MQTT: the broker refuses the topic %s: %s.", pattern, reason)

    def _on_connect_fail(self, _client: Client, _data: Any) -> None:
        where = f"{self._address.host}:{self._address.port}"
        logger.warning("MQTT: %s", self._client.trouble or f"nothing answers at {where}.")

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        with self._steady:
            self._connection += 1
        self.connected = self.subscribed = False
        if reason.is_failure:
            logger.warning("MQTT: the link broke: %s.", reason)

    def _on_message(self, client: Client, _data: Any, came: MQTTMessage) -> None:
        form = self._topics.format_of(came.topic)
        # What a broker repeats to each new subscriber has come before, and nobody knows when it was said.
        if came.retain or form is None:
            self.retained += came.retain
            self.unasked += form is None
            client.ack(came.mid, came.qos)
            return
        message = Message(form, bytes(came.payload), time.time_ns() // 1000, "mqtt", came.topic)
        self._inbox.put(Held(message, came.mid, came.qos, self._connection))


class _Client(Client):
    trouble = ""
    """Why there was no encrypted link the last time we called: paho keeps it to itself."""

    def _create_socket(self) -> Any:
        self.trouble = ""
        return Eager(super()._create_socket())  # type: ignore[arg-type]

    def _ssl_wrap_socket(self, tcp_sock: Any) -> Any:
        # As paho's own, which leaves the socket open when the broker can't be trusted.
        made = self._ssl_context.wrap_socket(tcp_sock, server_hostname=self.host, do_handshake_on_connect=False)  # type: ignore[union-attr]
        made.settimeout(self._connect_timeout)
        try:
            made.do_handshake()
        except OSError as error:
            made.close()
            self.trouble = tls.told(error, f"{self.host}:{self.port}")
            raise
        return made


def _client(address: Address) -> _Client:
    client = _Client(
        CallbackAPIVersion.VERSION2, address.client, clean_session=False, protocol=MQTTv311, manual_ack=True
    )
    if address.user:
        client.username_pw_set(address.user, address.password)
    if address.tls:
        client.tls_set_context(tls.context(address.ca, address.certificate, address.key))
    client.reconnect_delay_set(FIRST_PAUSE_S, LONGEST_PAUSE_S)
    return client
