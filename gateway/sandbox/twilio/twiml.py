"""What a TwiML document asks to be said, transcribed, recorded and collected."""

from dataclasses import dataclass
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
class Script:
    """One document. `spoken` is all `<Say>` text in order, with single spaces between.

    `gather_url` is None without `<Gather>`; it is empty for a `<Gather>` that names no action in
    a document that has no address of its own.
    """

    spoken: str = ""
    transcription: Transcription | None = None
    recording: Recording | None = None
    gather_url: str | None = None


def read_script(document: str | bytes, base_url: str = "") -> Script:
    """Read TwiML, resolving addresses against `base_url`. Broken XML is an empty script."""
    text = document.decode(errors="replace") if isinstance(document, bytes) else document
    if "<!DOCTYPE" in text:
        return Script()
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - entities need the DOCTYPE refused above
    except (ElementTree.ParseError, ValueError):
        return Script()
    says = ("".join(say.itertext()).split() for say in root.iter("Say"))
    gather = next(root.iter("Gather"), None)
    return Script(
        spoken=" ".join(" ".join(words) for words in says if words),
        transcription=_transcription(root.find("Start/Transcription"), base_url),
        recording=_recording(next(root.iter("Record"), None), base_url),
        gather_url=None if gather is None else urljoin(base_url, gather.get("action", "")),
    )


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
