"""How the messages of each network server are built: data, not code. The first path that holds something counts.

`checked` names the published description that a format was checked against (its structure; the tests' values are our
own); without one the format is listed as unverified.
"""

from dataclasses import dataclass

from mitoyen.connect.uplinks import strict
from mitoyen.connect.uplinks.messages import Unreadable

Path = tuple[str, ...]


def at(*paths: str) -> tuple[Path, ...]:
    """Dotted paths; `*` stands for the first element of a list that has what follows."""
    return tuple(tuple(path.split(".")) for path in paths)


@dataclass(frozen=True, slots=True)
class Gateways:
    """The list of gateways that heard a frame, and what is where in an element of it.

    `placed`: identifier, longitude and latitude of one of them, where these stand in the message itself.
    """

    within: tuple[Path, ...]
    gateway: tuple[Path, ...]
    rssi: tuple[Path, ...] = at("rssi")
    snr: tuple[Path, ...] = at("snr")
    longitude: tuple[Path, ...] = at("location.longitude")
    latitude: tuple[Path, ...] = at("location.latitude")
    placed: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Format:
    """One description.

    `marks`: a message with all paths of one of these groups, and none of `never`, is of this format.
    `uplink`: a message with none of these paths tells of the device only (status, join, acknowledgement).
    `full_battery`: what a full battery is told as; 0 and more than that are no level.
    `zeros_left_out`: a counter or port that is absent is 0. `encodings`: of the payload, the usual one first.
    """

    name: str
    title: str
    marks: tuple[tuple[Path, ...], ...]
    address: tuple[Path, ...]
    uplink: tuple[Path, ...]
    time: tuple[Path, ...]
    payload: tuple[Path, ...]
    encodings: tuple[str, ...]
    counter: tuple[Path, ...]
    port: tuple[Path, ...]
    data: tuple[Path, ...]
    gateways: Gateways | None = None
    battery: tuple[Path, ...] = ()
    no_battery: tuple[Path, ...] = ()
    encoding: tuple[Path, ...] = ()
    never: tuple[Path, ...] = ()
    full_battery: float = 100.0
    zeros_left_out: bool = False
    own_names: bool = False
    checked: str = ""


