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

# Characters of a line: tickward takes no longer one.
MOST_LINE = 16 * 1024 * 1024


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "tickward_lines"

    def _write(self, line):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def _line(self, result, outcome):
        host = result._host.get_name()
        try:
            # Python reads NaN as a number, and writes it: nobody else does.
            line = json.dumps({"host": host, "outcome": outcome, "result": result._result}, default=str, allow_nan=False)
            wrong = None if len(line) <= MOST_LINE else "it answered more than is taken (16 MiB); what it did is in its own journal (tickward runs)"
        except (ValueError, RecursionError):
            wrong = "it answered with something that is no JSON"
        self._write(line if wrong is None else json.dumps({"host": host, "outcome": "failed", "result": {"failed": True, "msg": wrong}}))

    def v2_playbook_on_play_start(self, play):
        inventory = play.get_variable_manager()._inventory
        # Of a wave all others are restricted away.
        self._write(json.dumps({"hosts": [host.get_name() for host in inventory.get_hosts(play.hosts, ignore_restrictions=True)]}))

    def v2_runner_on_ok(self, result):
        self._line(result, "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._line(result, "failed")

    def v2_runner_on_unreachable(self, result):
        self._line(result, "unreachable")

    def v2_runner_on_skipped(self, result):
        self._line(result, "skipped")
