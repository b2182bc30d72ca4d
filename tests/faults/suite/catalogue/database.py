"""Faults that either database knows: somebody else's lock, somebody else's long read."""

from tests.faults.suite.registry import Scene, fault


@fault("F47", "another writer holds the database for 1, 3 and 6 s")
def database_locked(scene: Scene) -> None:
    """SQLite: the write lock. PostgreSQL: locks on the tables; 6 s is past every patience."""
    for seconds in (1, 3, 6):
        with scene.stage.database.held():
            scene.struck += 1
            scene.hold(seconds)
        scene.hold(0.5)


@fault("F58", "a reader pins its snapshot for the whole load")
def database_pinned(scene: Scene) -> None:
    """SQLite: the write-ahead log can't start again. PostgreSQL: nothing can be cleaned up."""
    with scene.stage.database.pinned():
        scene.struck += 1
        scene.hold(8)
