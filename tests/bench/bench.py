#!/usr/bin/env python3
"""Four validators and the load on one machine: latency, throughput, memory, disk, start-up.

Everything is compared with what the machine can do at best, measured in the same run.
docs/performance.md explains the method and has the numbers.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
from network import VALIDATORS, Failure, Network  # noqa: E402

WINDOW = 512  # Unfinished transactions of a lane when load is offered without a rate.
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid, field):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise Failure(f"{pid} has no {field}")


def bytes_under(folder):
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def machine():
    model = [line.split(":")[1].strip()
             for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")]
    memory = pathlib.Path("/proc/meminfo").read_text().splitlines()[0].split()[1]
    return {"processor": model[0] if model else "unknown", "cores": os.cpu_count(),
            "memory_gib": round(int(memory) / 1024 / 1024, 1), "kernel": os.uname().release}


class Bench:
    def __init__(self, network, load):
        self.net = network
        self.load = str(load)
        self.homes = [str(network.home / name) for name in VALIDATORS]

    def run(self, mode, *arguments, homes=True):
        command = [self.load, mode, *map(str, arguments), *(self.homes if homes else [])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode != 0:
            raise Failure(f"{' '.join(command)}: {done.returncode}\n{done.stderr}")
        return json.loads(done.stdout)

    def flow(self, count, rate, window):
        """One flow, with what it cost the four nodes."""
        pids = [process.pid for process in self.net.processes.values()]
        before = [cpu_seconds(pid) for pid in pids], self.disk(), os.getloadavg()[0]
        result = self.run("flow", count, rate, window)
        used = sum(cpu_seconds(pid) for pid in pids) - sum(before[0])
        thousands = result["committed"] / 1000
        result["cpu_seconds_per_1000_all_nodes"] = used / thousands
        result["disk_bytes_per_transaction"] = (
            (self.disk() - before[1]) / len(pids) / result["committed"])
        result["load_average_before"] = before[2]
        if result["refused"] or result["failed_lanes"]:
            print(f"WARNING: {result}", file=sys.stderr)
        return result

    def disk(self):
        return sum(bytes_under(self.net.home / name / "data") for name in VALIDATORS)

    def memory(self):
        return {name: {"resident_mib": memory_mib(process.pid, "VmRSS"),
                       "peak_mib": memory_mib(process.pid, "VmHWM")}
                for name, process in self.net.processes.items()}

    def startup(self):
        """Seconds from exec to an answer; and the entries of the journal it opened."""
        name = VALIDATORS[-1]
        entries = self.net.status(name)["entries"]
        self.net.stop_all()
        begin = time.monotonic()
        self.net.start(name)
        while True:
            try:
                urllib.request.urlopen(self.net.url(name) + "/healthz", timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.002)
            if self.net.processes[name].poll() is not None:
                raise Failure(f"{name} did not start")
        return {"entries": entries, "seconds": time.monotonic() - begin}


def median_run(runs):
    """The run of the median throughput."""
    return sorted(runs, key=lambda run: run["committed_per_second"])[len(runs) // 2]


def measure(bench, options):
    bench.net.found()
    results = {"machine": machine(), "load_average_before": os.getloadavg(),
               "limits": bench.run("limits", bench.net.home, homes=False)}
    bench.net.start_all()
    bench.run("single", 20)  # Opens campaign and lanes; warms up.
    results["idle"] = bench.run("single", options.singles)
    results["memory_idle"] = bench.memory()
    results["steady"] = bench.flow(1000 * options.seconds, 1000, 8000)
    floods = [bench.flow(options.flood, 0, WINDOW) for _ in range(options.runs)]
    results["floods"] = [run["committed_per_second"] for run in floods]
    results["saturated"] = median_run(floods)
    half = int(results["saturated"]["committed_per_second"] / 2)
    results["half"] = bench.flow(half * options.seconds, half, 8000)
    results["memory_loaded"] = bench.memory()
    results["limits_after"] = bench.run("limits", bench.net.home, homes=False)
    results["startup"] = bench.startup()
    return results


def table(results):
    limits = results["limits"]
    # Every node verifies every signature once, and all share these cores.
    bound = limits["verifications_per_second"] / len(VALIDATORS)
    sync_ms = limits["fdatasync_us"] / 1000
    saturated, startup = results["saturated"], results["startup"]
    rows = [("limits", ""),
            ("  verifications a second, all cores", f"{limits['verifications_per_second']:.0f}"),
            ("  ... afterwards, nodes idle",
             f"{results['limits_after']['verifications_per_second']:.0f}"),
            ("  SHA-256 of 65 bytes (ns)", f"{limits['sha256_65_bytes_ns']:.0f}"),
            ("  fdatasync (ms)", f"{sync_ms:.2f}"),
            ("  signature bound of four nodes (tx/s)", f"{bound:.0f}")]
    idle = results["idle"]["latency_ms"]
    rows += [("idle, one at a time: p50 / p99 (ms)", f"{idle['p50']:.1f} / {idle['p99']:.1f}"),
             ("  p50 in fdatasyncs", f"{idle['p50'] / sync_ms:.0f}")]
    for name, title in (("steady", "1,000 tx/s"), ("half", "half of saturation"),
                        ("saturated", "saturation, median run")):
        run = results[name]
        latency = run["latency_ms"]
        rows += [(title, ""),
                 ("  committed (tx/s)", f"{run['committed_per_second']:.0f}"),
                 ("  p50 / p90 / p99 / max (ms)",
                  " / ".join(f"{latency[q]:.0f}" for q in ("p50", "p90", "p99", "max"))),
                 ("  CPU seconds per 1,000 tx, four nodes",
                  f"{run['cpu_seconds_per_1000_all_nodes']:.2f}"),
                 ("  CPU seconds of the load itself", f"{run['load_cpu_seconds']:.2f}"),
                 ("  disk per tx and node (bytes)", f"{run['disk_bytes_per_transaction']:.0f}"),
                 ("  load average before", f"{run['load_average_before']:.1f}")]
    rows += [("saturation runs (tx/s)", ", ".join(f"{run:.0f}" for run in results["floods"])),
             ("saturation : signature bound", f"{saturated['committed_per_second'] / bound:.2f}"),
             ("resident, idle (MiB)", memory_row(results["memory_idle"])),
             ("resident, after load (MiB)", memory_row(results["memory_loaded"])),
             (f"start-up with {startup['entries']:,} entries (s)", f"{startup['seconds']:.2f}")]
    return rows


def memory_row(memory):
    sizes = [node["resident_mib"] for node in memory.values()]
    return f"{statistics.median(sizes):.0f} (largest {max(sizes):.0f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    build = ROOT / "build" / "release"
    parser.add_argument("--fenrun", type=pathlib.Path, default=build / "node" / "fenrun")
    parser.add_argument("--load", type=pathlib.Path, default=build / "tests" / "fenrun_load")
    parser.add_argument("--home", type=pathlib.Path, default=ROOT / "bench-home")
    parser.add_argument("--base-port", type=int, default=27700)
    parser.add_argument("--singles", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--flood", type=int, default=20_000, help="transactions of a saturated run")
    parser.add_argument("--runs", type=int, default=3, help="saturated runs, the median counts")
    parser.add_argument("--json", type=pathlib.Path, help="where to write all numbers")
    options = parser.parse_args()
    home = options.home.resolve()
    if home.exists():
        sys.exit(f"{home} exists already")
    network = Network(options.fenrun.resolve(), home, options.base_port)
    try:
        results = measure(Bench(network, options.load.resolve()), options)
    except Failure as failure:
        sys.exit(f"FAILED: {failure}\nlogs: {home}/*.log")
    finally:
        network.stop_all()
    for name, value in table(results):
        print(f"{name:44} {value}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
