"""Who is said to have acted: the machine's account, or its number where it has no name."""

import os
import pwd

from mitoyen.cli.who import account_of


def test_an_account_is_named_as_the_machine_knows_it():
    assert account_of(os.getuid()) == pwd.getpwuid(os.getuid()).pw_name


def test_a_bare_number_as_containers_give_it_is_no_fault():
    unused = max(account.pw_uid for account in pwd.getpwall()) + 1_000
    assert account_of(unused) == f"uid {unused}"
