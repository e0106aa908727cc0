"""python3 -m second verify FILE --trust TRUST [--max-age SECONDS] [--json]

Exit codes are those of `fenrun verify`: 0 the proof holds, 1 it does not, 2 wrong command line,
4 a file that cannot be read.
"""

import argparse
import json
import pathlib
import sys
import time

from . import proof_file, trust
from .errors import Refused
from .verdict import verdict_json
from .verifier import verify


def read(path):
    return sys.stdin.buffer.read() if path == "-" else pathlib.Path(path).read_bytes()


def say(answer, as_json):
    if as_json:
        print(json.dumps(answer, ensure_ascii=False, separators=(",", ":")))
    elif answer["valid"]:
        print(f"VALID         {answer['claim']}, as of {answer['as_of']}, "
              f"block {answer['height']}")
    else:
        print(f"NOT VALID     {answer['code']}: {answer['detail']}")


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="second", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("verify", help="check a proof file, without any network")
    command.add_argument("file", help="the proof; - is standard input")
    command.add_argument("--trust", required=True, help="the trust file: whom to believe")
    command.add_argument("--max-age", type=int, metavar="SECONDS")
    command.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse_arguments(arguments)
    try:
        trusted, data = read(options.trust), read(options.file)
    except OSError as error:
        print(f"io_error: {error}", file=sys.stderr)
        return 4
    try:
        verdict = verify(proof_file.read(data), trust.parse_bytes(trusted), time.time(),
                         options.max_age)
    except Refused as error:
        say({"valid": False, "code": error.code, "detail": error.detail}, options.json)
        return 1
    say(verdict_json(verdict), options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
