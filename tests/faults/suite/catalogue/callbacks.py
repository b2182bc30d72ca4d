"""Callbacks: doubled, reversed, early, late, lost, forged."""

import threading

import requests

from tests.faults.suite.registry import Fault, Scene, add, fault
from tests.faults.suite.stage import Stage

FOR = 6.0


def _callbacks(
    name: str, source: str, about: str, behaviour: str, seconds: float | None = None,
    share: float = 0.5,
) -> None:  # fmt: skip
    def strike(scene: Scene) -> None:
        how = {} if seconds is None else {"seconds": seconds}
        seed = scene.dice.randrange(2**31)
        with scene.stage.sandbox.fault(behaviour, share=share, seed=seed, **how):
            scene.hold(FOR)
        scene.struck += 1

    add(Fault(name, about, source, strike))


_callbacks("callbacks_tripled", "F90", "each comes three times", "duplicate_callbacks")
_callbacks("callbacks_reversed", "F92", "the last comes first", "reversed_callbacks")
_callbacks("callbacks_early", "F93", "all come before the answer to the placement",
           "early_callbacks")  # fmt: skip
_callbacks("callbacks_late", "F95", "each comes 5 s late", "late_callbacks", 5.0)
_callbacks("callbacks_lost", "F98", "none comes at all, for any call", "lost_callbacks", share=1.0)
_callbacks("callbacks_forged", "own", "signed with a made-up secret", "forged_signature")


@fault("own", "answers are lost, and every callback comes doubled, beside lost ones")
def callbacks_for_unknown(scene: Scene) -> None:
    """What became of a call is known from callbacks alone."""
    sandbox, seed = scene.stage.sandbox, scene.dice.randrange(2**31)
    for behaviour in ("timeout_accepted", "duplicate_callbacks", "reset_accepted"):
        with sandbox.fault(behaviour, share=0.5, seed=seed):
            scene.hold(2)
    scene.struck += 1


@fault("own", "forged callbacks for real calls beside the real ones")
def forged_beside_real(scene: Scene) -> None:
    """Each says that the call failed; each must be a 401."""
    for _ in range(60):
        placed = scene.stage.sandbox.look("ledger")[-1:]
        for line in placed:
            answer = _forge(scene.stage, line["callback_url"], line["external_id"])
            assert answer.status_code == 401, answer.status_code
            scene.struck += 1
        scene.hold(0.08)


def _forge(stage: Stage, callback_url: str, external_id: str) -> requests.Response:
    url = callback_url.partition("#")[0] or f"{stage.url}/webhooks/twilio/voice"
    form = {
        "CallSid": external_id, "AccountSid": "AC" + "0" * 32, "CallStatus": "failed",
        "SequenceNumber": "9",
    }  # fmt: skip
    headers = {"X-Twilio-Signature": "bm8gc2lnbmF0dXJlIGF0IGFsbCE="}
    return requests.post(url, data=form, headers=headers, timeout=10)


@fault("F99", "no web for 5 s while calls are under way")
def web_absent(scene: Scene) -> None:
    """Callbacks and bookings find nobody."""
    scene.stage.end("web")
    scene.struck += 1
    scene.hold(5)
    scene.stage.start("web")


@fault("F104", "hundreds of callbacks at once for one call, beside a backlog")
def callbacks_in_a_burst(scene: Scene) -> None:
    """Unsigned, in eight threads: they cost time and change nothing."""
    line = scene.stage.sandbox.look("ledger")[-1:]
    assert line, "something was placed"
    url, external_id = line[0]["callback_url"], line[0]["external_id"]
    refused: list[int] = []

    def post() -> None:
        for _ in range(50):
            refused.append(_forge(scene.stage, url, external_id).status_code)

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(refused) == {401}, set(refused)
    scene.struck += len(refused)
