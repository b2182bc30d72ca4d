"""The table for people: a row for each fault and database, as the JSON lines have them."""

from typing import Any

COLUMNS = (
    ("acked", 5), ("placed", 6), ("lost", 4), ("duplicate", 4), ("flagged", 4), ("phantom", 4),
    ("illicit", 4), ("unknown_resolved", 4), ("unknown_final", 4), ("seconds_to_converge", 5),
)  # fmt: skip
SHORT = {
    "duplicate": "dup", "flagged": "flag", "phantom": "phan", "illicit": "ill",
    "unknown_resolved": "unk>", "unknown_final": "unk!", "seconds_to_converge": "conv",
}  # fmt: skip
LEGEND = (
    "dup: called twice; flag: found out by the gateway; phan: calls nobody asked for; ill: too"
    " early, too late or canceled;\nunk>: of unknown fate, resolved; unk!: never confirmed;"
    " conv: seconds until everything had its end."
)


def head() -> str:
    """The names of the columns."""
    titles = " ".join(f"{SHORT.get(name, name):>{width}}" for name, width in COLUMNS)
    return f"{'fault':<38} {'database':<10} {titles}"


def line(found: dict[str, Any]) -> str:
    """One row, with what went wrong on lines of its own."""
    cells = " ".join(f"{_cell(found[name]):>{width}}" for name, width in COLUMNS)
    text = f"{found['fault']:<38} {found['database']:<10} {cells}"
    if found["ok"]:
        return f"{text} ok"
    return "\n".join([f"{text} FAILED", *(f"    {reason}" for reason in _reasons(found))])


def _reasons(found: dict[str, Any]) -> list[str]:
    reasons = [f"{name}: {', '.join(some)}" for name, some in found.get("details", {}).items()]
    if found["seconds_to_converge"] is None:
        reasons.append("did not converge within 120 s")
    if not found["struck"]:
        reasons.append("the fault did not take place")
    if "error" in found:
        reasons += str(found["error"]).strip().splitlines()
    return reasons


def _cell(value: object) -> str:
    return "-" if value is None else str(value)
