"""One line of JSON for each result of each host on stdout, as it comes."""
import json
import sys

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: tickward_lines
type: stdout
short_description: a line of JSON for each result of each host
description: what tickward reads; {"host", "outcome" (ok, failed, unreachable, skipped), "result"}
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "tickward_lines"

    def _line(self, result, outcome):
        line = {"host": result._host.get_name(), "outcome": outcome, "result": result._result}
        sys.stdout.write(json.dumps(line, default=str) + "\n")
        sys.stdout.flush()

    def v2_runner_on_ok(self, result):
        self._line(result, "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._line(result, "failed")

    def v2_runner_on_unreachable(self, result):
        self._line(result, "unreachable")

    def v2_runner_on_skipped(self, result):
        self._line(result, "skipped")
