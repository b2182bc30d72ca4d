"""What the telephone says: an inline TwiML document (https://www.twilio.com/docs/voice/twiml)."""

import re
from functools import cache
from xml.sax.saxutils import escape

from twilio.twiml.voice_response import VoiceResponse

from gateway.providers.twilio.placing import Unfit

MOST_CHARACTERS = 4000  # of the Twiml parameter, Twilio's API reference
KEY_SECONDS = 5  # to press one after the last word

# What a call hears once a key was pressed: nothing, in any language.
FAREWELL = '<?xml version="1.0" encoding="UTF-8"?><Response><Hangup/></Response>'

# Everything XML 1.0 forbids, even as a character reference (section 2.2).
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# <Say> fails the whole call for a language that it does not know, so only known ones are named.
_LANGUAGES = """
en-US en-GB en-AU en-IE en-IN en-NZ en-ZA ar-AE bg-BG ca-ES cmn-CN cmn-TW cs-CZ cy-GB da-DK
de-DE de-AT el-GR es-ES es-MX es-US eu-ES fi-FI fil-PH fr-FR fr-BE fr-CA gl-ES he-IL hi-IN
hu-HU id-ID is-IS it-IT ja-JP ko-KR lt-LT lv-LV ms-MY nb-NO nl-NL nl-BE pl-PL pt-BR pt-PT
ro-RO ru-RU sk-SK sr-RS sv-SE th-TH tr-TR uk-UA vi-VN yue-HK
"""
_BY_TAG = {tag.lower(): tag for tag in _LANGUAGES.split()}
_BY_LANGUAGE = {tag.partition("-")[0]: tag for tag in reversed(_LANGUAGES.split())}
_OTHER_NAMES = {"zh": "cmn", "no": "nb", "iw": "he", "tl": "fil"}


def language(locale: str) -> str | None:
    """Twilio's language for a BCP 47 tag ("pt-BR", "pl", "de_CH"): exactly that one, else the same
    language elsewhere, else None."""
    tag = locale.strip().replace("_", "-").lower()
    base, _, rest = tag.partition("-")
    base = _OTHER_NAMES.get(base, base)
    return _BY_TAG.get(f"{base}-{rest}") or _BY_LANGUAGE.get(base)


def document(
    say: str, locale: str, transcription_url: str | None, digits_url: str | None = None
) -> str:
    """The TwiML that says the text, and listens a moment so that an answer is heard when it is to
    be transcribed. One key pressed meanwhile, or up to 5 s after the last word, goes to
    `digits_url`. Raises Unfit."""
    spoken = _FORBIDDEN.sub("", say).strip()
    if not spoken:
        raise Unfit("nothing to say")
    text = _shape(language(locale), transcription_url is not None, digits_url is not None)
    text = text.replace(_HEARD, _told(transcription_url)).replace(_KEYS, _told(digits_url))
    text = text.replace(_SAID, escape(spoken))
    if len(text) > MOST_CHARACTERS:
        raise Unfit("longer than Twilio accepts")
    return text


# What stands for the words and the addresses in a document that is made once for all calls of its
# shape: characters that no address has, and what is said comes last.
_SAID, _HEARD, _KEYS = "\ue000", "\ue001", "\ue002"


def _told(address: str | None) -> str:
    return escape(address or "", {'"': "&quot;"})


@cache
def _shape(tongue: str | None, heard: bool, keys: bool) -> str:
    response = VoiceResponse()
    if heard:
        response.start().transcription(
            status_callback_url=_HEARD,
            status_callback_method="POST",
            track="both_tracks",
            inbound_track_label="contact",
            outbound_track_label="gateway",
            language_code=tongue,
        )
    if keys:
        pressed = response.gather(num_digits=1, timeout=KEY_SECONDS, action=_KEYS, method="POST")
        pressed.say(_SAID, language=tongue)
    else:
        response.say(_SAID, language=tongue)
    response.pause(length=4 if heard and not keys else 1)
    return str(response)
