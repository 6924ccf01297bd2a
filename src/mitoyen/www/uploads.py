"""Files sent to a page that takes none: not read, not kept.

Django spools the files of any form to disk before a page, or even the check against forged forms, sees the request:
whoever reaches the sign-in page could fill the disk that readings are written to. A page that takes files sets a
handler of its own once its visitor is allowed in (`desk.access.Page.receives`); everywhere else this one stands.
"""

from typing import Any, NoReturn

from django.core.files.uploadhandler import FileUploadHandler, StopUpload


class NoFiles(FileUploadHandler):
    """Stops reading the request at its first file; the form keeps the fields that came before."""

    def new_file(self, *_arguments: Any, **_named: Any) -> NoReturn:
        raise StopUpload(connection_reset=True)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> NoReturn:
        raise StopUpload(connection_reset=True)

    def file_complete(self, file_size: int) -> None:
        """No file ever gets so far."""
