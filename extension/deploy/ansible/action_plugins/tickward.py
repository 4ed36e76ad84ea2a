"""Calls the module of the same name through one command, with what is to be done on its stdin. Ansible's own way makes a directory on the host, copies the module and its arguments there, runs it and removes them: six commands, each a login."""

import json
import shlex

from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible.plugins.action import ActionBase

# What the module says (src/fleet/task.ts). Nothing else of a host's counts: to Ansible other keys mean something of their own.
KEYS = ("changed", "failed", "reason", "msg", "state", "data", "record")


class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        if not self._takes_stdin():
            result.update(self._execute_module(task_vars=task_vars))
            return result
        given = dict(self._task.args, _ansible_check_mode=bool(self._task.check_mode))
        # Through cat: what sshd gives for stdin can be a socket, which cannot be opened by the name /dev/stdin.
        command = "cat | %s /bin/sh -c %s tickward /dev/stdin" % (self._compute_environment_string(), shlex.quote(self._module()))
        said = self._low_level_execute_command(command, in_data=to_bytes(json.dumps(given)))
        result.update(self._answer(said))
        return result

    def _takes_stdin(self):
        # sudo may want a terminal, su reads stdin itself: with them only where pipelining is on, which needs the same.
        return self._connection.has_pipelining and (not self._connection.become or self._is_pipelining_enabled("new"))

    def _module(self):
        with open(self._shared_loader_obj.module_loader.find_plugin("tickward"), encoding="utf-8") as file:
            return file.read()

    @staticmethod
    def _answer(said):
        for line in reversed(to_text(said["stdout"]).splitlines()):
            try:
                answer = json.loads(line)
            except ValueError:
                continue
            if isinstance(answer, dict):
                return {key: answer[key] for key in KEYS if key in answer}
        words = to_text(said["stderr"]).strip() or to_text(said["stdout"]).strip()
        return {"changed": False, "failed": True, "reason": "error", "msg": words[-2000:] or "it ended with %s and said nothing" % said["rc"]}
