"""What is said or written to somebody, ready to leave."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rendered:
    """A wording with everything filled in. `subject` and `html` are for e-mail; `content_id` with
    its variables ("1", "2", …) is a template that WhatsApp approved, whose text ours repeats.
    `template`, `version` and `locale` say where it comes from and in which language; None for words
    that the request brought."""

    text: str = field(repr=False)
    subject: str | None = field(default=None, repr=False)
    html: str | None = field(default=None, repr=False)
    template: str | None = None
    version: int | None = None
    locale: str | None = None
    content_id: str | None = None
    content_variables: Mapping[str, str] = field(default_factory=dict, repr=False)
