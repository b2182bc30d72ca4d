"""The provider: silent, broken, refusing, garbled, away, or unable to say what it did."""

from typing import Any

from tests.faults.suite.registry import Fault, Scene, add, fault

FOR = 6.0
SHARE = 0.25


def _answers(
    name: str, source: str, about: str, *behaviours: str, share: float = SHARE, **how: Any
) -> None:
    """A share of the placements is answered like this; several take turns."""

    def strike(scene: Scene) -> None:
        for behaviour in behaviours:
            seed = scene.dice.randrange(2**31)
            with scene.stage.sandbox.fault(behaviour, share=share, seed=seed, **how):
                scene.hold(FOR / len(behaviours))
            scene.struck += 1

    add(Fault(name, f"{about}, for a share of {share:g} of all calls", source, strike))


_answers("timeout_not_accepted", "F65", "no answer, nothing placed", "timeout_not_accepted",
         seconds=2)  # fmt: skip
_answers("timeout_accepted", "F66", "no answer, and placed", "timeout_accepted", seconds=2)
_answers("timeout_accepted_silent", "F66", "no answer, placed, and no callback ever",
         "timeout_accepted_silent", seconds=2)  # fmt: skip
_answers("reset_accepted", "F67", "connection reset, and placed", "reset_accepted")
_answers("reset_not_accepted", "F68", "connection reset, nothing placed", "reset_not_accepted")
_answers("close_accepted", "own", "connection closed without an answer, and placed",
         "close_accepted")  # fmt: skip
_answers("truncated", "F70", "201 cut off", "truncated")
_answers("html_or_empty_201", "F71", "201 with HTML, 201 with nothing", "html_201", "empty_201")
_answers("garbage_answer", "F72", "an answer that is not HTTP", "garbage")
_answers("error_500", "F73", "500, nothing placed", "error_500")
_answers("error_500_accepted", "F74", "500, and placed", "error_500_accepted")
_answers("error_502_503", "F75", "502 and 503, nothing placed", "error_502", "error_503")
_answers("rejected", "F78", "400, a number that can't be called", "reject")
_answers("drip", "F81", "201 a byte at a time", "drip", share=0.1)
_answers("same_sid", "F84", "201 with the id of another call", "same_sid", share=0.1)
_answers("redirected", "own", "307 to elsewhere", "redirect_307")
_answers("slow_answers", "own", "201 after 0.7 of the deadline's seconds", "slow", seconds=0.7)

# An hour of waiting, which 3600 and more ask for, is longer than a run.
RETRY_AFTER = ("0", "1", "2", "-5", "abc", "Wed, 21 Oct 2015 07:28:00 GMT", None)


@fault("F76", "429 for 20 calls with each kind of Retry-After")
def throttled(scene: Scene) -> None:
    """A number, zero, negative, no number, a date that is past, none."""
    for retry_after in RETRY_AFTER:
        how = {} if retry_after is None else {"retry_after": retry_after}
        with scene.stage.sandbox.fault("throttle_429", next=20, **how):
            scene.hold(0.8)
        scene.struck += 1


@fault("own", "every request refused for its credentials, for 4 s")
def bad_credentials(scene: Scene) -> None:
    """401 to all; the account is well again afterwards."""
    with scene.stage.sandbox.fault("bad_credentials", share=1.0):
        scene.struck += 1
        scene.hold(4)


@fault("F87", "the provider refuses connections for 6 s")
def provider_down(scene: Scene) -> None:
    """Nobody listens, and connections there are reset."""
    scene.stage.sandbox.proxy.refuse()
    scene.struck += 1
    scene.hold(6)
    scene.stage.sandbox.proxy.accept()


@fault("F63", "the provider takes connections and nothing else for 5 s")
def provider_deaf(scene: Scene) -> None:
    """What is sent to it disappears."""
    proxy = scene.stage.sandbox.proxy
    proxy.deaf = True
    scene.struck += 1
    scene.hold(5)
    proxy.cut()
    proxy.deaf = False


@fault("F83", "connections to the provider reset again and again")
def provider_cut(scene: Scene) -> None:
    """Every 150 ms, whatever is on its way."""
    for _ in range(30):
        scene.stage.sandbox.proxy.cut()
        scene.struck += 1
        scene.hold(0.15)


def _lookups(name: str, about: str, behaviour: str, **how: Any) -> None:
    def strike(scene: Scene) -> None:
        sandbox, seed = scene.stage.sandbox, scene.dice.randrange(2**31)
        sandbox.start_fault(behaviour, share=1.0, **how)
        with sandbox.fault("timeout_accepted_silent", share=SHARE, seed=seed, seconds=2):
            scene.hold(FOR)
        scene.struck += 1

    add(Fault(name, about, "F85", strike))


_lookups("lookups_down", "no answers, no callbacks, and the list of calls is a 503", "lookup_503")
_lookups("lookups_lag", "no answers, no callbacks, and the list of calls lags by 4 s",
         "lookup_lags", seconds=4)  # fmt: skip
