"""Variables of the environment that are right each for itself and wrong together."""

from collections.abc import Mapping

# The second is needed where the first is set.
_TOGETHER = (
    ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
    ("TWILIO_AUTH_TOKEN", "TWILIO_ACCOUNT_SID"),
    ("VOICE_PROVIDER_API_URL", "VOICE_PROVIDER_API_KEY"),
    ("VOICE_PROVIDER_API_URL", "VOICE_PROVIDER_WEBHOOK_SECRET"),
    ("SMTP_URL", "EMAIL_FROM"),
    ("SENDGRID_API_KEY", "EMAIL_FROM"),
    ("META_PHONE_NUMBER_ID", "META_ACCESS_TOKEN"),
    ("META_PHONE_NUMBER_ID", "META_APP_SECRET"),
    ("META_PHONE_NUMBER_ID", "META_FROM_NUMBER"),
)


def between(environ: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """What is wrong, by the variable's name. The variables in `known` are wrong in themselves
    already and are not blamed again."""
    found: dict[str, str] = {}
    present = {name for name, value in environ.items() if value.strip()} - set(known)
    for one, other in _TOGETHER:
        if one in present and other not in present and other not in known:
            found[other] = f"is missing: {one} needs it"
    tls = environ.get("REDIS_URL", "").strip().startswith(("rediss", "valkeys"))
    if "REDIS_CA_FILE" in present and not tls:
        found["REDIS_CA_FILE"] = "is for TLS: REDIS_URL must begin with rediss://"
    testing = environ.get("GATEWAY_TESTING", "").strip().lower() in ("1", "true", "yes", "on")
    for name in ("FP", "FP_N", "GATEWAY_CLOCK_FILE"):
        if name in present and not testing:
            found[name] = "is for tests: it needs GATEWAY_TESTING=1"
    return found
