"""What every voice carrier has to do when it is asked what it has: one suite, run for each."""

import pytest

from gateway.domain.provider import LookupFailed
from tests.providers import breaking
from tests.providers.kits import FROM, NOW, Kit, settings
from tests.providers.stand_in import Act, StandIn, answering


class Asking:
    """Inherit and set `kit`."""

    kit: Kit

    @pytest.mark.row("A4")
    @pytest.mark.parametrize("act", [breaking.truncates, answering(500), answering(200, b"[]")])
    def test_a_list_of_calls_is_complete_or_there_is_none(self, act: Act) -> None:
        with StandIn(act) as carrier:
            provider = self.kit.make(settings(sandbox_url=carrier.url))
            account = str(provider.account("test"))
            if provider.can_be_asked:
                with pytest.raises(LookupFailed):
                    provider.listed(account, FROM, NOW)
            else:
                assert provider.listed(account, FROM, NOW) is None
                assert carrier.connections == 0
