"""A way to hosts that are not there: it takes Ansible's files and commands, and answers at once what the module would. For measuring what many hosts cost the one who asks them."""
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
    has_pipelining = False
    task = ""

    def _connect(self):
        if self._number() % 1000 == 999:
            raise AnsibleConnectionFailure("nobody is there")
        self._connected = True
        return self

    def _number(self):
        return int(re.sub(r"\D", "", self._play_context.remote_addr))

    def exec_command(self, cmd, in_data=None, sudoable=True):
        self._connect()
        directory = re.search(r"ansible-tmp-[\d.]+-\d+-\d+", cmd)
        if "mkdir" in cmd and directory:
            return 0, f"{directory[0]}=/root/.ansible/tmp/{directory[0]}\n".encode(), b""
        # Ansible names the module's file after the module, whatever language it is in.
        if "AnsiballZ_tickward" in cmd and "chmod" not in cmd:
            return 0, json.dumps(answer_of(self._number(), self.task)).encode(), b""
        return 0, b"", b""

    def put_file(self, in_path, out_path):
        if out_path.endswith("/args"):
            with open(in_path) as arguments:
                self.task = json.load(arguments)["do"]

    def fetch_file(self, in_path, out_path):
        raise AnsibleConnectionFailure("there are no files")

    def close(self):
        self._connected = False
