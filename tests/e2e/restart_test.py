"""Stopped and started again as operators do it: signals, sealed keys, streams that go on."""

import contextlib
import http.client
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from harness import FENRUN, VALIDATORS, NetworkTest, TestNetwork, campaign

PASSPHRASE = "eight words that nobody would ever guess here"
EXIT_LOCAL = 4


class Stream(threading.Thread):
    """Reads /v1/events until a position has come, or the node closes the stream."""

    def __init__(self, network, name, until=None, last_id=None):
        super().__init__(daemon=True)
        self.positions = []
        self.until = until
        headers = {"Authorization": f"Bearer {(network.home / name / 'token').read_text().strip()}",
                   "Accept": "text/event-stream"}
        path = "/v1/events?from=0" if last_id is None else "/v1/events"
        if last_id is not None:
            headers["Last-Event-ID"] = str(last_id)
        port = int(network.url(name).rsplit(":", 1)[1])
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.connection.request("GET", path, headers=headers)
        self.response = self.connection.getresponse()
        self.status = self.response.status

    def run(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            identity = None
            while line := self.response.readline().decode():
                if line.startswith("id:"):
                    identity = int(line[3:])
                elif line.startswith("data:"):
                    self.positions.append(identity)
                    if identity == self.until:
                        break
        self.connection.close()

    def finish(self):
        self.join(timeout=40)
        return self.positions


class GracefulRestartTest(NetworkTest):
    base_port = 29140

    def submit(self, numbers):
        return [self.net.submit("brand", [campaign(number)])["id"] for number in numbers]

    def test_all_stop_and_start_again_and_a_stream_goes_on(self):
        stream = Stream(self.net, "auditor")
        self.assertEqual(stream.status, 200)
        stream.start()
        before = self.submit(range(1, 6))
        heights = {name: self.net.status(name)["height"] for name in VALIDATORS}
        codes = self.net.stop_all()
        self.assertEqual(codes, {name: 0 for name in VALIDATORS})
        first = stream.finish()
        self.assertFalse(stream.is_alive(), "a stopped node leaves its streams open")
        self.assertEqual(first, list(range(len(first))))
        self.assertGreater(len(first), 0)

        self.net.start_all()
        for name in VALIDATORS:
            self.assertGreaterEqual(self.net.status(name)["height"], heights[name])
            self.assertEqual(self.net.request(name, "/readyz", token=None).status, 200)
            self.assertEqual(self.net.request(name, "/v1/status", token="other").status, 401)
            for identity in before:
                self.assertEqual(
                    self.net.get(name, f"/v1/transactions/{identity}")["status"], "committed")
        after = self.submit(range(6, 11))
        last = self.net.get("auditor", f"/v1/transactions/{after[-1]}")["position"]
        resumed = Stream(self.net, "auditor", until=last, last_id=first[-1])
        resumed.start()
        rest = resumed.finish()
        self.assertEqual(first + rest, list(range(last + 1)))
        self.net.check_agreement(self)

    def test_impatient_signals_do_not_break_a_stop(self):
        for _ in range(20):
            process = self.net.processes["auditor"]
            for number in (signal.SIGINT, signal.SIGTERM) * 5:
                process.send_signal(number)  # Does nothing once it has ended.
                time.sleep(0.0005)
            self.assertEqual(process.wait(timeout=15), 0)
            self.net.start("auditor")
            self.net.wait_until_ready(["auditor"])

    def test_a_second_process_on_a_home_in_use_is_refused(self):
        done = subprocess.run([FENRUN, "start", "--home", self.net.home / "brand"],
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, EXIT_LOCAL)
        self.assertIn("locked", done.stderr)
        self.assertTrue(self.net.status("brand")["ready"])


class SealedKeysTest(NetworkTest):
    base_port = 29160

    @classmethod
    def prepare(cls):
        os.environ["FENRUN_PASSPHRASE"] = PASSPHRASE
        try:
            cls.net.found(plain_keys=False)
        finally:
            del os.environ["FENRUN_PASSPHRASE"]
        cls.right = cls.home / "right"
        cls.right.write_text(PASSPHRASE + "\nthe second line is not read\n")
        cls.wrong = cls.home / "wrong"
        cls.wrong.write_text(PASSPHRASE + "!\n")

    def start_badly(self, *options):
        return subprocess.run(
            [FENRUN, "start", "--home", self.net.home / "brand", *options],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
            start_new_session=True)

    def test_sealed_keys_open_with_their_passphrase_only(self):
        done = self.start_badly("--passphrase-file", self.wrong)
        self.assertEqual(done.returncode, EXIT_LOCAL, done.stderr)
        self.assertIn("passphrase_wrong", done.stderr)
        self.assertNotIn(PASSPHRASE, done.stderr)
        self.assertNotEqual(self.start_badly().returncode, 0)  # And nobody to ask.
        for name in VALIDATORS:
            self.net.start(name, "--passphrase-file", self.right)
        self.net.wait_until_ready(VALIDATORS)
        draft = self.home / "draft.json"
        draft.write_text('{"operations": [{"type": "open_lane", "lane": 1}]}')
        submit = ["tx", "submit", draft, "--key", self.net.key("brand"),
                  *self.net.member("brand"), "--wait", "30"]
        refused = self.net.run(*submit, "--passphrase-file", self.wrong, check=False,
                               json_output=False)
        self.assertEqual(refused.returncode, EXIT_LOCAL)
        answer = self.net.run(*submit, "--passphrase-file", self.right)
        self.assertEqual(answer["outcome"], "ok")


class TestnetStartTest(unittest.TestCase):
    def test_ctrl_c_ends_it_and_its_children(self):
        self.interrupt(29180, os.killpg)  # A terminal signals the whole group.

    def test_interrupted_alone_it_ends_its_children(self):
        self.interrupt(29190, os.kill)

    def interrupt(self, base_port, kill):
        home = pathlib.Path(tempfile.mkdtemp(prefix="fenrun-e2e-"))
        network = TestNetwork(FENRUN, home / "net", base_port)
        with open(home / "log", "wb") as log:
            process = subprocess.Popen(
                [FENRUN, "testnet", "--home", network.home, "--validators", ",".join(VALIDATORS),
                 "--base-port", str(base_port), "--plain-keys", "--start"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            network.wait_until_ready(VALIDATORS)
            tasks = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
            children = [int(child) for child in tasks.read_text().split()]
            self.assertEqual(len(children), len(VALIDATORS))
            kill(process.pid, signal.SIGINT)
            self.assertEqual(process.wait(timeout=15), 0, (home / "log").read_text())
            for child in children:
                with self.assertRaises(ProcessLookupError):
                    os.kill(child, 0)
            for name in VALIDATORS:
                with self.assertRaises(ConnectionRefusedError):
                    network.request(name, "/healthz", token=None)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(home)


if __name__ == "__main__":
    unittest.main()
