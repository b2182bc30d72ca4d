"""Every route of the API and the scopes it asks for, one table."""

import re

HAND = "/api/v1/admin"
LETTERS, PARKED = f"{HAND}/dead-letters", f"{HAND}/parked-events"
BOOKING, CONTACT = "/api/v1/bookings/{booking_id}", "/api/v1/contacts/{contact_id}"
ENTRY, SLOT, OFFER = (
    "/api/v1/waitlist/{entry_id}",
    "/api/v1/slots/{slot_id}",
    "/api/v1/offers/{offer_id}",
)
SEQUENCE, INVOICE = "/api/v1/sequences/{sequence_id}", "/api/v1/invoices/{invoice_id}"
ENROLMENT = "enrolments/{enrolment_id}"
ADMIN = (
    f"GET {LETTERS}", f"DELETE {LETTERS}", f"POST {LETTERS}/replay", f"POST {LETTERS}/discard",
    f"GET {LETTERS}/{{letter_id}}", f"DELETE {LETTERS}/{{letter_id}}",
    f"GET {PARKED}", f"POST {PARKED}/replay", f"POST {PARKED}/discard",
    f"GET {PARKED}/{{event_id}}", f"GET {HAND}/jobs",
    f"GET {HAND}/cron", f"GET {HAND}/cron/{{name}}", f"PATCH {HAND}/cron/{{name}}",
    f"POST {HAND}/cron/{{name}}/run", "GET /api/v1/organization", "PATCH /api/v1/organization",
    *(f"POST {HAND}/queues/{{name}}/{act}" for act in ("pause", "resume", "clean")),
    *(f"POST {HAND}/kinds/{{name}}/{act}" for act in ("pause", "resume", "retry")),
    *(f"POST {HAND}/reminders/{act}" for act in ("on", "off", "rescan", "reset")),
)  # fmt: skip
OF_SCOPE = {
    "admin": ADMIN,
    "bookings:read": (
        "GET /api/v1/bookings", f"GET {BOOKING}", f"GET {BOOKING}/reminders",
        f"GET {BOOKING}/plan", "POST /api/v1/plan/simulate", "GET /api/v1/templates",
        "GET /api/v1/templates/{name}/versions", "POST /api/v1/templates/preview",
        "GET /api/v1/events",
    ),
    "bookings:write": (
        "POST /api/v1/bookings", f"PATCH {BOOKING}", f"DELETE {BOOKING}",
        "POST /api/v1/templates",
    ),
    "calls:read": (
        "GET /api/v1/calls", "GET /api/v1/calls/{call_id}", "GET /api/v1/events",
        "GET /api/v1/queue/stats",
    ),
    "calls:write": ("POST /api/v1/calls",),
    "messages:read": ("GET /api/v1/messages", "GET /api/v1/messages/{message_id}"),
    "messages:write": ("POST /api/v1/messages",),
    "contacts:read": (
        f"GET {CONTACT}", f"GET {CONTACT}/export", f"GET {CONTACT}/consent",
        f"GET {CONTACT}/preferences",
    ),
    "contacts:write": (f"PATCH {CONTACT}", f"DELETE {CONTACT}", f"POST {CONTACT}/consent"),
    "transcripts:read": (f"GET {CONTACT}/export",),
    "waitlist:read": (
        "GET /api/v1/waitlist", f"GET {ENTRY}", "GET /api/v1/slots", f"GET {SLOT}",
        "GET /api/v1/offers", f"GET {OFFER}",
    ),
    "waitlist:write": (
        "POST /api/v1/waitlist", f"DELETE {ENTRY}", "POST /api/v1/slots", f"DELETE {SLOT}",
        *(f"POST {OFFER}/{act}" for act in ("accept", "decline", "revoke")),
    ),
    "campaigns:read": (
        "GET /api/v1/sequences", f"GET {SEQUENCE}", f"GET {SEQUENCE}/enrolments",
        "GET /api/v1/enrolments", f"GET /api/v1/{ENROLMENT}",
        f"GET /api/v1/sequences/{ENROLMENT}",
    ),
    "campaigns:write": (
        "POST /api/v1/sequences", f"PATCH {SEQUENCE}", f"DELETE {SEQUENCE}",
        f"POST {SEQUENCE}/enrolments",
        *(f"POST {SEQUENCE}/{act}" for act in ("pause", "resume", "stop")),
        *(f"POST /api/v1/{ENROLMENT}/{act}" for act in ("pause", "resume", "stop")),
        *(f"POST /api/v1/sequences/{ENROLMENT}/{act}" for act in ("pause", "resume", "stop")),
    ),
    "invoices:read": ("GET /api/v1/invoices", f"GET {INVOICE}"),
    "invoices:write": (
        "POST /api/v1/invoices", f"PATCH {INVOICE}", f"DELETE {INVOICE}",
        *(f"POST {INVOICE}/{act}" for act in ("write-off", "dispute", "payments", "remind")),
        f"DELETE {INVOICE}/dispute",
    ),
    "snapshots:read": ("GET /api/v1/snapshots",),
    "snapshots:write": ("POST /api/v1/snapshots/recompute",),
}  # fmt: skip
ROUTES = sorted({route for routes in OF_SCOPE.values() for route in routes})
NAMES = {"queues": "voice", "kinds": "nurture", "cron": "appointment-scan", "templates": "tp_x"}


def scopes(route: str) -> set[str]:
    """What a key needs for it, all of them."""
    return {scope for scope, routes in OF_SCOPE.items() if route in routes}


def at(route: str) -> tuple[str, str]:
    """Method and path, about something that there is not where ids are named."""
    method, path = route.split()
    path = re.sub(r"(\w+)/\{name\}", lambda found: f"{found[1]}/{NAMES[found[1]]}", path)
    return method, re.sub(r"\{(\w+)_id\}", r"xx_\1", path)
