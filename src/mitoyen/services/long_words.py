"""Words longer than their question takes: nothing is cut off, the rest is added to the request's timeline."""


def pieces(text: str, most: int) -> list[str]:
    """A text in pieces of at most `most` characters, broken between words."""
    found: list[str] = []
    rest = text.strip()
    while rest:
        if len(rest) <= most:
            return [*found, rest]
        at = max(rest.rfind(" ", most // 2, most), rest.rfind("\n", most // 2, most))
        at = at if at > 0 else most
        found.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return found
