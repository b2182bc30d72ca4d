"""What every carrier has to do when it is asked what it has: one suite, run for each."""

import pytest

from gateway.domain.provider import LookupFailed
from tests.providers import breaking
from tests.providers.kits import NOW, Kit, settings
from tests.providers.stand_in import Act, StandIn, answering
from tests.providers.wanted import wanted


class Asking:
    """Inherit and set `kit`."""

    kit: Kit

    @pytest.mark.row("A4")
    @pytest.mark.parametrize("act", [breaking.truncates, answering(500), answering(200, b"[]")])
    def test_a_list_is_complete_or_there_is_none(self, act: Act) -> None:
        with StandIn(act) as carrier:
            provider, channel = self.kit.make(settings(sandbox_url=carrier.url)), self.kit.channel
            account, sender = str(provider.account("test", channel)), self.kit.sender
            if provider.can_be_asked:
                with pytest.raises(LookupFailed):
                    provider.listed(account, sender, NOW, channel)
            else:
                assert provider.listed(account, sender, NOW, channel) is None
                assert carrier.connections == 0

    @pytest.mark.row("A4")
    @pytest.mark.parametrize("act", [breaking.truncates, answering(500), answering(200, b"[]")])
    def test_a_look_up_that_fails_says_so_and_names_nobody(self, act: Act) -> None:
        with StandIn(act) as carrier:
            provider = self.kit.make(settings(sandbox_url=carrier.url))
            asked = wanted(self.kit, provider)
            if provider.can_be_asked:
                with pytest.raises(LookupFailed) as found:
                    provider.find(asked)
                with pytest.raises(LookupFailed) as fetched:
                    provider.fetch(asked.account, self.kit.external_id)
                assert asked.to not in f"{found.value!r} {fetched.value!r}"
            else:
                assert provider.find(asked) is None
                assert provider.fetch(asked.account, self.kit.external_id) is None
                assert carrier.connections == 0
