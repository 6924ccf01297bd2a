"""Files sent to a page that takes none: not read, not kept.

Django spools the files of any form to disk before a page, or even the check against forged forms, sees the request:
whoever reaches the sign-in page could fill the disk that readings are written to. A page that takes files sets a
handler of its own once its visitor is allowed in (`desk.access.Page.receives`); everywhere else this one stands.
"""

import io
from typing import Any, NoReturn

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
from django.http import HttpRequest

from mitoyen.ledger.pictures import LARGEST_BYTES
from mitoyen.services.photos import MOST

# All photos of one form together: a phone's four, made small by the script or not.
LARGEST_FORM = 2 * LARGEST_BYTES


class NoFiles(FileUploadHandler):
    """Stops reading the request at its first file; the form keeps the fields that came before."""

    def new_file(self, *_arguments: Any, **_named: Any) -> NoReturn:
        raise StopUpload(connection_reset=True)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> NoReturn:
        raise StopUpload(connection_reset=True)

    def file_complete(self, file_size: int) -> None:
        """No file ever gets so far."""


class FewPhotos(FileUploadHandler):
    """Keeps a form's photos in memory, under limits; nothing touches the disk before it was decoded.

    A photo that is too large is left out and named in `request.left_out`, so that the form can say so.
    """

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.left_out: list[str] = []
        self.files = self.total = 0
        request.left_out = self.left_out  # type: ignore[attr-defined]

    def new_file(self, *arguments: Any, **named: Any) -> None:
        super().new_file(*arguments, **named)
        self.files += 1
        if self.files > MOST:
            raise StopUpload(connection_reset=True)
        self.content = io.BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.total += len(raw_data)
        if start + len(raw_data) > LARGEST_BYTES or self.total > LARGEST_FORM:
            self.left_out.append(self.file_name or "")
            raise SkipFile
        self.content.write(raw_data)

    def file_complete(self, file_size: int) -> "InMemoryUploadedFile | None":
        self.content.seek(0)
        return InMemoryUploadedFile(
            self.content, self.field_name, self.file_name or "photo", self.content_type or "", file_size, self.charset
        )
