"""What network servers are known to do differently, through the machines' door of a real installation."""

import json

from tests.connect.uplinks.differences import expected, sent, shown
from tests.gate.test_webhooks import DEVICE, bearer, post
from tests.installation import Installation

STORED = """
import json
from mitoyen.history import journal
rows = journal.rows_between(-(1 << 62), 1 << 62)
print(json.dumps([rows["time"].tolist(), rows["value"].tolist()]))
"""


def test_each_known_difference_has_its_own_answer_and_the_rest_goes_on(tmp_path):
    installation = Installation(tmp_path / "home")
    installation.run("init")
    installation.python(DEVICE)
    key = installation.run("gate-key", "network", "--may", "uplinks").stdout.strip()
    with installation.serving("gate") as (_process, _door, address):
        for one in sent():
            status, content, _headers = post(address, f"/v1/uplinks/{one.format}", one.content, bearer(key))
            said = content.get("reason", content.get("outcome"))
            assert (said, status) == (one.outcome, 200 if "reason" not in content else 202), (one.name, content)
    assert shown(*json.loads(installation.python(STORED))) == expected()
