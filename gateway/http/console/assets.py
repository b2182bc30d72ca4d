"""/console/static: our style sheet and the libraries, served by us and kept by browsers."""

from flask import Response, send_from_directory

from gateway.http import staff_words
from gateway.http.console.group import blueprint

FOR_EVER = "public, max-age=31536000, immutable"


@blueprint.get("/static/<version>/<path:name>", endpoint="asset")
def asset(version: str, name: str) -> Response:
    """A file. Only under the hash of the present files may it be kept."""
    sent = send_from_directory(staff_words.STATIC, name, max_age=0)
    present = version == staff_words.version()
    sent.headers["Cache-Control"] = FOR_EVER if present else "no-cache"
    return sent
