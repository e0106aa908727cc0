"""Validators as processes on this machine, driven through the product's command line.

Used by scripts/devnet.py and by the tests in tests/e2e.
"""

import json
import os
import signal
import subprocess
import time

VALIDATORS = ["brand", "distributor-east", "distributor-west", "auditor"]


class Failure(Exception):
    """A step did not do what it must; the message says which and what was seen."""


class Network:
    """The validators' processes and how to talk to them."""

    def __init__(self, fenrun, home, base_port):
        self.fenrun = str(fenrun)
        self.home = home
        self.base_port = base_port
        self.processes = {}
        self.parties = {}
        self.chain_id = None

    def found(self, plain_keys=True):
        """Makes keys, genesis and configurations of the four validators."""
        made = self.run("testnet", "--home", self.home, "--validators", ",".join(VALIDATORS),
                        "--base-port", self.base_port, *(["--plain-keys"] if plain_keys else []))
        self.chain_id = made["chain_id"]
        for name in VALIDATORS:
            card = json.loads((self.home / name / "card.json").read_text())
            self.parties[name] = card["party"]
        (self.home / "transactions").mkdir()

    def start_all(self):
        for name in VALIDATORS:
            self.start(name)
        self.wait_until_ready(VALIDATORS)

    def wait_until_ready(self, names):
        for name in names:
            self.wait_until(f"{name} ready", lambda n=name: self.status(n)["ready"])

    def run(self, *arguments, check=True, json_output=True):
        command = [self.fenrun, *map(str, arguments)]
        if json_output:
            command.append("--json")
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if check and done.returncode != 0:
            raise Failure(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        if not json_output:
            return done
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def url(self, name):
        return f"http://127.0.0.1:{self.base_port + 2 * VALIDATORS.index(name) + 1}"

    def member(self, name):
        """How to reach a validator's node as a member."""
        return ["--node", self.url(name), "--token-file", self.home / name / "token"]

    def key(self, name):
        return self.home / name / "keys" / "operator.key"

    def possession(self, key, party):
        """That the key in this file is to be the party's."""
        return self.registered_key(key, party)["possession"]

    def registered_key(self, key, party):
        """The key in this file, as a registration names it."""
        proved = self.run("keys", "prove", key, "--party", party, "--chain-id", self.chain_id)
        return {"purpose": "transactions", "key": proved["public_key"],
                "possession": proved["possession"]}

    def start(self, name, *options):
        log = open(self.home / f"{name}.log", "ab")
        self.processes[name] = subprocess.Popen(
            [self.fenrun, "start", "--home", str(self.home / name), *map(str, options)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        log.close()

    def kill(self, name):
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()

    def stop_all(self):
        """Ends all processes and returns their exit codes; who does not obey is killed."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        codes = {}
        for name, process in self.processes.items():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            codes[name] = process.returncode
        self.processes.clear()
        return codes

    def status(self, name):
        return self.run("status", *self.member(name))

    def wait_until(self, what, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for name, process in self.processes.items():
                if process.poll() not in (None, -signal.SIGKILL):
                    log = (self.home / f"{name}.log").read_text(errors="replace")
                    raise Failure(f"{name} ended with {process.returncode}:\n{log[-2000:]}")
            try:
                if condition():
                    return
            except (Failure, json.JSONDecodeError):
                pass
            time.sleep(0.1)
        raise Failure(f"waited {seconds} s in vain for: {what}")

    def submit(self, name, operations, key=None, via=None, mode="atomic", expect="ok"):
        """Signs operations in the name of `name`, waits for finality, returns the answer."""
        path = self.home / "transactions" / f"{time.monotonic_ns()}.json"
        path.write_text(json.dumps({"mode": mode, "operations": operations}, ensure_ascii=False))
        answer = self.run("tx", "submit", path, "--key", key or self.key(name),
                          *self.member(via or name), "--wait", "30", check=False)
        if answer.get("outcome") != expect:
            raise Failure(f"{str(operations)[:500]}: {answer}, expected {expect}")
        return answer