FORMATS = (
    Format(
        name="chirpstack4",
        title="ChirpStack v4",
        marks=(at("deviceInfo.devEui"),),
        address=at("deviceInfo.devEui"),
        uplink=at("rxInfo", "fCnt", "fPort", "data"),
        time=at("time", "rxInfo.*.nsTime", "rxInfo.*.gwTime"),
        payload=at("data"),
        encodings=("base64",),
        counter=at("fCnt"),
        port=at("fPort"),
        data=at("object"),
        gateways=Gateways(within=at("rxInfo"), gateway=at("gatewayId")),
        battery=at("batteryLevel"),
        no_battery=at("batteryLevelUnavailable", "externalPowerSource"),
        zeros_left_out=True,
        checked="https://docs.rs/crate/chirpstack_api/4.18.0-test.2/source/proto/chirpstack/integration/integration.proto",
    ),
    Format(
        name="chirpstack3",
        title="ChirpStack v3",
        marks=(at("devEUI", "rxInfo.*.gatewayID"), at("devEUI", "margin"), at("devEUI", "objectJSON")),
        never=at("rxInfo.*.mac", "gatewaySN"),
        address=at("devEUI"),
        uplink=at("rxInfo", "fCnt", "fPort", "data"),
        time=at("rxInfo.*.time", "publishedAt"),
        payload=at("data"),
        encodings=("base64", "hex"),
        counter=at("fCnt"),
        port=at("fPort"),
        data=at("object", "objectJSON"),
        gateways=Gateways(within=at("rxInfo"), gateway=at("gatewayID"), snr=at("loRaSNR")),
        battery=at("batteryLevel"),
        no_battery=at("batteryLevelUnavailable", "externalPowerSource"),
        zeros_left_out=True,
        checked="https://www.chirpstack.io/application-server/integrations/events/",
    ),
    Format(
        name="thethings3",
        title="The Things Stack v3",
        marks=(at("end_device_ids.device_id"), at("end_device_ids.dev_eui")),
        address=at("end_device_ids.dev_eui", "end_device_ids.device_id"),
        uplink=at("uplink_message"),
        time=at("uplink_message.settings.time", "uplink_message.received_at", "received_at"),
        payload=at("uplink_message.frm_payload"),
        encodings=("base64",),
        counter=at("uplink_message.f_cnt"),
        port=at("uplink_message.f_port"),
        data=at("uplink_message.decoded_payload"),
        gateways=Gateways(
            within=at("uplink_message.rx_metadata"), gateway=at("gateway_ids.eui", "gateway_ids.gateway_id")
        ),
        battery=at("uplink_message.last_battery_percentage.value"),
        zeros_left_out=True,
        own_names=True,
        checked="https://www.thethingsindustries.com/docs/the-things-stack/concepts/data-formats/",
    ),
    Format(
        name="thingpark",
        title="Actility ThingPark",
        marks=(at("DevEUI_uplink.DevEUI"), at("DevEUI_downlink_Sent.DevEUI"), at("DevEUI_location.DevEUI")),
        address=at("DevEUI_uplink.DevEUI", "DevEUI_downlink_Sent.DevEUI", "DevEUI_location.DevEUI"),
        uplink=at("DevEUI_uplink"),
        time=at("DevEUI_uplink.Time", "DevEUI_downlink_Sent.Time", "DevEUI_location.Time"),
        payload=at("DevEUI_uplink.payload_hex"),
        encodings=("hex",),
        counter=at("DevEUI_uplink.FCntUp"),
        port=at("DevEUI_uplink.FPort"),
        data=at("DevEUI_uplink.payload"),
        gateways=Gateways(
            within=at("DevEUI_uplink.Lrrs.Lrr", "DevEUI_uplink"),
            gateway=at("Lrrid"),
            rssi=at("LrrRSSI"),
            snr=at("LrrSNR"),
            longitude=at("LrrLON"),
            latitude=at("LrrLAT"),
            placed=at("DevEUI_uplink.Lrrid", "DevEUI_uplink.LrrLON", "DevEUI_uplink.LrrLAT"),
        ),
        checked="https://docs.thingpark.com/thingpark-x/latest/Message/uplink-message",
    ),
    Format(
        name="liveobjects",
        title="Orange Live Objects",
        marks=(at("metadata.network.lora.devEUI"), at("metadata.source", "streamId")),
        address=at("metadata.network.lora.devEUI", "metadata.source", "streamId"),
        uplink=at("value"),
        time=at("timestamp", "created"),
        payload=at("value.payload"),
        encodings=("hex",),
        counter=at("metadata.network.lora.fcnt", "value.fcnt"),
        port=at("metadata.network.lora.port", "value.port"),
        data=at("value"),
        gateways=Gateways(within=at("metadata.network.lora"), gateway=at("gatewayId")),
        own_names=True,
        checked="https://liveobjects.orange-business.com/doc/html/lo_manual_v2.html and messages that users published",
    ),
    Format(
        name="wanesy",
        title="Kerlink Wanesy",
        marks=(at("endDevice.devEui", "fCntUp"), at("endDevice.devEui", "recvTime")),
        address=at("endDevice.devEui"),
        uplink=at("fCntUp", "payload", "fPort"),
        time=at("recvTime", "gwRecvTime"),
        payload=at("payload"),
        encodings=("hex",),
        encoding=at("encodingType"),
        counter=at("fCntUp"),
        port=at("fPort"),
        data=at("decoded"),
        gateways=Gateways(
            within=at("gwInfo"), gateway=at("gwEui"), longitude=at("longitude"), latitude=at("latitude")
        ),
        checked="https://wikikerlink.fr/wanesy-ran/doku.php?id=wiki:wiki3:api_migration_guide",
    ),
    Format(
        name="loriot",
        title="LORIOT",
        marks=(at("cmd", "EUI"),),
        address=at("EUI"),
        uplink=at("data", "fcnt", "encdata"),
        time=at("ts"),
        payload=at("data"),
        encodings=("hex",),
        counter=at("fcnt"),
        port=at("port"),
        data=at("decoded.data", "decoded"),
        gateways=Gateways(within=at("gws"), gateway=at("gweui"), longitude=at("lon"), latitude=at("lat")),
        battery=at("bat"),
        full_battery=254.0,
        checked="https://docs.loriot.io/display/LNS/Uplink+Data+Message and /Gateway+Information",
    ),
    Format(
        name="milesight",
        title="Milesight gateways",
        marks=(at("devEUI", "rxInfo.*.mac"), at("devEUI", "gatewaySN")),
        address=at("devEUI"),
        uplink=at("fCnt", "data", "rxInfo"),
        time=at("time", "rxInfo.*.time", "gatewayTime"),
        payload=at("data"),
        encodings=("base64", "hex"),
        counter=at("fCnt"),
        port=at("fPort"),
        data=at("object"),
        gateways=Gateways(
            within=at("rxInfo"),
            gateway=at("mac"),
            snr=at("loRaSNR"),
            longitude=at("longitude"),
            latitude=at("latitude"),
        ),
        checked="https://support.milesight-iot.com/en/support/solutions/articles/73000600064",
    ),
    Format(
        name="plain",
        title="JSON",
        marks=(at("device", "data"), at("device", "payload"), at("device", "battery")),
        address=at("device"),
        uplink=at("data", "payload"),
        time=at("time"),
        payload=at("payload"),
        encodings=("hex", "base64"),
        encoding=at("encoding"),
        counter=at("counter"),
        port=at("port"),
        data=at("data"),
        gateways=Gateways(within=at("gateways"), gateway=at("id"), longitude=at("longitude"), latitude=at("latitude")),
        battery=at("battery"),
        own_names=True,
        checked="docs/uplinks.md",
    ),
)  # fmt: skip
BY_NAME = {one.name: one for one in FORMATS}


def found(value: object, paths: tuple[Path, ...]) -> object:
    """What stands at the first of these paths that holds something; None when none does."""
    for path in paths:
        one = follow(value, path)
        if one is not None:
            return one
    return None


def follow(value: object, path: Path) -> object:
    """What stands at the path; None when nothing does."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step == "*":
            rest = path[path.index("*") + 1 :]
            return next((one for item in value if (one := follow(item, rest)) is not None), None)
        else:
            return None
    return value


def identify(content: bytes) -> str:
    """The name of the only format that a message can be of. Raises Unreadable when it is of none, or of several."""
    return identified(strict.read(content)[0])


def identified(value: object) -> str:
    """As `identify`, for a message that was decoded."""
    one = value[0] if isinstance(value, list) and value else value
    fitting = [form.name for form in FORMATS if _fits(one, form)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise Unreadable("format_ambiguous", ", ".join(fitting))
    raise Unreadable("format_unknown", ", ".join(list(one)[:8]) if isinstance(one, dict) else type(one).__name__)


def _fits(value: object, form: Format) -> bool:
    if any(follow(value, path) is not None for path in form.never):
        return False
    return any(all(follow(value, path) is not None for path in group) for group in form.marks)
