"""Dead letters from the command line: of all organizations, or of one."""

import argparse

from gateway.cli import by_hand
from gateway.http.admin_answer import letter_answer, letter_detail
from gateway.models.dead_letter import DeadLetter
from gateway.usecases import dead_letters
from gateway.usecases.operators import Operator


def run(args: argparse.Namespace) -> int:
    """Do what `dead-letters ACTION` asks. Works on the database itself."""
    work = {"replay": dead_letters.replay, "discard": dead_letters.discard}
    return by_hand.run(args, {"list": _list, "show": _show}, work)


def _list(operator: Operator, args: argparse.Namespace) -> int:
    wanted = by_hand.filters(args, "object", "reason", "kind", "booking_id")
    wanted["resolved"] = args.resolved
    for letter in dead_letters.search(operator, wanted, args.limit):
        by_hand.show(args, {**letter_answer(letter), **_owner(letter)}, _line(letter))
    return 0


def _show(operator: Operator, args: argparse.Namespace) -> int:
    letter = dead_letters.show(operator, args.id)
    detail = letter_detail(letter)
    steps = []
    for step in detail["history"]:
        words = (step["state"], step["reason"], step["provider_status"], step["provider_code"])
        told = [step["what"], str(step["attempt"] or ""), *(str(word or "") for word in words)]
        steps.append(f"  {step['at']}  " + " ".join(word for word in told if word))
    by_hand.show(args, {**detail, **_owner(letter)}, "\n".join([_line(letter), *steps]))
    return 0


def _owner(letter: DeadLetter) -> dict[str, str | None]:
    return {"organization": letter.organization_id, "mode": letter.mode}


def _line(letter: DeadLetter) -> str:
    at, told = f"{letter.created_at:%Y-%m-%d %H:%M}", f"{letter.resolution or 'open':<9}"
    return "  ".join((letter.id, at, told, letter.object_id, letter.reason))
