"""Hosts in network namespaces, joined by a switch in user space that loses and delays packets.

Each host has one interface, a TUN device whose packets come to this process.  So a test needs no
kernel module for delay and loss, and one seed fixes what becomes of the n-th packet.

Needs root, Debian's iproute2 and /dev/net/tun.  Everything it made is gone after close().
"""

import fcntl
import heapq
import multiprocessing
import os
import random
import select
import struct
import subprocess
import time

TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x1001
SUBNET = "10.77.0"
OBSERVER = 254  # The host number of the test itself, whose packets are neither lost nor late.
PACKET_BYTES_MAX = 65536
QUEUE_PACKETS_MAX = 20_000


def address(host):
    return f"{SUBNET}.{host}"


def run(*command):
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def open_tun(name):
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN_NO_PI))
    return descriptor


class PacketSwitch:
    """Hosts 1 to `count`; partition() and heal() take effect at once."""

    def __init__(self, count, seed, delay_ms=50, jitter_ms=20, loss=0.05):
        self.prefix = f"fr{os.getpid() % 100_000}"
        self.hosts = list(range(1, count + 1))
        self.ports = {}
        self.made = []
        try:
            for host in self.hosts:
                self._add_host(host)
            name = f"{self.prefix}o"
            self.ports[OBSERVER] = open_tun(name)
            run("ip", "address", "add", f"{address(OBSERVER)}/24", "dev", name)
            run("ip", "link", "set", name, "up")
        except BaseException:
            self.close()
            raise
        self.control, worker_end = multiprocessing.Pipe()
        self.worker = multiprocessing.Process(
            target=forward, daemon=True,
            args=(self.ports, worker_end, seed, delay_ms / 1000, jitter_ms / 1000, loss))
        self.worker.start()

    def _add_host(self, host):
        space, name = self.namespace(host), f"{self.prefix}h{host}"
        run("ip", "netns", "add", space)
        self.made.append(space)
        self.ports[host] = open_tun(name)
        run("ip", "link", "set", name, "netns", space)
        run("ip", "-n", space, "link", "set", "lo", "up")
        run("ip", "-n", space, "address", "add", f"{address(host)}/24", "dev", name)
        run("ip", "-n", space, "link", "set", name, "up")

    def namespace(self, host):
        return f"{self.prefix}n{host}"

    def inside(self, host):
        """The beginning of a command that is to run on the host."""
        return ["ip", "netns", "exec", self.namespace(host)]

    def partition(self, cut):
        """`cut`: pairs (from, to) whose packets are lost from now on; all others pass."""
        self.control.send(set(cut))

    def heal(self):
        self.partition([])

    def close(self):
        if hasattr(self, "worker"):
            self.control.send(None)
            self.worker.join(timeout=5)
            if self.worker.is_alive():
                self.worker.kill()
        for descriptor in self.ports.values():
            os.close(descriptor)
        self.ports.clear()
        for space in self.made:
            subprocess.run(["ip", "netns", "delete", space], check=False, capture_output=True)
        self.made.clear()


def forward(ports, control, seed, delay, jitter, loss):
    """The switch's own process: moves packets until it is told None."""
    randomness = random.Random(seed)
    hosts = {descriptor: host for host, descriptor in ports.items()}
    cut = set()
    queue = []
    count = 0
    while True:
        now = time.monotonic()
        while queue and queue[0][0] <= now:
            _, _, target, packet = heapq.heappop(queue)
            try:
                os.write(ports[target], packet)
            except OSError:
                pass  # The host's queue is full: a lost packet.
        wait = max(0, queue[0][0] - now) if queue else 1
        ready, _, _ = select.select([control, *hosts], [], [], wait)
        for source in ready:
            if source is control:
                command = control.recv()
                if command is None:
                    return
                cut = command
                continue
            for _ in range(64):
                try:
                    packet = os.read(source, PACKET_BYTES_MAX)
                except BlockingIOError:
                    break
                target = packet[19] if packet[0] >> 4 == 4 else None
                if target not in ports:
                    continue
                count += 1
                due = now
                if OBSERVER not in (hosts[source], target):
                    is_lost = randomness.random() < loss or len(queue) > QUEUE_PACKETS_MAX
                    due += max(0, randomness.uniform(delay - jitter, delay + jitter))
                    if is_lost or (hosts[source], target) in cut:
                        continue
                heapq.heappush(queue, (due, count, target, packet))
