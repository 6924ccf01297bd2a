"""A message of each format with values of our own, in the structure that formats.py says it was checked against."""

import json
from typing import Any

RECEIVED = 1_780_000_000_000_000  # 2026-05-28T20:26:40Z
TIME = "2026-05-28T20:26:38.500Z"
MICROS = RECEIVED - 1_500_000
EUI = "70b3d5e75e0042a7"
PAYLOAD = bytes.fromhex("0367ff0a04")
IN_BASE64, IN_HEX = "A2f/CgQ=", "0367ff0a04"
GATEWAY = "7276ff0039030a11"

UPLINKS: dict[str, dict[str, Any]] = {
    "chirpstack4": {
        "deduplicationId": "1d0c7f1e-98a7-4f5c-8a77-0f2f1c5f6b11",
        "time": "2026-05-28T20:26:38.500123456+00:00",
        "deviceInfo": {"tenantName": "Ville", "applicationName": "Air", "deviceName": "cour", "devEui": EUI},
        "devAddr": "01a2b3c4",
        "adr": True,
        "dr": 5,
        "fCnt": 41,
        "fPort": 2,
        "confirmed": False,
        "data": IN_BASE64,
        "object": {"temperature": 21.5},
        "rxInfo": [
            {
                "gatewayId": GATEWAY, "uplinkId": 77, "nsTime": "2026-05-28T20:26:38.700Z", "rssi": -97, "snr": 7.5,
                "location": {"latitude": 47.47, "longitude": -0.55},
            }
        ],
        "txInfo": {"frequency": 868300000},
    },
    "chirpstack3": {
        "applicationID": "3",
        "deviceName": "cour",
        "devEUI": "cLPV514AQqc=",
        "rxInfo": [
            {
                "gatewayID": "cnb/ADkDChE=", "time": TIME, "rssi": -97, "loRaSNR": 7.5,
                "location": {"latitude": 47.47, "longitude": -0.55, "altitude": 40},
            }
        ],
        "txInfo": {"frequency": 868300000},
        "adr": True,
        "fCnt": 41,
        "fPort": 2,
        "data": IN_BASE64,
        "objectJSON": "{\"temperature\":21.5}",
        "publishedAt": "2026-05-28T20:26:38.800Z",
    },
    "thethings3": {
        "end_device_ids": {
            "device_id": "cour", "application_ids": {"application_id": "air"}, "dev_eui": EUI.upper(),
            "dev_addr": "01A2B3C4",
        },
        "received_at": "2026-05-28T20:26:38.900Z",
        "uplink_message": {
            "f_port": 2,
            "f_cnt": 41,
            "frm_payload": IN_BASE64,
            "decoded_payload": {"temperature": 21.5},
            "rx_metadata": [
                {
                    "gateway_ids": {"gateway_id": "toit", "eui": GATEWAY.upper()}, "rssi": -97, "snr": 7.5,
                    "location": {"latitude": 47.47, "longitude": -0.55},
                }
            ],
            "received_at": "2026-05-28T20:26:38.500Z",
        },
    },
    "thingpark": {
        "DevEUI_uplink": {
            "Time": "2026-05-28T22:26:38.500+02:00", "DevEUI": EUI.upper(), "FPort": "2", "FCntUp": "41",
            "payload_hex": IN_HEX, "payload": {"temperature": 21.5}, "LrrRSSI": "-97.000000", "LrrSNR": "7.500000",
            "Lrrid": "004A0011", "LrrLAT": "47.470000", "LrrLON": "-0.550000",
            "Lrrs": {"Lrr": [{"Lrrid": "004A0011", "LrrRSSI": "-97.000000", "LrrSNR": "7.500000"}]},
        }
    },
    "liveobjects": {
        "streamId": f"urn:lo:nsid:lora:{EUI.upper()}",
        "timestamp": TIME,
        "model": "lora_v0",
        "value": {"payload": IN_HEX, "temperature": 21.5},
        "metadata": {
            "source": f"urn:lo:nsid:lora:{EUI.upper()}",
            "connector": "lora",
            "network": {"lora": {"devEUI": EUI.upper(), "port": 2, "fcnt": 41, "rssi": -97, "snr": 7.5}},
        },
        "created": "2026-05-28T20:26:39Z",
    },
    "wanesy": {
        "id": "6a1f",
        "endDevice": {"devEui": EUI.upper(), "devAddr": "01A2B3C4", "cluster": {"id": 4}},
        "fPort": 2,
        "fCntUp": 41,
        "payload": IN_HEX.upper(),
        "encodingType": "HEXA",
        "recvTime": MICROS // 1000,
        "gwInfo": [{"gwEui": GATEWAY.upper(), "rssi": -97, "snr": 7.5, "latitude": 47.47, "longitude": -0.55}],
    },
    "loriot": {
        "cmd": "gw", "EUI": EUI.upper(), "ts": MICROS // 1000, "fcnt": 41, "port": 2, "data": IN_HEX.upper(),
        "gws": [{"gweui": GATEWAY.upper(), "rssi": -97, "snr": 7.5, "lat": 47.47, "lon": -0.55}],
    },
    "milesight": {
        "applicationID": 1, "deviceName": "cour", "devEUI": EUI, "fCnt": 41, "fPort": 2, "data": IN_BASE64,
        "rxInfo": [{"mac": GATEWAY, "rssi": -97, "loRaSNR": 7.5, "latitude": 0, "longitude": 0, "time": TIME}],
        "time": TIME,
    },
    "plain": {
        "device": EUI.upper(), "time": TIME, "counter": 41, "port": 2, "payload": IN_HEX, "encoding": "hex",
        "data": {"temperature": 21.5}, "gateways": [{"id": GATEWAY, "rssi": -97, "snr": 7.5}],
    },
}  # fmt: skip
STATUSES: dict[str, dict[str, Any]] = {
    "chirpstack4": {"deviceInfo": {"devEui": EUI}, "time": TIME, "margin": 9, "batteryLevel": 80.0},
    "chirpstack3": {"devEUI": EUI, "margin": -19, "externalPowerSource": False, "batteryLevel": 80},
    "thethings3": {"end_device_ids": {"device_id": "cour", "dev_eui": EUI}, "join_accept": {"session_key_id": "x"}},
    "thingpark": {"DevEUI_downlink_Sent": {"Time": TIME, "DevEUI": EUI}},
    "loriot": {"cmd": "txd", "EUI": EUI, "seqdn": 3},
    "plain": {"device": EUI, "battery": 80},
}


def content(sample: object) -> bytes:
    return json.dumps(sample).encode()


def changed(name: str, **changes: object) -> bytes:
    """The uplink of a format with some of its names changed; None takes one out."""
    whole = {**UPLINKS[name], **changes}
    return content({key: value for key, value in whole.items() if value is not None})
