"""Health is gathered while frames come in, written in bulk, and judged."""

import json
from datetime import date, datetime, timedelta

import pytest

from mitoyen.connect.devices import health
from mitoyen.connect.devices.health import Seen, Silences
from mitoyen.connect.devices.merging import State, merge
from mitoyen.connect.devices.models import Gateway, Health
from tests.connect.devices.conftest import NOON, S, us

T0 = us(NOON)


def frames(count: int, every: int = 600, device: int | str = 1, start: int = T0, **more) -> list[Seen]:
    return [Seen(device, start + i * every * S, counter=i, **more) for i in range(count)]


def merged(*batches: list[Seen], **more) -> State:
    state = State()
    for batch in batches:
        merge(state, batch, **more)
    return state


@pytest.fixture(autouse=True)
def nothing_gathered():
    health._gathered.taken()
    yield
    health._gathered.taken()


def test_the_interval_is_learnt_in_spite_of_lost_frames() -> None:
    came = [one for i, one in enumerate(frames(40)) if i % 4 != 3]
    state = merged(came)
    assert state.usual_interval_s == 600
    assert state.missed == 9
    assert 0.05 < state.loss < 0.3


def test_without_counter_too() -> None:
    came = [Seen(1, one.received) for i, one in enumerate(frames(60)) if i % 6 != 5]
    state = merged(*([one] for one in came))
    assert state.usual_interval_s == 600
    assert state.loss > 0.04


def test_a_slower_setting_is_learnt_after_two_frames() -> None:
    fast = frames(30)
    slow = [Seen(1, fast[-1].received + (i + 1) * 3600 * S, counter=30 + i) for i in range(2)]
    assert merged(fast, slow).usual_interval_s == 3600


@pytest.mark.parametrize(
    ("last", "then", "missed"), [(65_535, 0, 0), (65_534, 2, 3), (500, 0, 0), (500, 500, 0), (7, 9, 1)]
)
def test_counters_wrap_and_start_again(last: int, then: int, missed: int) -> None:
    state = merged([Seen(1, T0, counter=last), Seen(1, T0 + 600 * S, counter=then)])
    assert (state.missed, state.last_counter) == (missed, then)


def test_one_frame_through_three_gateways_is_one_and_the_best_is_kept() -> None:
    copies = [
        Seen(1, T0 + i * S, counter=7, gateway=name, rssi=rssi)
        for i, (name, rssi) in enumerate([("far", -118.0), ("near", -71.0), ("middle", -99.0)])
    ]
    state = merged(copies)
    assert (state.frames, state.gateway, state.rssi) == (1, "near", -71.0)
    # Hardly stronger once is no reason to change.
    again = [
        Seen(1, T0 + 600 * S, counter=8, gateway="near", rssi=-80.0),
        Seen(1, T0 + 600 * S, counter=8, gateway="far", rssi=-79.0),
    ]
    merge(state, again)
    assert state.gateway == "near"


def test_a_frame_that_comes_late_is_counted_and_changes_nothing_else() -> None:
    state = merged(frames(10), [Seen(1, T0 - 90 * S, counter=900)])
    assert (state.frames, state.last_counter, state.last_seen) == (11, 9, T0 + 9 * 600 * S)


def test_the_clock_that_drifts_is_said() -> None:
    state = merged([Seen(1, T0 + i * 600 * S, time=T0 + (i * 600 - 130) * S) for i in range(5)])
    assert state.clock_drift_s == -130
    merge(state, [Seen(1, T0 + 6000 * S, time=T0 + 6000 * S)])
    assert state.clock_drift_s == 0


def test_a_battery_ends_when_its_slope_says_so_and_only_then() -> None:
    day = 86_400 * S
    falling = merged(*([Seen(1, T0 + i * day, battery=90 - i * 0.5 + (i % 3) * 0.3)] for i in range(60)))
    assert falling.battery_ends is not None
    assert falling.battery_ends_from is not None
    assert falling.battery_ends_to is not None
    true_end = NOON.date() + timedelta(days=160)
    assert falling.battery_ends_from <= true_end <= falling.battery_ends_to
    assert abs((falling.battery_ends - true_end).days) <= 5
    flat = merged(*([Seen(1, T0 + i * day, battery=80 + (i * 7 % 5) - 2)] for i in range(60)))
    assert flat.battery_ends is None
    short = merged(*([Seen(1, T0 + i * day, battery=90 - i)] for i in range(13)))
    assert short.battery_ends is None


