#!/usr/bin/env python3
"""Runs clang-tidy on the pure folders, on every source that changed since it last passed.

A source has changed if it, a header of ours that it reaches, .clang-tidy or a file of CMake did.
Passes are remembered in build/tidy/passed.  The impure folders are left out: clang 14 cannot read
asio's coroutines.

  scripts/clang_tidy.py        prints what clang-tidy finds; exits 1 if anything
  scripts/clang_tidy.py --all  forgets what passed
"""

import argparse
import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from check_layers import INCLUDE

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "tidy"
PASSED = BUILD / "passed"
PURE = ("core", "consensus", "ledger", "contracts")
SETTINGS = (".clang-tidy", "CMakeLists.txt", "cmake/toolchain.cmake", "cmake/layers.cmake")


def reached(path, seen):
    """Adds the file and every file of ours that it includes, directly or not."""
    if path in seen or not path.is_file():
        return
    seen.add(path)
    for line in path.read_text(encoding="utf-8").splitlines():
        match = INCLUDE.match(line)
        if match and match.group(1) == '"':
            reached(ROOT / match.group(2), seen)


def fingerprint(source):
    files = {ROOT / name for name in SETTINGS}
    reached(source, files)
    digest = hashlib.sha256()
    for path in sorted(files):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def run(source):
    """What clang-tidy finds in one source; empty if nothing."""
    mark = PASSED / fingerprint(source)
    if mark.exists():
        return ""
    done = subprocess.run(["clang-tidy", "--quiet", "-p", str(BUILD), str(source)],
                          capture_output=True, text=True, check=False)
    if done.returncode == 0:
        mark.touch()
        return ""
    return done.stdout or done.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--all", action="store_true")
    forget = parser.parse_args().all
    configured = subprocess.run(
        ["cmake", "-S", str(ROOT), "-B", str(BUILD), "-G", "Ninja",
         "-DCMAKE_CXX_COMPILER=clang++", "-DFENRUN_PURE_ONLY=ON", "-DFENRUN_TESTS=OFF"],
        capture_output=True, text=True, check=False)
    if configured.returncode != 0:
        print(configured.stderr)
        return 1
    PASSED.mkdir(exist_ok=True)
    if forget:
        for mark in PASSED.iterdir():
            mark.unlink()
    sources = [path for folder in PURE for path in sorted((ROOT / folder).rglob("*.cc"))]
    found = False
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for text in filter(None, pool.map(run, sources)):
            found = True
            print(text, end="", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
