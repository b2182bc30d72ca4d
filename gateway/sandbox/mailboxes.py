"""Addresses whose name says what becomes of a message: those of the domain simulator.invalid."""

DOMAIN = "simulator.invalid"


def scenario(address: str) -> str:
    """The name of a simulated mailbox, in lower case and without a `+label`; empty for any address
    of another domain, where everything is delivered."""
    name, _, domain = address.strip().rpartition("@")
    return name.partition("+")[0].lower() if domain.lower() == DOMAIN else ""