def test_volts_end_only_where_the_model_says_what_empty_is() -> None:
    day = 86_400 * S
    volts = [[Seen(1, T0 + i * day, volts=3.6 - i * 0.005)] for i in range(40)]
    assert merged(*volts).battery_ends is None
    known = merged(*volts, empty_volts=3.0)
    assert known.battery_ends == NOON.date() + timedelta(days=120)


def test_a_new_battery_begins_a_new_trail() -> None:
    day = 86_400 * S
    state = merged(
        *([Seen(1, T0 + i * day, battery=40.0 - i)] for i in range(20)),
        [Seen(1, T0 + 20 * day, battery=100.0)],
    )
    assert len(state.battery_trail) == 1
    assert state.battery_ends is None


def test_what_was_gathered_is_written_at_once_and_added_to(registered) -> None:
    one, other = registered(2)
    health.note(frames(10, device=one, gateway="gw1", rssi=-90.0, latitude=47.4, longitude=-0.6))
    health.note(frames(5, device="70b3d50000000001", battery=77.0))
    health.note(frames(5, device="nobody knows it"))
    assert not Health.objects.exists()
    assert health.flush() == 2
    kept = Health.objects.get(device=one)
    assert (kept.frames, kept.last_counter, kept.usual_interval_s, kept.gateway) == (10, 9, 600, "gw1")
    assert kept.last_seen == NOON + timedelta(seconds=5400)
    assert Health.objects.get(device=other).battery_percent == 77.0
    gateway = Gateway.objects.get()
    assert (gateway.address, gateway.latitude, gateway.last_seen) == ("gw1", 47.4, kept.last_seen)
    health.note([Seen(one, T0 + 6000 * S, counter=12)])
    assert health.flush() == 1
    kept.refresh_from_db()
    assert (kept.frames, kept.missed) == (11, 2)
    assert health.flush() == 0


def test_a_flush_of_a_thousand_devices_is_a_handful_of_statements(registered, django_assert_max_num_queries) -> None:
    devices = registered(1000)
    health.note(Seen(device, T0 + i * 600 * S, counter=i) for device in devices for i in range(3))
    with django_assert_max_num_queries(12):
        assert health.flush() == 1000


def test_behind_others_work_it_rests_after_some_devices(registered, monkeypatch) -> None:
    devices = registered(5)
    rests: list[float] = []
    monkeypatch.setattr(health, "DEVICES_AT_ONCE", 2)
    health.note(Seen(device, T0) for device in devices)
    assert health.flush(rests.append) == 5
    assert len(rests) == 3
    assert min(rests) > 0


def test_it_writes_by_itself_when_its_turn_has_come(registered, monkeypatch) -> None:
    (device,) = registered(1)
    monkeypatch.setattr(health._gathered, "every", 0.0)
    health.note(frames(2, device=device))
    assert Health.objects.get().frames == 2


def silences_at(moment: datetime) -> Silences:
    """As of this moment, a minute later."""
    return health.silences(moment + timedelta(seconds=health.LONGEST_S))


def heard(devices: list[int], last: int, gateway: str = "", every: int = 600) -> None:
    for device in devices:
        phase = device % 10 * 20 * S
        health.note(frames(20, every, device, start=last - 19 * every * S - phase, gateway=gateway, rssi=-90.0))
    health.flush()


def test_silent_since_is_raised_within_two_intervals_and_taken_back(registered) -> None:
    devices = registered(8)
    heard(devices[:1], T0)
    heard(devices[1:], T0 + 1500 * S)
    assert not silences_at(NOON + timedelta(seconds=1190)).alone
    told = silences_at(NOON + timedelta(seconds=1500))
    assert [one.device for one in told.alone] == devices[:1]
    row = Health.objects.get(device=devices[0])
    assert row.silent_since == row.last_seen
    health.note([Seen(devices[0], T0 + 1550 * S, counter=22)])
    health.flush()
    assert not silences_at(NOON + timedelta(seconds=1600)).alone
    assert not Health.objects.filter(silent_since__isnull=False).exists()


