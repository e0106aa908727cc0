"""What happens when, in one run: drawn from a seed before it starts, so that it can be repeated."""

import random
from dataclasses import dataclass

FAULT_SECONDS = (3, 12)
PAUSE_SECONDS = (1, 5)
CLOCK_JUMP_SECONDS = 3600


@dataclass
class Event:
    at: float  # Seconds since the start.
    what: str
    arguments: tuple

    def __str__(self):
        return f"{self.at:7.1f} s  {self.what} {' '.join(map(str, self.arguments))}".rstrip()


def split(randomness, names):
    """A cut between two groups, or in one direction only."""
    some = set(randomness.sample(names, randomness.randint(1, len(names) - 1)))
    rest = set(names) - some
    cut = [(a, b) for a in sorted(some) for b in sorted(rest)]
    if randomness.random() < 0.7:
        cut += [(b, a) for a, b in cut]
    return tuple(f"{a}>{b}" for a, b in cut)


def draw(seed, names, seconds):
    """Events in the order of their times; each fault ends before `seconds`."""
    randomness = random.Random(seed)
    events = []
    clocks = 0.0  # Until when a clock is wrong: never two at a time, that would be more than f.
    now = 5.0
    while now < seconds - FAULT_SECONDS[1]:
        until = now + randomness.uniform(*FAULT_SECONDS)
        kind = randomness.choice(["partition", "kill", "kill", "kill_all", "disk_full", "clock"])
        name = randomness.choice(names)
        if kind == "partition":
            events.append(Event(now, "partition", split(randomness, names)))
            events.append(Event(until, "heal", ()))
        elif kind == "kill":
            events.append(Event(now, "kill", (name,)))
            events.append(Event(until, "start", (name,)))
        elif kind == "kill_all":
            events += [Event(now, "kill", (each,)) for each in names]
            events += [Event(now + randomness.uniform(0.5, 4), "start", (each,)) for each in names]
        elif kind == "disk_full":
            events.append(Event(now, "fill_disk", (name,)))
            events.append(Event(until, "free_disk", (name,)))
        elif clocks <= now:
            clocks = until
            jump = randomness.choice([-1, 1]) * CLOCK_JUMP_SECONDS
            events.append(Event(now, "set_clock", (name, jump)))
            events.append(Event(until, "set_clock", (name, 0)))
        now += randomness.uniform(*PAUSE_SECONDS)
    return sorted(events, key=lambda event: event.at)
