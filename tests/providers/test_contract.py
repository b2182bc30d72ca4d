"""The carriers' common promises, held by each."""

from tests.providers.contract import Contract
from tests.providers.kits import TwilioKit, VoiceApiKit


class TestTwilio(Contract):
    kit = TwilioKit()


class TestVoiceApi(Contract):
    kit = VoiceApiKit()