def test_a_gateway_that_is_down_is_one_storm_and_a_device_that_died_before_stays_its_own(registered) -> None:
    devices = registered(60)
    dead, behind, others = devices[:1], devices[1:41], devices[41:]
    heard(dead, T0 - 7200 * S, "down")
    heard(behind, T0, "down")
    heard(others, T0 + 1400 * S, "up")
    told = silences_at(NOON + timedelta(seconds=1450))
    assert [storm.gateways for storm in told.storms] == [("down",)]
    assert set(told.storms[0].devices) == set(behind)
    assert [one.device for one in told.alone] == dead
    gateway = Gateway.objects.get(address="down")
    assert gateway.silent_since is not None
    assert gateway.devices_silent == Health.objects.filter(silent_with="down").count() > 0
    # Back again: those not heard yet are waited for, not raised one by one.
    back = T0 + 3000 * S
    for device in behind[:35]:
        health.note([Seen(device, back + device * S, counter=25, gateway="down", rssi=-90.0)])
    health.flush()
    health.note(Seen(device, back, counter=30, gateway="up") for device in others)
    health.flush()
    told = silences_at(NOON + timedelta(seconds=3100))
    assert not told.storms
    assert [one.device for one in told.alone] == dead
    gateway = Gateway.objects.get(address="down", silent_since=None)
    assert gateway.back_at == NOON + timedelta(seconds=3100)
    # But for two intervals only.
    health.note(Seen(device, T0 + 4400 * S, counter=40, gateway="up") for device in others)
    health.note(Seen(device, T0 + 4400 * S, counter=40, gateway="down") for device in behind[:35])
    health.flush()
    told = silences_at(NOON + timedelta(seconds=4500))

    assert {one.device for one in told.alone} == {*dead, *behind[35:]}


def test_all_that_comes_in_gone_is_one_storm(registered) -> None:
    devices = registered(60)
    heard(devices[:30], T0, "one")
    heard(devices[30:], T0, "other")
    told = silences_at(NOON + timedelta(seconds=1400))
    assert [(storm.gateways, len(storm.devices)) for storm in told.storms] == [((), 60)]
    assert not told.alone
    assert Gateway.objects.get(address="*").silent_since is not None


def test_a_retired_device_is_never_silent(registered) -> None:
    from mitoyen.connect.devices.models import Registration

    (device,) = registered(1)
    heard([device], T0)
    Registration.objects.update(retired_at=NOON)
    assert not silences_at(NOON + timedelta(days=2)).alone


def test_a_lamp_cut_off_by_day_is_not_silent_each_morning(registered) -> None:
    (device,) = registered(1)
    night = 13 * 6
    for day in range(6):
        evening = T0 + (day * 24 + 5) * 3600 * S
        health.note(Seen(device, evening + i * 600 * S) for i in range(night))
        health.flush()
    morning = NOON + timedelta(days=5, hours=5 + 13)
    assert not silences_at(morning + timedelta(hours=9)).alone
    assert silences_at(morning + timedelta(hours=14)).alone
    assert Health.objects.get().pause_s == pytest.approx(11 * 3600 + 600)


def test_the_days_of_the_trail_are_days() -> None:
    state = merged([Seen(1, T0, battery=50.0)])
    assert date.fromordinal(int(state.battery_trail[0][0])) == NOON.date()


def test_a_file_of_messages_leaves_the_health_of_its_devices_behind(registered, home, tmp_path) -> None:
    from mitoyen.connect.uplinks import importing

    (device,) = registered(1)
    lines = [
        {"deviceInfo": {"devEui": "70b3d50000000000"}, "fCnt": at, "fPort": 2, "data": "AQ==",
         "time": (NOON + timedelta(minutes=10 * at)).isoformat(), "deduplicationId": f"d{at}"}
        for at in range(3)
    ]  # fmt: skip
    file = tmp_path / "messages.ndjson"
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    importing.run(file, "chirpstack4", dry_run=True)
    assert not Health.objects.exists()
    importing.run(file, "chirpstack4")
    kept = Health.objects.get(device=device)
    # At their own times, not when the file was taken in.
    assert (kept.frames, kept.last_counter, kept.last_seen) == (3, 2, NOON + timedelta(minutes=20))
