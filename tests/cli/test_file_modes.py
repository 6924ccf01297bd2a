"""What an installation writes is for its own account and group, wherever its folder stands."""

import stat


def test_other_accounts_of_the_machine_read_nothing(installation):
    installation.run("communes", "load")
    readable = [path for path in installation.home.rglob("*") if stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO]
    assert readable == []
    assert stat.S_IMODE((installation.home / "secret.key").stat().st_mode) == 0o600
