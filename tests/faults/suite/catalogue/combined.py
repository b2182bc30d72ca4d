"""Deploys, crowds, and everything at once."""

import signal
import time

from tests.faults.suite.registry import FAULTS, Scene, fault
from tests.faults.suite.stage import STANDARD

CROWD = ("web-2", "worker-3", "worker-4", "clock-2")
NEMESIS_SECONDS = 300.0


@fault("F16", "three deploys: each process gets SIGTERM, and its follower is there before it ends")
def deployed(scene: Scene) -> None:
    """The web's follower shares its port; a slow provider makes the workers take their time."""
    with scene.stage.sandbox.fault("slow", share=0.3, seconds=0.6, seed=1):
        for _ in range(3):
            for post in STANDARD:
                follower = f"{post.partition('-')[0]}-next"
                scene.stage.start(follower)
                scene.stage.end(post, signal.SIGTERM)
                scene.stage.start(post)
                scene.stage.end(follower, signal.SIGTERM)
                scene.struck += 1


@fault("F16", "the processes of the Procfile, ended by SIGTERM and started again")
def procfile_deployed(scene: Scene) -> None:
    """gunicorn, Dramatiq's own master, the clock: two deploys."""
    stage = scene.stage
    for post in STANDARD:
        stage.end(post, signal.SIGTERM)
    for _ in range(2):
        with stage.procfile():
            scene.struck += 1
            scene.hold(2)


@fault("own", "two webs, four workers, two clocks, and one of each is killed")
def crowd(scene: Scene) -> None:
    """None of them knows of the others."""
    for post in CROWD:
        scene.stage.start(post)
    for post in ("web-2", "worker-4", "clock-2", "worker-3"):
        scene.hold(0.8)
        scene.stage.end(post)
        scene.struck += 1
        scene.stage.start(post)
    scene.hold(1)


@fault("own", "answers lost, callbacks lost, Redis flushed, workers killed, at the same time")
def all_at_once(scene: Scene) -> None:
    """For 5 seconds."""
    sandbox, seed = scene.stage.sandbox, scene.dice.randrange(2**31)
    client = scene.stage.redis.client()
    for behaviour in ("timeout_accepted", "lost_callbacks", "error_503", "reset_not_accepted"):
        with sandbox.fault(behaviour, share=0.3, seed=seed):
            client.flushall()
            post = scene.dice.choice(["worker-1", "worker-2", "clock", "web"])
            scene.stage.end(post)
            scene.struck += 1
            scene.hold(0.4)
            scene.stage.start(post)
            scene.hold(0.9)
    client.close()


NEMESES = (
    "redis_flushed", "redis_hangs", "redis_clients_killed", "workers_killed", "clock_killed",
    "web_killed", "workers_frozen", "clock_frozen", "timeout_accepted", "reset_accepted",
    "error_502_503", "callbacks_lost", "callbacks_tripled", "provider_down", "database_locked",
    "clock_jitter",
)  # fmt: skip


@fault("own", "four other faults drawn by lot, one after the other")
def nemesis(scene: Scene) -> None:
    """Each seed draws others."""
    for name in scene.dice.sample(NEMESES, 4):
        FAULTS[name].strike(scene)
        for post in STANDARD:
            if not scene.stage.alive(post):
                scene.stage.start(post)


@fault("F13", "everything killed every 5 to 20 s for five minutes", listed=False, size=3000,
       spread=NEMESIS_SECONDS)  # fmt: skip
def everything_killed(scene: Scene) -> None:
    """Web, workers, clock, Redis, and the database server where there is one: SIGKILL."""
    stage, until = scene.stage, time.monotonic() + scene.seconds
    while time.monotonic() < until:
        scene.hold(scene.dice.uniform(5, 20))
        for post in STANDARD:
            stage.end(post)
        stage.redis.kill()
        if stage.database.kind == "postgresql":
            scene.postgres.restart(signal.SIGQUIT)
        scene.struck += 1
        stage.redis.start()
        for post in STANDARD:
            stage.start(post)
