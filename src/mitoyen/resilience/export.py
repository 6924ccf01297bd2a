"""Everything in open formats, in one folder with its description: for leaving, or for opening what is ours."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _

from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.told import figure_json
from mitoyen.history import archive
from mitoyen.ledger.refusal import Refused
from mitoyen.resilience.contents import LIST, described
from mitoyen.resilience.snapshot import snapshot
from mitoyen.resilience.tables import OPEN_TABLES, file_name, model_of
from mitoyen.territory.models import Commune, Thing

Progress = Callable[[int, int], None]
STEPS = 6


def export_all(target: Path, progress: Progress = lambda _done, _total: None) -> dict[str, Any]:
    """Write the export to the new folder `target`; what it holds. Raises Refused when the folder isn't empty."""
    if target.exists() and any(target.iterdir()):
        raise Refused(_("%(folder)s is not empty.") % {"folder": target}, _("Name a new folder."))
    target.mkdir(parents=True, exist_ok=True)
    try:
        with snapshot(OPEN_TABLES, secrets=False) as folder:
            progress(1, STEPS)
            shutil.copytree(folder, target, dirs_exist_ok=True)
        progress(2, STEPS)
        _write_json(target / "communes.geojson", _features(_communes()))
        _write_json(target / "things.geojson", _features(_things()))
        progress(3, STEPS)
        figures = _write_figures(target / "figures")
        progress(4, STEPS)
        _write_json(target / "datapackage.json", _description())
        (target / "README.md").write_text(_readme(), encoding="utf-8")
        progress(5, STEPS)
        files = sorted(path for path in target.rglob("*") if path.is_file() and path.name != LIST)
        content = described(target, files)
        _write_json(target / LIST, content)
        progress(6, STEPS)
    except OSError as error:
        raise Refused(
            _("The export can't be written: %(why)s.") % {"why": error}, _("Free some room or name another folder.")
        ) from error
    return {"folder": str(target), "made_at": content["made_at"], "files": len(files), "figures": figures}


def _communes() -> Iterator[dict[str, object]]:
    for commune in Commune.objects.all():
        point = {"type": "Point", "coordinates": [commune.longitude, commune.latitude]}
        yield _feature(commune.geometry or point, insee=commune.insee, name=commune.name, population=commune.population)


def _things() -> Iterator[dict[str, object]]:
    for thing in Thing.objects.select_related("part_of").iterator(2000):
        point = {"type": "Point", "coordinates": [thing.longitude, thing.latitude]}
        yield _feature(
            point if thing.longitude is not None and thing.latitude is not None else None,
            slug=thing.slug,
            name=thing.name,
            kind=thing.kind,
            commune=thing.commune_id,
            part_of=thing.part_of.slug if thing.part_of else None,
            origin=thing.origin,
            **{"attributes": thing.attributes},
        )


def _feature(geometry: object, **properties: object) -> dict[str, object]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _features(features: Iterator[dict[str, object]]) -> dict[str, object]:
    return {"type": "FeatureCollection", "features": list(features)}


def _write_figures(folder: Path) -> int:
    """One JSON file a current figure: its statement, provenance and the daily series it rests on."""
    folder.mkdir()
    count = 0
    for figure in Figure.objects.filter(current=True).iterator(200):
        _write_json(folder / f"{figure.id}.json", figure_json(figure, None))
        count += 1
    return count


def _write_json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8")


def _description() -> dict[str, object]:
    """A Frictionless Data Package: each table's columns with their types and meaning."""
    return {
        "profile": "data-package",
        "name": "mitoyen-export",
        "title": str(settings.MITOYEN["territory_name"]),
        "resources": [_resource(label) for label in OPEN_TABLES],
    }


def _resource(label: str) -> dict[str, object]:
    model = model_of(label)
    fields = [
        {"name": field.attname, "type": _type(field), "description": str(field.help_text or field.verbose_name)}
        for field in model._meta.concrete_fields
    ]
    path = f"tables/{file_name(label)}"
    return {
        "name": file_name(label).removesuffix(".csv"),
        "path": path,
        "format": "csv",
        "encoding": "utf-8",
        "description": (model.__doc__ or "").strip(),
        "schema": {"fields": fields, "primaryKey": model._meta.pk.attname},
    }


_TYPES = (
    (models.BooleanField, "boolean"),
    (models.DateTimeField, "datetime"),
    (models.DateField, "date"),
    (models.FloatField, "number"),
    (models.DecimalField, "number"),
    (models.IntegerField, "integer"),
    (models.JSONField, "object"),
)


def _type(field: "models.Field[object, object]") -> str:
    return next((name for kind, name in _TYPES if isinstance(field, kind)), "string")


def _readme() -> str:
    text = (Path(__file__).parent / "export_readme.md").read_text(encoding="utf-8")
    return text.format(
        territory=settings.MITOYEN["territory_name"], columns=", ".join(field.name for field in archive.SCHEMA.fields)
    )
