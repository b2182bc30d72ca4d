"""How the pages for staff are answered: whole pages, pieces for htmx, redirects and faults."""

import hashlib
from typing import Any, cast

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from gateway.domain.errors import GatewayError
from gateway.http import errors
from gateway.models.staff import StaffSession

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_TITLES = {
    400: "This request can't be read",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible",
    409: "Not possible now",
    413: "Too much at once",
    415: "This request can't be read",
    422: "Please check what you entered",
    429: "Too many attempts",
    503: "Not available at the moment",
}


def blueprint(name: str, package: str, url_prefix: str) -> Blueprint:
    """A group of pages. Faults in it are answered by a page; templates/ beside it is its own, but
    names of templates are shared by all groups."""
    made = Blueprint(name, package, url_prefix=url_prefix, template_folder="templates")
    made.register_error_handler(GatewayError, _on_fault)
    made.register_error_handler(HTTPException, _on_http_exception)
    made.register_error_handler(Exception, _on_crash)
    return made


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A whole page. What an action left to tell is told now."""
    known = g.get("staff")
    notice = StaffSession.take_notice(known.id) if known and known.notice else None
    return answer(render_template(template, notice=notice, **values), status)


def partial(template: str, **values: Any) -> Response:
    """A piece of a page, for htmx. With the tag of what the page has already it is a 304: put
    `hx-ptag="-"` on the element that asks again and again."""
    text = render_template(template, **values)
    tag = hashlib.sha256(text.encode()).hexdigest()[:20]
    same = request.headers.get("HX-PTag") == tag or request.if_none_match.contains(tag)
    sent = answer("" if same else text, 304 if same else 200)
    sent.headers["HX-PTag"] = tag
    sent.set_etag(tag)
    return sent


def back(notice: str, endpoint: str, **values: Any) -> Response:
    """After an action: off to the page of an endpoint, which tells the notice once."""
    StaffSession.change(g.staff.id, notice=notice[:300])
    return off_to(url_for(endpoint, **values))


def off_to(address: str) -> Response:
    """Another page instead. htmx would follow a redirect by itself and show that page inside."""
    if "HX-Request" in request.headers:
        sent = answer("")
        sent.headers["HX-Redirect"] = address
        return sent
    return cast(Response, redirect(address, 303))


def answer(text: str, status: int = 200) -> Response:
    """HTML with the headers of every page. Referrers within the site, since with none a browser
    also hides where a form comes from."""
    sent = Response(text, status, content_type="text/html; charset=utf-8")
    sent.headers["Content-Security-Policy"] = POLICY
    sent.headers["Referrer-Policy"] = "same-origin"
    return sent


def fault_page(status: int, detail: str) -> Response:
    """A page that says what is wrong, with the id to ask for help by."""
    title = _TITLES.get(status, "Something went wrong")
    text = render_template(
        "fault.html", notice=None, title=title, detail=detail, request_id=g.request_id
    )
    return answer(text, status)


def _on_fault(fault: GatewayError) -> Response:
    sent = fault_page(fault.status, fault.detail)
    if fault.retry_after is not None:
        sent.headers["Retry-After"] = str(max(1, round(fault.retry_after)))
    return sent


def _on_http_exception(error: HTTPException) -> Response:
    status = error.code or 500
    return fault_page(status, _TITLES.get(status, "The request was refused"))


def _on_crash(error: Exception) -> Response:
    errors.crashed(error)
    return fault_page(500, "It was noted down. If it happens again, ask for help with this id.")
