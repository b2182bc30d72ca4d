"""The carriers' common promises, held by each."""

from tests.providers.asking import Asking
from tests.providers.contract import Contract
from tests.providers.kits import TwilioKit, TwilioMessageKit, VoiceApiKit


class TestTwilio(Contract, Asking):
    kit = TwilioKit()


class TestTwilioSms(Contract, Asking):
    kit = TwilioMessageKit("sms")


class TestTwilioWhatsApp(Contract, Asking):
    kit = TwilioMessageKit("whatsapp")


class TestVoiceApi(Contract, Asking):
    kit = VoiceApiKit()
