"""Who acts at the command line, for the audit trail."""

import os
import pwd


def who(command: str) -> str:
    """The machine's account that runs the command, and the command."""
    return f"{account_of(os.getuid())} ({command})"


def account_of(uid: int) -> str:
    """The name of this machine's account, not what the environment says it is; a container may give a bare number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
