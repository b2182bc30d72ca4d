"""What a TwiML document asks to be said, transcribed, recorded, collected and sent back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urljoin
from xml.etree import ElementTree


@dataclass(frozen=True, slots=True)
class Transcription:
    """A `<Start><Transcription>`: where its events go and which sides it writes down."""

    callback_url: str
    track: str = "both_tracks"
    name: str = ""
    language: str = "en-US"
    inbound_label: str = ""
    outbound_label: str = ""

    @property
    def tracks(self) -> tuple[str, ...]:
        """The single tracks that are heard."""
        if self.track == "both_tracks":
            return ("outbound_track", "inbound_track")
        return (self.track,)


@dataclass(frozen=True, slots=True)
class Recording:
    """A `<Record>` verb; a URL that was not given is empty."""

    callback_url: str = ""
    transcribe_url: str = ""


@dataclass(frozen=True, slots=True)
class Gather:
    """A `<Gather>`: where the keys go, how many it takes (0 for any number), and whether no key at
    all is told too. The address is empty where it names no action in a document that has no
    address of its own."""

    action_url: str
    keys: int = 0
    tells_empty: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """One document. `words` are said up to its first `<Gather>` and in it; when that gets no key,
    the call falls through to the `rest`. Single spaces are between words and sentences."""

    words: str = ""
    transcription: Transcription | None = None
    recording: Recording | None = None
    gather: Gather | None = None
    rest: "Script | None" = None

    @property
    def spoken(self) -> str:
        """All `<Say>` text in order, as someone hears it who presses no key."""
        said = (self.words, self.rest.spoken if self.rest else "")
        return " ".join(text for text in said if text)


def read_script(document: str | bytes, base_url: str = "") -> Script:
    """Read TwiML, resolving addresses against `base_url`. Broken XML is an empty script."""
    text = document.decode(errors="replace") if isinstance(document, bytes) else document
    if "<!DOCTYPE" in text:
        return Script()
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - entities need the DOCTYPE refused above
    except (ElementTree.ParseError, ValueError):
        return Script()
    script = _verbs(list(root), base_url)
    return replace(
        script,
        transcription=_transcription(root.find("Start/Transcription"), base_url),
        recording=_recording(next(root.iter("Record"), None), base_url),
    )


def _verbs(verbs: Sequence[ElementTree.Element], base_url: str) -> Script:
    """What is said and collected, in the order of the verbs, until one hangs up."""
    words: list[str] = []
    for index, verb in enumerate(verbs):
        if verb.tag == "Hangup":
            break
        words += (word for say in verb.iter("Say") for word in "".join(say.itertext()).split())
        if verb.tag == "Gather":
            rest = _verbs(verbs[index + 1 :], base_url)
            return Script(" ".join(words), gather=_gather(verb, base_url), rest=rest)
    return Script(" ".join(words))


def _gather(element: ElementTree.Element, base_url: str) -> Gather:
    keys = element.get("numDigits", "")
    return Gather(
        action_url=urljoin(base_url, element.get("action", "")),
        keys=int(keys) if keys.isdecimal() else 0,
        tells_empty=element.get("actionOnEmptyResult") == "true",
    )


def read_replies(content: bytes, content_type: str) -> list[str]:
    """The words that Twilio sends to the person who wrote when it gets this answer: each
    `<Message>`, and a plain text as it is."""
    text = content.decode(errors="replace").strip()
    if not text or "<!DOCTYPE" in text:
        return []
    if content_type.startswith("text/plain"):
        return [text]
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - entities need the DOCTYPE refused above
    except (ElementTree.ParseError, ValueError):
        return []
    said = ("".join(message.itertext()).strip() for message in root.iter("Message"))
    return [words for words in said if words]


def _transcription(element: ElementTree.Element | None, base_url: str) -> Transcription | None:
    if element is None or not element.get("statusCallbackUrl"):
        return None
    return Transcription(
        callback_url=urljoin(base_url, element.get("statusCallbackUrl", "")),
        track=element.get("track", "both_tracks"),
        name=element.get("name", ""),
        language=element.get("languageCode", "en-US"),
        inbound_label=element.get("inboundTrackLabel", ""),
        outbound_label=element.get("outboundTrackLabel", ""),
    )


def _recording(element: ElementTree.Element | None, base_url: str) -> Recording | None:
    if element is None:
        return None
    callback, transcribe = element.get("recordingStatusCallback"), ""
    if element.get("transcribe") == "true" or element.get("transcribeCallback"):
        transcribe = element.get("transcribeCallback", "")
    return Recording(
        callback_url=urljoin(base_url, callback) if callback else "",
        transcribe_url=urljoin(base_url, transcribe) if transcribe else "",
    )
