"""Takes a shapefile out of a zip archive that may be hostile: bombs, paths that climb out, links."""

import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from django.utils.translation import gettext as _

from mitoyen.ledger.refusal import Refused

PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
MOST_ENTRIES = 1000
MOST_BYTES = 1024**3
_CHUNK = 1024 * 1024


def extract_shapefile(archive: Path, folder: Path, layer: str = "") -> tuple[Path, str]:
    """Write the parts of the archive's shapefile into `folder` under a name of our own.

    Returns the `.shp` file and the layer's name. Raises Refused for a broken or hostile archive (nothing is written
    outside `folder` and at most 1 GB in it), for one without a shapefile, and for several when `layer` names none.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = _checked(opened.infolist())
            stem = _chosen(entries, layer)
            _copy(opened, entries, stem, folder)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise Refused(_("This zip archive can't be read: %(error)s") % {"error": error}, code="bad_zip") from error
    return folder / "layer.shp", PurePosixPath(stem).name


def _checked(entries: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    if len(entries) > MOST_ENTRIES:
        raise Refused(_("The archive holds more than %(n)s files.") % {"n": MOST_ENTRIES}, code="zip_bomb")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise _bomb()
    for entry in entries:
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or ":" in entry.filename:
            raise Refused(
                _("The archive holds a path that leads out of it: %(name)s") % {"name": entry.filename[:80]},
                code="zip_path",
            )
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise Refused(_("The archive holds a link: %(name)s") % {"name": entry.filename[:80]}, code="zip_path")
        if entry.flag_bits & 0x1:
            raise Refused(_("The archive is encrypted."), code="bad_zip")
    return entries


def _chosen(entries: list[zipfile.ZipInfo], layer: str) -> str:
    stems = sorted({entry.filename[:-4] for entry in entries if entry.filename.lower().endswith(".shp")})
    if not stems:
        raise Refused(_("There is no shapefile (.shp) in this archive."), code="no_shapefile")
    names = [PurePosixPath(stem).name for stem in stems]
    if layer and layer in names:
        return stems[names.index(layer)]
    if layer or len(stems) > 1:
        raise Refused(
            _("The archive holds several shapefiles: %(names)s.") % {"names": ", ".join(names[:20])},
            _("Say which one with --layer."),
            code="several_layers",
        )
    return stems[0]


def _copy(opened: zipfile.ZipFile, entries: list[zipfile.ZipInfo], stem: str, folder: Path) -> None:
    """Copies what unpacks really, whatever the archive's directory says of sizes."""
    left = MOST_BYTES
    for entry in entries:
        suffix = entry.filename[len(stem) :].lower()
        if not entry.filename.startswith(stem) or suffix not in PARTS:
            continue
        with opened.open(entry) as source, (folder / f"layer{suffix}").open("wb") as target:
            while chunk := source.read(min(_CHUNK, left + 1)):
                left -= len(chunk)
                if left < 0:
                    shutil.rmtree(folder, ignore_errors=True)
                    raise _bomb()
                target.write(chunk)


def _bomb() -> Refused:
    return Refused(
        _("The archive unpacks to more than %(n)s MB: it is not read.") % {"n": MOST_BYTES // 1024**2}, code="zip_bomb"
    )
