"""The carriers' common promises, held by each."""

from tests.providers.asking import Asking
from tests.providers.contract import Contract
from tests.providers.kits import TwilioKit, VoiceApiKit


class TestTwilio(Contract, Asking):
    kit = TwilioKit()


class TestVoiceApi(Contract, Asking):
    kit = VoiceApiKit()
