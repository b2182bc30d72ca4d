"""/unsubscribe: where the link of an e-mail leads, and where a mail program posts (RFC 8058)."""

from html import escape

from flask import Blueprint, Response, request

from gateway import wallclock
from gateway.http.arguments import raw_body
from gateway.http.errors import MalformedRequest, UnsupportedType
from gateway.models.base import connection
from gateway.models.contact import Contact
from gateway.models.message_log import MessageLog
from gateway.models.organization import Organization
from gateway.usecases import consents

blueprint = Blueprint("unsubscribe", __name__, url_prefix="/unsubscribe")

MAX_BYTES = 4096
FIELD, WANTED = "List-Unsubscribe", "One-Click"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_POLICY = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_PAGE = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<h1>{title}</h1>
<p>{text}</p>
{form}</html>
"""
_FORM = """<form method="post">
<input type="hidden" name="{field}" value="{wanted}">
<button type="submit">{button}</button>
</form>
"""
# By language: the question's title, its text and button, the answer's title and text.
_WORDS = {
    "en": (
        "No more e-mail?",
        "{organization} will send you no more e-mail if you press the button.",
        "Send me no more e-mail",
        "Done",
        "{organization} will send you no more e-mail.",
    ),
    "de": (
        "Keine E-Mails mehr?",
        "{organization} schickt Ihnen keine E-Mails mehr, wenn Sie auf den Knopf drücken.",
        "Keine E-Mails mehr",
        "Erledigt",
        "{organization} schickt Ihnen keine E-Mails mehr.",
    ),
}


@blueprint.get("/<token>")
def ask(token: str) -> Response:
    """A page with one button. Looking at it changes nothing: scanners of mail follow all links."""
    with connection():
        about = consents.recipient(token)
        title, text, button, _, _ = _words(*about)
    form = _FORM.format(field=FIELD, wanted=WANTED, button=escape(button))
    return _page(title, text, form, _language(about[1]))


@blueprint.post("/<token>")
def unsubscribe(token: str) -> Response:
    """One click, on our page or in a mail program, which sends neither cookies nor a referrer and
    follows no redirect."""
    raw_body(MAX_BYTES)
    if request.mimetype not in _FORMS:
        raise UnsupportedType("this address takes a form")
    if request.form.get(FIELD) != WANTED:
        raise MalformedRequest(f"{FIELD}={WANTED} is missing")
    with connection():
        about = consents.unsubscribe(token, wallclock.now())
        _, _, _, title, text = _words(*about)
    return _page(title, text, "", _language(about[1]))


def _words(message: MessageLog, person: Contact | None) -> tuple[str, ...]:
    organization = Organization.get_by_id(message.organization_id).name
    return tuple(word.format(organization=organization) for word in _WORDS[_language(person)])


def _language(person: Contact | None) -> str:
    language = (person.locale if person is not None else "en").lower().partition("-")[0]
    return language if language in _WORDS else "en"


def _page(title: str, text: str, form: str, language: str) -> Response:
    page = _PAGE.format(title=escape(title), text=escape(text), form=form, language=language)
    headers = {"Content-Security-Policy": _POLICY}
    return Response(page, 200, headers, content_type="text/html; charset=utf-8")
