"""Who may do what with keys of the machines' door.

| rule | who |
| --- | --- |
| can_manage_keys(person) | operator, administrator, on the whole territory: a key writes to the common history |
"""

from mitoyen.territory.perms import RUN_THE_TERRITORY, Someone, scope


def can_manage_keys(person: Someone) -> bool:
    """Only operators and administrators of the whole territory make keys and take them out."""
    return scope(person, RUN_THE_TERRITORY).whole
