"""The fault tree. A fault knows its HTTP status and whether the same request may be tried again."""


class GatewayError(Exception):
    """Root of all faults that a client or an actor may see. `detail` is safe to show and to log:
    it never repeats what was sent. `field` names the input at fault, dotted; `reason` is one word
    of our vocabulary for what stands against it, `state` how the thing in question stands."""

    status = 500
    slug = "internal-error"
    title = "Internal error"
    retryable = False
    retry_after: float | None = None
    reason: str | None = None
    state: str | None = None

    def __init__(self, detail: str = "", field: str | None = None) -> None:
        self.detail, self.field = detail or self.title, field
        super().__init__(self.detail)


class Invalid(GatewayError):
    """The input has the right shape and a meaning that can't be."""

    status, slug, title = 422, "invalid-input", "The input is not valid"


class Unauthenticated(GatewayError):
    """No key, or one that does not count (any more)."""

    status, slug, title = 401, "unauthenticated", "A valid API key is needed"


class NotAllowed(GatewayError):
    """The key lacks the scope."""

    status, slug, title = 403, "not-allowed", "The key lacks the scope for this"


class NotFound(GatewayError):
    """No such thing, or it belongs to somebody else: the answer is the same."""

    status, slug, title = 404, "not-found", "No such resource"


class Conflict(GatewayError):
    """The request disagrees with what is already there."""

    status, slug, title = 409, "conflict", "The request conflicts with the present state"


class Over(Conflict):
    """It was decided already, or its time has passed: `state` says how it stands."""

    def __init__(self, what: str, state: str) -> None:
        super().__init__(f"{what} is {state}")
        self.state = state


class NotNow(Conflict):
    """What was asked to be sent may not be sent now, for a `reason`."""

    slug, title = "not-now", "It may not be sent now"

    def __init__(self, reason: str) -> None:
        super().__init__(f"it may not be sent now: {reason}")
        self.reason = reason


class NoProvider(Conflict):
    """There is nothing configured that could carry this out in the key's mode."""

    slug, title = "provider-not-configured", "No provider is configured for this"


class StillRunning(Conflict):
    """The first request with this Idempotency-Key has not finished."""

    slug, title, retryable, retry_after = "still-running", "The first request is running", True, 1.0


class AnswerErased(Conflict):
    """The request with this Idempotency-Key was carried out, and its answer is gone with the person
    whom it named."""

    slug, title = "answer-erased", "The answer was erased with a person"


class StoreUnavailable(GatewayError):
    """The database can't be reached or did not answer in time; nothing is known to be stored."""

    status, slug, title = 503, "store-unavailable", "The database is not available"
    retryable, retry_after = True, 1.0


class NotSent(GatewayError):
    """The carrier surely did not take it; it may be asked again after `retry_after` seconds."""

    status, slug, title, retryable = 503, "not-sent", "The provider did not take the request", True

    def __init__(self, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
