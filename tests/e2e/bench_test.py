"""fenrun bench: each workload for a moment, and that it leaves nothing behind."""

import http.server
import json
import pathlib
import subprocess
import tempfile
import threading
import unittest

from harness import FENRUN

PROMISED = {"committed_per_s", "ratio_to_limit", "latency_ms", "cpu_s_per_1000_ops",
            "disk_bytes_per_op", "memory_bytes"}
BASE_PORT = 27900
STAGES = {"verify", "order", "execute", "hash", "commit", "cosign"}


class BenchTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="fenrun-e2e-")
        self.addCleanup(self.folder.cleanup)
        self.home = pathlib.Path(self.folder.name) / "bench"

    def bench(self, workload, *options):
        command = [FENRUN, "bench", "--workload", workload, "--nodes", "2", "--seconds", "1",
                   "--accounts", "50", "--home", self.home, "--base-port", str(BASE_PORT), "--json",
                   *options]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                              timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(self.home.exists(), "its folder is left behind")
        report = json.loads(done.stdout.splitlines()[-1])
        self.assertLessEqual(PROMISED, report.keys())
        self.assertGreater(report["committed_per_s"], 0)
        self.assertGreater(report["ratio_to_limit"], 0)
        latency = report["latency_ms"]
        self.assertLessEqual(0, latency["p50"])
        self.assertLessEqual(latency["p50"], latency["p99"])
        self.assertLessEqual(latency["p99"], latency["max"])
        return report

    def test_another_program_at_its_ports_is_told_of(self):
        class Other(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        with http.server.HTTPServer(("127.0.0.1", BASE_PORT + 1), Other) as other:
            threading.Thread(target=other.serve_forever, daemon=True).start()
            done = subprocess.run(
                [str(FENRUN), "bench", "--workload", "signed", "--nodes", "1", "--seconds", "1",
                 "--home", str(self.home), "--base-port", str(BASE_PORT)],
                capture_output=True, text=True, timeout=60, check=False)
            other.shutdown()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("another program answers", done.stderr)
        self.assertIn("--base-port", done.stderr)

    def test_payouts_signed_one_by_one_and_an_overload(self):
        plot = pathlib.Path(self.folder.name) / "plot.svg"
        saved = pathlib.Path(self.folder.name) / "report.json"
        report = self.bench("signed", "--overload", "--plot", plot, "--out", saved)
        self.assertEqual(json.loads(saved.read_text()), report)
        self.assertIn("polyline", plot.read_text())
        for load in (report["saturated"], report["half_load"], report["overload"]):
            self.assertEqual(load["stages"].keys(), STAGES)
            self.assertGreater(load["transactions"], 0)
            self.assertGreater(load["stages"]["commit"]["count"], 0)
        # Three quarters of the time count: no more than all can have become final in them.
        saturated = report["saturated"]
        self.assertLessEqual(0.75 * saturated["transactions_per_s"], saturated["transactions"])
        self.assertEqual(len(report["ladder"]), 6)

    def test_batches_on_a_journal_that_grows(self):
        plot = pathlib.Path(self.folder.name) / "growth.svg"
        report = self.bench("batched", "--entries", "5000,20000", "--growth-plot", plot)
        for size, grown in zip((5_000, 20_000), report["growth"], strict=True):
            self.assertGreaterEqual(grown["entries"], size)
            for measured in ("start_up_s", "proof_ms", "disk_bytes_per_entry"):
                self.assertGreater(grown[measured], 0, measured)
        drawn = plot.read_text()
        self.assertEqual(drawn.count("<polyline"), 6)
        for curve in ("operations a second", "memory", "disk an entry", "start-up", "a proof",
                      "processor time"):
            self.assertIn(f">{curve}</text>", drawn)

    def test_a_given_rate_is_held(self):
        report = self.bench("batched", "--rate", "3000")
        self.assertEqual([rung["offered_per_s"] for rung in report["ladder"]], [3000])
        self.assertEqual(report["half_load"], report["ladder"][0])
        self.assertEqual(report["latency_at_per_s"], 3000)
        self.assertEqual(report["half_load"]["transactions"], 3)
        self.assertEqual(report["held_per_s"], 3000)

    def test_goods_and_payouts(self):
        self.bench("mixed")

    def test_codes_that_are_used(self):
        for workload in ("claims", "attested"):
            self.assertGreater(self.bench(workload)["codes"], 0)

    def test_nodes_that_are_far_from_one_another(self):
        report = self.bench("signed", "--delay-ms", "20")
        self.assertEqual(report["delay_ms"], 20)
        self.assertGreaterEqual(report["latency_ms"]["p50"], 20)

    def test_reads(self):
        report = self.bench("reads")
        self.assertEqual(report["reads"].keys(), {"proof_files", "statements", "records"})

    def test_refusals(self):
        for options in (["--workload", "other"], ["--nodes", "0"], ["--seconds", "0"],
                        ["--delay-ms", "5000"], ["--rate", "-1"], ["--rate", "1e9"],
                        ["--workload", "batched", "--rate", "999"],
                        ["--growth-plot", "g.svg", "--entries", "10000"],
                        ["--workload", "reads", "--rate", "100"]):
            done = subprocess.run([FENRUN, "bench", *options, "--home", self.home],
                                  capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
        self.home.mkdir()
        done = subprocess.run([FENRUN, "bench", "--home", self.home], capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("exists already", done.stderr)


if __name__ == "__main__":
    unittest.main()
