"""Scanned files into grey pages, in a process of its own: what a stranger sends is decoded where it can neither read
our state nor take all memory nor run for ever.

Run as `python -m mitoyen.channels.paper.rendering FILE FOLDER`; it imports neither Django nor the rest of Mitoyen.
"""

import io
import json
import resource
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image, ImageOps, ImageSequence

DPI = 200
MOST_PAGES = 200
MOST_PIXELS = 40_000_000
"""An A4 page at 600 dpi has 35 million."""
MOST_IN_ALL = 1_000_000_000
"""Points of a whole file: what its pages take on disk while they are read."""
MEMORY = 2 << 30
SECONDS = 300
FORMATS = ("PNG", "JPEG", "TIFF")
SMALLEST = 400
"""Points on the shorter side: less can't be a page."""


def render(file: Path, folder: Path) -> tuple[list[Path], list[dict[str, Any]]]:
    """Each page as a grey PNG in `folder`, in their order, and what could not be read: page (0: the file) and a code
    (`no_picture`, `too_many_pages`, `too_large`, `too_small`, `locked`, `took_too_long`)."""
    command = [sys.executable, "-m", __name__, str(file), str(folder)]
    faults: list[dict[str, Any]]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        faults = json.loads(done.stdout) if done.returncode == 0 else [_fault(0, "no_picture")]
    except subprocess.TimeoutExpired:
        faults = [_fault(0, "took_too_long")]
    except ValueError:
        faults = [_fault(0, "no_picture")]
    return sorted(folder.glob("page-*.png")), faults


def _limit() -> None:
    """Of the child itself, before it looks at the file."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _render(file: Path, folder: Path) -> list[dict[str, Any]]:
    content = file.read_bytes()
    pages = _pdf(content) if b"%PDF-" in content[:1024] else _pictures(content)
    faults = []
    number = points = 0
    try:
        for number, page in enumerate(pages, 1):
            points += 0 if isinstance(page, str) else page.width * page.height
            if number > MOST_PAGES or points > MOST_IN_ALL:
                faults.append(_fault(number, "too_many_pages"))
                break
            if isinstance(page, str):
                faults.append(_fault(number, page))
            else:
                page.save(folder / f"page-{number:03}.png", compress_level=1)
    except Image.DecompressionBombError:
        faults.append(_fault(number + 1, "too_large"))
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError):
        faults.append(_fault(number + 1 if number else 0, "no_picture"))
    except pypdfium2.PdfiumError as error:
        faults.append(_fault(number, "locked" if "assword" in str(error) else "no_picture"))
    return faults


def _pdf(content: bytes) -> Iterator[Image.Image | str]:
    """Pages at 200 dpi, or the code of what is wrong with one."""
    document = pypdfium2.PdfDocument(content)
    try:
        for number in range(len(document)):
            page = document[number]
            width, height = page.get_size()
            scale = DPI / 72
            if width * height * scale * scale > MOST_PIXELS:
                yield "too_large"
            elif min(width, height) * scale < SMALLEST:
                yield "too_small"
            else:
                yield page.render(scale=scale, grayscale=True).to_pil().convert("L")
            page.close()
    finally:
        document.close()


def _pictures(content: bytes) -> Iterator[Image.Image | str]:
    """Frames as they are, upright where the file says how it was held."""
    warnings.simplefilter("ignore")
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        for frame in ImageSequence.Iterator(picture):
            if frame.width * frame.height > MOST_PIXELS:
                yield "too_large"
            elif min(frame.size) < SMALLEST:
                yield "too_small"
            else:
                yield _grey(ImageOps.exif_transpose(frame))


def _grey(picture: Image.Image) -> Image.Image:
    """On white paper, whatever was transparent."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(white, clear).convert("L")
    if picture.mode.startswith("I") or picture.mode == "F":
        # Sixteen bits a point: Pillow would cut the upper half off.
        low, high = picture.getextrema()
        span = max(float(high) - float(low), 1.0)  # type: ignore[arg-type]
        return picture.convert("F").point(lambda value: (value - float(low)) * 255.0 / span).convert("L")  # type: ignore[arg-type]
    return picture.convert("L")


def _fault(page: int, code: str) -> dict[str, Any]:
    return {"page": page, "code": code}


if __name__ == "__main__":
    _limit()
    print(json.dumps(_render(Path(sys.argv[1]), Path(sys.argv[2]))))
