"""PostgreSQL restarted, crashed, frozen, slow, read-only, unreachable, and silent after COMMIT."""

import contextlib
import os
import signal

from tests.faults.suite.registry import Scene, fault

PG = ("postgresql",)


@fault("F40", "restarted in order, twice", databases=PG)
def postgres_restarted(scene: Scene) -> None:
    """pg_ctl restart -m fast."""
    for _ in range(2):
        scene.postgres.restart(signal.SIGINT)
        scene.struck += 1
        scene.hold(1.5)


@fault("F41", "crashes and recovers, twice", databases=PG)
def postgres_crashed(scene: Scene) -> None:
    """pg_ctl restart -m immediate."""
    for _ in range(2):
        scene.postgres.restart(signal.SIGQUIT)
        scene.struck += 1
        scene.hold(1.5)


@fault("F42", "one of its processes is killed, which ends every session", databases=PG)
def postgres_backend_killed(scene: Scene) -> None:
    """SIGKILL of a backend; the server recovers by itself."""
    for _ in range(2):
        scene.postgres.wait()
        backends = scene.postgres.backends()
        if backends:
            os.kill(scene.dice.choice(backends), signal.SIGKILL)
            scene.struck += 1
        scene.hold(1.5)


@fault("own", "every session ended, every 700 ms", databases=PG)
def postgres_sessions_ended(scene: Scene) -> None:
    """pg_terminate_backend."""
    for _ in range(6):
        scene.postgres.terminate()
        scene.struck += 1
        scene.hold(0.7)


@fault("F44", "frozen for 5 s", databases=PG)
def postgres_frozen(scene: Scene) -> None:
    """SIGSTOP of the server and all its processes."""
    scene.postgres.signal_all(signal.SIGSTOP)
    scene.struck += 1
    scene.hold(5)
    scene.postgres.signal_all(signal.SIGCONT)


@fault("own", "single backends frozen for 4 s", databases=PG)
def postgres_backend_frozen(scene: Scene) -> None:
    """SIGSTOP of two sessions, perhaps with locks in hand."""
    backends = scene.postgres.backends()
    chosen = scene.dice.sample(backends, min(2, len(backends)))
    for pid in chosen:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            scene.struck += 1
    scene.hold(4)
    for pid in chosen:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@fault("F48", "COMMIT is answered by silence", databases=PG, proxied=True)
def commit_silenced(scene: Scene) -> None:
    """The server commits, the answer is swallowed, after a while the connection is reset."""
    proxy = scene.postgres.proxy
    for _ in range(5):
        proxy.silence_after = b"COMMIT"
        scene.hold(0.15)
        proxy.silence_after = None
        scene.hold(0.6)
        proxy.cut()
        scene.hold(0.4)
    scene.struck += proxy.silenced


@fault("F53", "each word takes 50 ms longer for 4 s", databases=PG, proxied=True)
def postgres_slow(scene: Scene) -> None:
    """Latency in the proxy, both ways."""
    scene.postgres.proxy.latency = 0.05
    scene.struck += 1
    scene.hold(4)
    scene.postgres.proxy.latency = 0.0


@fault("F50", "read-only for 4 s", databases=PG)
def postgres_read_only(scene: Scene) -> None:
    """default_transaction_read_only, and back."""
    scene.postgres.read_only(True)
    scene.struck += 1
    scene.hold(4)
    scene.postgres.read_only(False)


@fault("own", "refuses connections for 5 s", databases=PG, proxied=True)
def postgres_unreachable(scene: Scene) -> None:
    """The proxy listens no more and resets what there is."""
    scene.postgres.proxy.refuse()
    scene.struck += 1
    scene.hold(5)
    scene.postgres.proxy.accept()


@fault("own", "takes connections and says nothing for 5 s", databases=PG, proxied=True)
def postgres_deaf(scene: Scene) -> None:
    """What is sent disappears; then every connection is reset."""
    proxy = scene.postgres.proxy
    proxy.deaf = True
    scene.struck += 1
    scene.hold(5)
    proxy.cut()
    proxy.deaf = False
