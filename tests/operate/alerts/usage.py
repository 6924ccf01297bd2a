"""A usage of the tests' own, as a third party's package on the path: lamps, their cabinets, water and air."""

from pathlib import Path

MANIFEST = """
name = "streets"
version = "0.1"
licence = "LicenseRef-Proprietary"
core_from = "0.1"
core_below = "9.0"

[[kinds]]
name = "cabinet"
[[kinds]]
name = "lamp"
part_of = ["cabinet"]
[[kinds]]
name = "station"

[[datastreams]]
property = "power"
unit = "W"
kinds = ["power", "gauge"]
on = ["lamp"]
[[datastreams]]
property = "no2"
unit = "ug/m3"
kinds = ["gauge"]
on = ["station"]
[[datastreams]]
property = "level"
unit = "mm"
kinds = ["gauge"]
on = ["station"]
[[datastreams]]
property = "water"
unit = "m3"
kinds = ["counter", "delta"]
on = ["station"]

[[alerts]]
name = "lamp_out"
method = "code"
code = "lamps:out"
properties = ["power"]
kinds = ["lamp"]
together = "part_of"
days = 1
every_minutes = 15
thresholds = { least_watts = 5 }
escalate_minutes = 120

[[alerts]]
name = "no2_high"
method = "threshold"
properties = ["no2"]
level = "danger"
averaging_minutes = 60
thresholds = { above = 200, clear = 180 }

[[alerts]]
name = "flood"
method = "threshold"
properties = ["level"]
level = "warning"
minutes = 10
thresholds = { above = 3000, clear = 2900 }

[[alerts]]
name = "rising"
method = "rate"
properties = ["level"]
averaging_minutes = 60
thresholds = { rise_an_hour = 200 }

[[alerts]]
name = "silent"
method = "missing"
properties = ["power", "no2", "level"]
level = "notice"
thresholds = { intervals = 3 }

[[alerts]]
name = "frozen"
method = "stuck"
properties = ["level"]
level = "notice"
thresholds = { hours = 6, least_readings = 12 }

[[alerts]]
name = "apart"
method = "compared"
properties = ["no2"]
level = "notice"
thresholds = { times_spread = 6, least_peers = 4, least = 20 }
"""
LAMPS = '''
"""A lamp that draws nothing is out; a cabinet whose lamps are all out is one fault."""
from mitoyen.operate.detect import Sighting


def out(rule, group):
    least = rule.thresholds["least_watts"]
    dark = []
    for subject in group.subjects:
        window = subject.windows.get("power")
        if window is None or not len(window.value) or window.value[-1] >= least:
            continue
        lit = (window.value >= least).nonzero()[0]
        first = window.time[lit[-1] + 1] if len(lit) else window.time[0]
        dark.append((subject, first, window))
    if group.parent is not None and len(group.subjects) > 2 and len(dark) == len(group.subjects):
        covers = tuple(one.thing for one in group.subjects)
        since, last = min(first for _s, first, _w in dark), max(w.time[-1] for _s, _f, w in dark)
        yield Sighting(group.parent.thing, moment(since), moment(last), 0.9, "cabinet",
                       facts={"lamps": len(dark), "people": 120}, covers=covers)
        return
    for subject, first, window in dark:
        yield Sighting(subject.thing, moment(first), moment(window.time[-1]), 0.95,
                       observed_property="power", facts={"watts": float(window.value[-1]), "lamps": 1})


def moment(time):
    import datetime as dt
    return time.astype("datetime64[us]").astype(dt.datetime).replace(tzinfo=dt.UTC)
'''
ALERTS = {
    "lamp_out": ("Lamp out", "{thing}: {lamps} lamps out since {since}, {sure} sure.", "Send somebody to look."),
    "no2_high": ("NO2 above the limit", "{value} {unit} over an hour, above {limit}, since {since}.", "Tell people."),
    "flood": ("River high", "{value} {unit} since {since}: above {limit}.", "Call the island."),
    "rising": ("River rising", "It rises by {rate} an hour.", "Watch it."),
    "silent": ("Silent", "Nothing since {since}, usually every {usual_minutes} minutes.", "Look at the sensor."),
    "frozen": ("Frozen", "{value} {unit} for {hours} hours, in {readings} readings.", "Look at the sensor."),
    "apart": ("Unlike its neighbours", "{value} {unit} where {peers} others show {usual}.", "Check the sensor."),
}
PUBLIC = {"lamp_out": "Street lighting: {count} places are dark in {commune}.", "flood": "The river is high."}


def texts() -> str:
    said = ['[usage]\ntitle = "Streets"\nsummary = "Streets."\n[kinds]\ncabinet = "cabinet"\nlamp = "lamp"']
    said += ['station = "station"\n[properties]\npower = "power"\nno2 = "NO2"\nlevel = "level"\nwater = "water"']
    for name, (title, sentence, action) in ALERTS.items():
        said.append(f'[alerts.{name}]\ntitle = "{title}"\nsentence = "{sentence}"\naction = "{action}"')
        if name in PUBLIC:
            said.append(f'public = "{PUBLIC[name]}"')
    return "\n".join(said) + "\n"


def write(folder: Path, manifest: str = MANIFEST) -> None:
    """The package and its metadata, as pip would have unpacked them."""
    package = folder / "their_streets"
    (package / "texts").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "lamps.py").write_text(LAMPS)
    (package / "manifest.toml").write_text(manifest)
    for language in ("fr", "en"):
        (package / "texts" / f"{language}.toml").write_text(texts())
    metadata = folder / "their_streets-0.1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: their-streets\nVersion: 0.1\n")
    (metadata / "entry_points.txt").write_text("[mitoyen.usages]\nstreets = their_streets\n")
