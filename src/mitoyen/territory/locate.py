"""In which commune a point lies, by the polygons that were loaded."""

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import scale
from shapely.geometry import shape

from mitoyen.territory.models import Commune


@dataclass(frozen=True, slots=True)
class Locator:
    """The communes' polygons with a spatial index, for many points at once."""

    communes: tuple[Commune, ...]
    tree: shapely.STRtree

    def communes_at(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int64]:
        """For each point (degrees, WGS 84) the position in `communes`, -1 outside of all. A border belongs to one."""
        found = np.full(len(lon), -1, dtype=np.int64)
        if not self.communes:
            return found
        sound = np.isfinite(lon) & np.isfinite(lat)
        points = shapely.points(np.where(sound, lon, 0.0), np.where(sound, lat, 0.0))
        which, commune = self.tree.query(points, predicate="intersects")
        # The last assignment wins: in reverse order, so that a point on a border gets the first commune by code.
        order = np.lexsort((commune, which))[::-1]
        found[which[order]] = commune[order]
        found[~sound] = -1
        return found

    def near(self, lon: float, lat: float, metres: float) -> list[Commune]:
        """The communes within some metres of a point (degrees), the one around it first: two on a border."""
        # A degree of latitude is 111,320 m; the circle is stretched into degrees of longitude.
        squeeze = math.cos(math.radians(lat))
        circle = scale(shapely.Point(lon, lat).buffer(metres / 111_320), 1 / squeeze, 1)
        inside = int(self.communes_at(np.array([lon]), np.array([lat]))[0])
        found = sorted(int(at) for at in self.tree.query(circle, predicate="intersects"))
        return [self.communes[at] for at in sorted(found, key=lambda at: at != inside)]


def locator() -> Locator:
    """The communes that have a polygon, by INSEE code."""
    communes = tuple(Commune.objects.filter(geometry__isnull=False).order_by("insee"))
    return Locator(communes, shapely.STRtree([shape(commune.geometry) for commune in communes]))


def commune_at(lon: float, lat: float) -> Commune | None:
    """The commune around this point (degrees, WGS 84); None outside the territory or while no polygon is loaded."""
    known = locator()
    found = int(known.communes_at(np.array([lon]), np.array([lat]))[0])
    return known.communes[found] if found >= 0 else None
