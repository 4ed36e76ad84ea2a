"""Calls the module of the same name through one command, with what is to be done on its stdin. Ansible's own way makes a directory on the host, copies the module and its arguments there, runs it and removes them: six commands, each a login."""

import contextlib
import gc
import json
import resource
import shlex

from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible.plugins.action import ActionBase

# What the module says (src/fleet/task.ts). Nothing else of a host's counts: to Ansible other keys mean something of their own.
KEYS = ("changed", "failed", "reason", "msg", "state", "data", "record")

# A host may be an attacker's and answer without end. Ansible keeps all of it: so this process, which is forked for one host, gets so much memory and no more. What it starts gets no more either, so not where that is the program itself.
MOST_MEMORY = 256 * 1024 * 1024
# Characters of an answer. The program itself keeps no more of a command.
MOST_SAID = 16 * 1024 * 1024
TOO_MUCH = {"changed": False, "failed": True, "reason": "error", "msg": "it answered more than is taken (16 MiB); what it did is in its own journal (tickward runs)"}


@contextlib.contextmanager
def bounded_memory():
    with open("/proc/self/statm", encoding="ascii") as file:
        most = int(file.read().split()[0]) * resource.getpagesize() + MOST_MEMORY
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most if soft == resource.RLIM_INFINITY else min(most, soft), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        try:
            with bounded_memory() if self._connection.transport != "local" else contextlib.nullcontext():
                answer = self._ask(task_vars)
        except MemoryError:
            # What there is of the answer hangs on itself, and what follows needs room.
            gc.collect()
            answer = TOO_MUCH
        result.update(answer)
        return result

    def _ask(self, task_vars):
        if not self._takes_stdin():
            return self._execute_module(task_vars=task_vars)
        given = dict(self._task.args, _ansible_check_mode=bool(self._task.check_mode))
        # Through cat: what sshd gives for stdin can be a socket, which cannot be opened by the name /dev/stdin.
        command = "cat | %s /bin/sh -c %s tickward /dev/stdin" % (self._compute_environment_string(), shlex.quote(self._module()))
        return self._answer(self._low_level_execute_command(command, in_data=to_bytes(json.dumps(given))))

    def _takes_stdin(self):
        # sudo may want a terminal, su reads stdin itself: with them only where pipelining is on, which needs the same.
        return self._connection.has_pipelining and (not self._connection.become or self._is_pipelining_enabled("new"))

    def _module(self):
        with open(self._shared_loader_obj.module_loader.find_plugin("tickward"), encoding="utf-8") as file:
            return file.read()

    @staticmethod
    def _answer(said):
        if len(said["stdout"]) > MOST_SAID:
            return TOO_MUCH
        for line in reversed(to_text(said["stdout"]).splitlines()):
            try:
                answer = json.loads(line)
            except ValueError:
                continue
            if isinstance(answer, dict):
                return {key: answer[key] for key in KEYS if key in answer}
        words = to_text(said["stderr"]).strip() or to_text(said["stdout"]).strip()
        return {"changed": False, "failed": True, "reason": "error", "msg": words[-2000:] or "it ended with %s and said nothing" % said["rc"]}
