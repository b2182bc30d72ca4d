"""nginx's configuration as it is written: directives, their words, and what stands in braces."""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r'#[^\n]*|"(?:[^"\\]|\\.)*"|[{};]|[^\s{};"#]+')


@dataclass
class Directive:
    """One directive; quotes around a word are taken off."""

    name: str
    words: list[str]
    inside: "list[Directive]" = field(default_factory=list)


def parse(text: str) -> list[Directive]:
    """The directives of a file. Raises ValueError where one is not ended or braces don't match."""
    tokens = [token for token in _TOKEN.findall(text) if not token.startswith("#")]
    found, rest = _block(tokens)
    if rest:
        raise ValueError(f"{len(rest)} tokens stand after a closing brace too many")
    return found


def _block(tokens: list[str], *, inner: bool = False) -> tuple[list[Directive], list[str]]:
    found: list[Directive] = []
    words: list[str] = []
    while tokens:
        token, *tokens = tokens
        if token == "{":
            inside, tokens = _block(tokens, inner=True)
            found.append(Directive(words[0], words[1:], inside))
            words = []
        elif token == ";":
            found.append(Directive(words[0], words[1:]))
            words = []
        elif token == "}":
            if words or not inner:
                raise ValueError("a brace closes too early")
            return found, tokens
        else:
            words.append(token.strip('"'))
    if words or inner:
        raise ValueError("the end comes too early")
    return found, []
