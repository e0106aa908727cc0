"""What keeps a node from starting is told with exit code 4, by its name, with the next step."""

import pathlib
import resource
import shutil
import socket
import subprocess
import tempfile
import unittest

from harness import FENRUN

EXIT_LOCAL = 4
BASE_PORT = 29440

INTAKE = ('# key_file = "keys/operator.key"', 'key_file = "keys/operator.key"')


class StartTest(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="fenrun-e2e-"))
        self.fenrun("testnet", "--home", self.home / "net", "--validators", "brand",
                    "--base-port", BASE_PORT, "--plain-keys")
        self.node = self.home / "net" / "brand"

    def tearDown(self):
        shutil.rmtree(self.home)

    def fenrun(self, *arguments):
        done = subprocess.run([FENRUN, *map(str, arguments)], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def configure(self, *changes, more=""):
        config = self.node / "config.toml"
        text = config.read_text()
        for before, after in changes:
            self.assertIn(before, text)
            text = text.replace(before, after)
        config.write_text(text + more)

    def assert_refused(self, code, *told, options=None):
        done = subprocess.run([FENRUN, "start", "--home", self.node], capture_output=True,
                              text=True, timeout=30, check=False, **(options or {}))
        self.assertEqual(done.returncode, EXIT_LOCAL, done.stderr)
        self.assertIn(f"error: {code}: ", done.stderr)
        for words in told:
            self.assertIn(str(words), done.stderr)

    def test_no_configuration(self):
        (self.node / "config.toml").unlink()
        self.assert_refused("file_missing", "fenrun init --home")

    def test_no_genesis(self):
        (self.node / "genesis.bin").unlink()
        self.assert_refused("file_missing", self.node / "genesis.bin")

    def test_no_transport_key(self):
        (self.node / "keys" / "transport.key").unlink()
        self.assert_refused("file_missing", self.node / "keys" / "transport.key")

    def test_no_intake_key(self):
        self.configure((INTAKE[0], 'key_file = "none.key"'))
        self.assert_refused("file_missing", "intake.key_file", self.node / "none.key")

    def test_no_places(self):
        self.configure(INTAKE, ('# places = "places.json"', 'places = "none.json"'))
        self.assert_refused("file_missing", self.node / "none.json")

    def test_no_names(self):
        self.configure(INTAKE, more='\n[claims]\nnames = "none.json"\n')
        self.assert_refused("file_missing", self.node / "none.json")

    def test_no_code_tree(self):
        self.configure(INTAKE, more='\n[claims]\ncode_trees = ["codes/7"]\n')
        self.assert_refused("file_missing", self.node / "codes" / "7")

    def test_few_descriptors(self):
        low = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512))}
        self.assert_refused("config_invalid", "LimitNOFILE", "512", "at least 767", options=low)

    def test_descriptors_that_suffice_for_fewer_clients(self):
        done = subprocess.Popen(
            [FENRUN, "start", "--home", self.node], stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024)))
        try:
            said = ""
            while "API on" not in said:
                line = done.stderr.readline()
                self.assertTrue(line, said)
                said += line
            self.assertIn("1024 file descriptors are allowed, so HTTP takes 225", said)
        finally:
            done.terminate()
            done.communicate(timeout=10)
        self.assertEqual(done.returncode, 0)

    def test_a_port_in_use(self):
        for port in (BASE_PORT, BASE_PORT + 1):
            with socket.create_server(("127.0.0.1", port)):
                self.assert_refused("listen_failed", f"127.0.0.1:{port}", "a port that nothing")


if __name__ == "__main__":
    unittest.main()
