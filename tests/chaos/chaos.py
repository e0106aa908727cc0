"""Four validators as processes on four hosts, under a seeded storm of faults.

While packets are late and lost, links cut, processes killed, disks full and clocks wrong, members
submit transactions.  Then everything is healed, and must hold:

  every node comes to the same blocks, and makes a new one within a bound;
  every transaction that was answered "committed" is on every node, at the position told;
  a proof made by any node verifies with the network's trust file.

Needs root, and Debian's iproute2 and faketime.  Exit status 1 if anything does not hold; the seed,
the manifest and the nodes' logs tell the story.
"""

import argparse
import contextlib
import glob
import http.client
import json
import os
import pathlib
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import manifest  # noqa: E402
from network import VALIDATORS, Failure, Network  # noqa: E402  (scripts is no package)
from packet_switch import PacketSwitch, address  # noqa: E402

BASE_PORT = 29400
DISK_MIB = 96
HEAL_SECONDS = 120
LOCAL_FAULT = 4  # A node's exit code when its files or its disk fail.
SUBMITTERS = ["brand", "distributor-east", "distributor-west"]


class ChaosNetwork(Network):
    """Each validator on a host, a disk and a clock of its own."""

    def __init__(self, fenrun, home, seed):
        super().__init__(fenrun, home, BASE_PORT)
        self.hosts = {name: host for host, name in enumerate(VALIDATORS, 1)}
        self.switch = PacketSwitch(len(VALIDATORS), seed)
        self.mounted = []
        self.killed = set()
        self.full = set()  # Whose disk is full: they stop by themselves.
        library = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not library:
            raise Failure("install Debian's package faketime")
        self.faketime = library[0]

    def prepare(self):
        self.found()
        for name in VALIDATORS:
            data = self.home / name / "data"
            kept = self.home / name / "kept"
            data.rename(kept)
            data.mkdir(mode=0o700)
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=700", "tmpfs",
                            str(data)], check=True)
            self.mounted.append(data)
            for file in kept.iterdir():
                shutil.move(file, data / file.name)
            kept.rmdir()
            self.set_clock(name, 0)
            config = self.home / name / "config.toml"
            config.write_text(self.with_addresses(name, config.read_text()))

    def with_addresses(self, name, text):
        lines, host = [], self.hosts[name]
        for line in text.splitlines():
            if line.startswith("name = "):
                host = self.hosts[json.loads(line.removeprefix("name = "))]
            if line.startswith("host = "):
                line = f'host = "{address(host)}"'
            lines.append(line)
        return "\n".join(lines) + "\n"

    def url(self, name):
        port = self.base_port + 2 * VALIDATORS.index(name) + 1
        return f"http://{address(self.hosts[name])}:{port}"

    def start(self, name, *options):
        with open(self.home / f"{name}.log", "ab") as log:
            environment = dict(
                os.environ, LD_PRELOAD=self.faketime, FAKETIME_NO_CACHE="1",
                FAKETIME_DONT_FAKE_MONOTONIC="1",
                FAKETIME_TIMESTAMP_FILE=str(self.home / name / "clock"))
            self.processes[name] = subprocess.Popen(
                [*self.switch.inside(self.hosts[name]), self.fenrun, "start", "--home",
                 str(self.home / name), *map(str, options)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                start_new_session=True)
        self.killed.discard(name)

    # ---- Faults, by the names that a manifest uses --------------------------------------------

    def do(self, event):
        getattr(self, "on_" + event.what)(*event.arguments)

    def on_partition(self, *cuts):
        pairs = [cut.split(">") for cut in cuts]
        self.switch.partition((self.hosts[a], self.hosts[b]) for a, b in pairs)

    def on_heal(self):
        self.switch.heal()

    def on_kill(self, name):
        self.killed.add(name)
        if self.processes[name].poll() is None:
            self.kill(name)

    def on_start(self, name):
        if self.processes[name].poll() is not None:
            self.start(name)

    def on_fill_disk(self, name):
        self.full.add(name)
        with contextlib.suppress(OSError), open(self.home / name / "data/filler", "wb") as filler:
            while True:
                filler.write(bytes(64 * 1024))
                filler.flush()

    def on_free_disk(self, name):
        (self.home / name / "data/filler").unlink(missing_ok=True)
        if name in self.full:
            self.check_stopped_well(name)
        self.full.discard(name)
        self.on_start(name)

    def check_stopped_well(self, name):
        """Without room for a vote or a block a node says so and ends."""
        code = self.processes[name].poll()
        if code is None:
            say(f"  {name} had nothing to write that did not fit")
        elif name not in self.killed and code != LOCAL_FAULT:
            raise Failure(f"{name} did not end by itself for its full disk, but with {code}")
        else:
            say(f"  {name} had stopped")

    def on_set_clock(self, name, seconds):
        self.set_clock(name, seconds)

    def set_clock(self, name, seconds):
        path = self.home / name / "clock"
        path.with_suffix(".new").write_text(f"{seconds:+d}\n")
        path.with_suffix(".new").rename(path)

    # ---- What must hold -----------------------------------------------------------------------

    def check_processes(self):
        for name, process in self.processes.items():
            if process.poll() is not None and name not in self.killed | self.full:
                raise Failure(f"{name} ended by itself with {process.returncode}: see its log")

    def get(self, name, path):
        host = self.hosts[name]
        port = self.base_port + 2 * VALIDATORS.index(name) + 1
        token = (self.home / name / "token").read_text().strip()
        connection = http.client.HTTPConnection(address(host), port, timeout=20)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            body = answer.read()
        except OSError as error:
            raise Failure(f"{name} {path}: {error}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise Failure(f"{name} {path}: {answer.status} {body[:300]}")
        return json.loads(body)

    def blocks(self, name):
        items, cursor = {}, None
        while True:
            page = self.get(name, "/v1/blocks?limit=1000" + (f"&cursor={cursor}" if cursor else ""))
            items |= {block["height"]: block for block in page["items"]}
            cursor = page.get("next")
            if cursor is None:
                return items

    def close(self):
        for process in self.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.switch.close()
        for path in self.mounted:
            subprocess.run(["umount", "-l", str(path)], check=False)


class Submitter(threading.Thread):
    """Registers stores in one party's name, one after the other, at whatever node answers."""

    def __init__(self, network, party, seed):
        super().__init__(daemon=True)
        self.network, self.party = network, party
        self.random = random.Random(f"{seed} {party}")
        self.stopping = threading.Event()
        self.committed = {}  # id -> position
        self.failure = None
        self.last_answer = None
        self.attempts = 0
        (network.home / f"work-{party}").mkdir()

    def run(self):
        try:
            while not self.stopping.is_set():
                self.submit()
                time.sleep(self.random.uniform(0, 0.3))
        except Failure as failure:
            self.failure = failure

    def submit(self):
        draft = self.network.home / f"work-{self.party}" / "draft.json"
        party = secrets.token_hex(16)
        store = {"type": "register_party", "party": party, "role": "store",
                 "parent": self.network.parties[self.party], "name_commitment": "00" * 32,
                 "attributes": {"channel": "offline", "region": 310100, "grade": 1},
                 "keys": [self.fresh_key(party)]}
        draft.write_text(json.dumps({"operations": [store]}))
        self.attempts += 1
        via = self.random.choice(VALIDATORS)
        try:
            answer = self.network.run("tx", "submit", draft, "--key", self.network.key(self.party),
                                      *self.network.member(via), "--wait", "20", check=False)
        except (subprocess.TimeoutExpired, json.JSONDecodeError):
            return
        self.last_answer = answer
        if answer.get("error", {}).get("code") in ("json_invalid", "usage"):
            raise Failure(f"{self.party}: {answer}")
        if answer.get("status") == "committed":
            if answer.get("outcome") != "ok":
                raise Failure(f"{self.party}: {answer}")
            self.committed[answer["id"]] = answer["position"]

    def fresh_key(self, party):
        path = self.network.home / f"work-{self.party}" / f"{self.attempts}.key"
        self.network.run("keys", "new", "--purpose", "party", "--out", path, "--plain")
        registered = self.network.registered_key(path, party)
        path.unlink()
        return registered


def say(text):
    print(text, flush=True)


def storm(network, events, begin):
    for event in events:
        while (left := begin + event.at - time.monotonic()) > 0:
            network.check_processes()
            time.sleep(min(left, 0.5))
        say(str(event))
        network.do(event)


def heal(network):
    network.switch.heal()
    for name in VALIDATORS:
        network.set_clock(name, 0)
        network.on_free_disk(name)


def check(network, submitters):
    network.wait_until_ready(VALIDATORS)
    committed = {}
    for submitter in submitters:
        committed |= submitter.committed
    last = submitters[0]
    before = len(last.committed)
    deadline = time.monotonic() + HEAL_SECONDS
    while len(last.committed) == before:
        if time.monotonic() > deadline:
            raise Failure(f"no new transaction within {HEAL_SECONDS} s of the healing; last: "
                          f"{last.last_answer}")
        last.submit()
    committed |= last.committed
    goal = max(committed.values())
    for name in VALIDATORS:
        network.wait_until(f"{name} at position {goal}",
                           lambda n=name: network.status(n)["entries"] > goal)
        for identity, position in committed.items():
            found = network.get(name, f"/v1/transactions/{identity}")
            if (found["status"], found["position"]) != ("committed", position):
                raise Failure(f"{name}: {identity} was committed at {position}, now: {found}")
    blocks = {name: network.blocks(name) for name in VALIDATORS}
    common = set.intersection(*(set(of_node) for of_node in blocks.values()))
    for height in sorted(common):
        if len({json.dumps(of_node[height]) for of_node in blocks.values()}) > 1:
            raise Failure(f"the nodes have different blocks at height {height}")
    identity = next(iter(committed))
    for name in VALIDATORS:
        proof = network.home / f"{name}.fenrun-proof"
        network.wait_until(f"a proof of {name}", lambda n=name, p=proof: network.run(
            "proof", "transaction", identity, *network.member(n), "-o", p) is not None)
        network.run("verify", proof, "--trust", network.home / "network.policy")
    return {"blocks": max(common), "committed": len(committed),
            "attempts": sum(submitter.attempts for submitter in submitters)}


def run(fenrun, seed, seconds, home):
    events = manifest.draw(seed, VALIDATORS, seconds)
    say(f"seed {seed}, {seconds} s, {len(events)} events")
    network = ChaosNetwork(fenrun, home, seed)
    try:
        network.prepare()
        for name in VALIDATORS:
            network.start(name)
        network.wait_until_ready(VALIDATORS)
        submitters = [Submitter(network, party, seed) for party in SUBMITTERS]
        for submitter in submitters:
            submitter.start()
        storm(network, events, time.monotonic())
        heal(network)
        say("          healed")
        for submitter in submitters:
            submitter.stopping.set()
        for submitter in submitters:
            submitter.join()
            if submitter.failure:
                raise submitter.failure
        result = check(network, submitters)
        say(f"held: {result['blocks']} blocks, {result['committed']} transactions committed of "
            f"{result['attempts']} tried, the same everywhere")
        return result
    finally:
        network.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="1", help="one seed, or a range such as 1..20")
    parser.add_argument("--seconds", type=int, default=60, help="how long faults go on, each seed")
    parser.add_argument("--fenrun", type=pathlib.Path, default=ROOT / "build/release/node/fenrun")
    options = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("run it as root: it makes network namespaces and mounts")
    first, _, last = options.seeds.partition("..")
    for seed in range(int(first), int(last or first) + 1):
        home = pathlib.Path(tempfile.mkdtemp(prefix="fenrun-chaos-"))
        try:
            run(options.fenrun.resolve(), seed, options.seconds, home)
        except Failure as failure:
            say(f"FAILED with seed {seed}: {failure}\nlogs and homes are in {home}")
            return 1
        shutil.rmtree(home)
    return 0


if __name__ == "__main__":
    sys.exit(main())
