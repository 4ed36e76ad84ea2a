"""A way to hosts that are not there: it takes Ansible's command, and answers at once what the module would. For measuring what many hosts cost the one who asks them."""
import json
import re

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: instant
short_description: hosts that are not there and answer at once
description: each hundredth has what is looked for, each thousandth is down
options: {}
"""

RECORD = {"chain": {"intact": True}, "entries": [{"seq": n, "kind": "change", "data": {"path": "/etc/systemd/system/evil.timer", "text": "x" * 200}} for n in range(12)]}


def answer_of(number, task):
    if task == "sweep":
        traces = [{"what": "unit", "value": "evil.timer", "where": "/etc/systemd/system/evil.timer"}] if number % 100 == 0 else []
        return {"changed": False, "msg": f"{len(traces)} trace(s)", "state": "found" if traces else "ok", "data": {"traces": traces, "notes": []}}
    run = f"01a20fbd-0000-7000-8000-{number:012d}"
    return {"changed": True, "msg": "changed", "state": "changed", "data": {"run": run, "steps": [{"id": "remove", "state": "changed"}]}, "record": {"run": run, **RECORD}}


class Connection(ConnectionBase):
    transport = "instant"
    has_pipelining = True

    def _connect(self):
        if self._number() % 1000 == 999:
            raise AnsibleConnectionFailure("nobody is there")
        self._connected = True
        return self

    def _number(self):
        return int(re.sub(r"\D", "", self._play_context.remote_addr))

    def exec_command(self, cmd, in_data=None, sudoable=True):
        self._connect()
        return 0, json.dumps(answer_of(self._number(), json.loads(in_data)["do"])).encode(), b""

    def put_file(self, in_path, out_path):
        raise AnsibleConnectionFailure("there are no files")

    def fetch_file(self, in_path, out_path):
        raise AnsibleConnectionFailure("there are no files")

    def close(self):
        self._connected = False
