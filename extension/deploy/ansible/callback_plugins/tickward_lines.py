"""One line of JSON for all hosts, then one for each result of each host, on stdout as it comes."""
import json
import sys

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: tickward_lines
type: stdout
short_description: a line of JSON for each result of each host
description: what tickward reads; {"hosts"}, then {"host", "outcome" (ok, failed, unreachable, skipped), "result"}
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "tickward_lines"

    def _write(self, line):
        sys.stdout.write(json.dumps(line, default=str) + "\n")
        sys.stdout.flush()

    def _line(self, result, outcome):
        self._write({"host": result._host.get_name(), "outcome": outcome, "result": result._result})

    def v2_playbook_on_play_start(self, play):
        inventory = play.get_variable_manager()._inventory
        self._write({"hosts": [host.get_name() for host in inventory.get_hosts("all", ignore_restrictions=True)]})

    def v2_runner_on_ok(self, result):
        self._line(result, "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._line(result, "failed")

    def v2_runner_on_unreachable(self, result):
        self._line(result, "unreachable")

    def v2_runner_on_skipped(self, result):
        self._line(result, "skipped")
