"""BCS, as docs/spec/encoding.md narrows it: kinds that read, write and show values.

A kind has `read(reader)`, `write(value)` and `view(value)`; the last gives the JSON of
docs/spec/api.md, §4. `decode` refuses what `encode` would not have written.
"""

import datetime

from .errors import Refused, names_by_number, require

LENGTH_MAX = 2**32 - 1
EXACT_MAX = 2**53  # What lies beyond is a text in JSON.
YEAR_10000_MS = 253_402_300_800_000


class Reader:
    """Bytes from the front to the back."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        require(count <= self.left(), "truncated")
        self.at += count
        return self.data[self.at - count:self.at]

    def uleb128(self):
        """§ Kinds: the fewest bytes that hold a number below 2^32."""
        number = 0
        for shift in range(0, 35, 7):
            byte = self.take(1)[0]
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                require(byte or not shift, "encoding_not_canonical", "ULEB128")
                require(number <= LENGTH_MAX, "encoding_not_canonical", "ULEB128")
                return number
        raise Refused("encoding_not_canonical", "ULEB128")

    def length(self, limit, least_bytes):
        """A length, compared with its limit and with what is left before anything is read."""
        count = self.uleb128()
        require(count <= limit, "limit_exceeded", f"{count} of {limit}")
        require(count * least_bytes <= self.left(), "truncated")
        return count


def uleb128(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def decode(kind, data):
    """The one value of these bytes (§ Strictness)."""
    reader = Reader(data)
    value = kind.read(reader)
    require(not reader.left(), "trailing_bytes")
    return value


def encode(kind, value):
    return kind.write(value)


class Integer:
    def __init__(self, size, signed=False):
        self.size = size
        self.signed = signed

    def read(self, reader):
        return int.from_bytes(reader.take(self.size), "little", signed=self.signed)

    def write(self, value):
        return value.to_bytes(self.size, "little", signed=self.signed)

    def view(self, value):
        return value if abs(value) <= EXACT_MAX else str(value)


class TimeKind(Integer):
    """Milliseconds since 1970."""

    def view(self, value):
        if value >= YEAR_10000_MS:
            return super().view(value)
        moment = datetime.datetime.fromtimestamp(value // 1000, datetime.timezone.utc)
        return moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{value % 1000:03}Z"


class BoolKind:
    def read(self, reader):
        byte = reader.take(1)[0]
        require(byte <= 1, "encoding_not_canonical", "bool")
        return byte == 1

    def write(self, value):
        return bytes([value])

    def view(self, value):
        return value


class OutcomeKind:
    """An error code as a value."""

    names = names_by_number()

    def read(self, reader):
        number = U16.read(reader)
        require(number in self.names, "variant_unknown", f"code {number}")
        return self.names[number]

    def write(self, value):
        return U16.write(next(n for n, name in self.names.items() if name == value))

    def view(self, value):
        return value


class Bytes:
    """N bytes with a meaning."""

    def __init__(self, size):
        self.size = size

    def read(self, reader):
        return reader.take(self.size)

    def write(self, value):
        return value

    def view(self, value):
        return value.hex()


class Blob:
    """Bytes of any length up to a limit."""

    def __init__(self, limit):
        self.limit = limit

    def read(self, reader):
        return reader.take(reader.length(self.limit, 1))

    def write(self, value):
        return uleb128(len(value)) + value

    def view(self, value):
        return value.hex()


class Text(Blob):
    def read(self, reader):
        data = super().read(reader)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Refused("text_invalid") from error

    def write(self, value):
        return super().write(value.encode())

    def view(self, value):
        return value


class Enum:
    def __init__(self, *names):
        self.names = names

    def read(self, reader):
        index = reader.uleb128()
        require(index < len(self.names), "variant_unknown", f"{index} of {len(self.names)}")
        return self.names[index]

    def write(self, value):
        return uleb128(self.names.index(value))

    def view(self, value):
        return value


class Optional:
    def __init__(self, kind):
        self.kind = kind

    def read(self, reader):
        flag = reader.take(1)[0]
        require(flag <= 1, "encoding_not_canonical", "option")
        return self.kind.read(reader) if flag else None

    def write(self, value):
        return b"\0" if value is None else b"\1" + self.kind.write(value)

    def view(self, value):
        return self.kind.view(value)


class List:
    def __init__(self, kind, limit):
        self.kind = kind
        self.limit = limit

    def read(self, reader):
        return [self.kind.read(reader) for _ in range(reader.length(self.limit, 1))]

    def write(self, value):
        return uleb128(len(value)) + b"".join(self.kind.write(item) for item in value)

    def view(self, value):
        return [self.kind.view(item) for item in value]


class Array(List):
    """As many elements as its limit says; no length."""

    def read(self, reader):
        return [self.kind.read(reader) for _ in range(self.limit)]

    def write(self, value):
        return b"".join(self.kind.write(item) for item in value)


class Fields(dict):
    """The value of a struct."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(name) from error


class Struct:
    """Fields in the order in which they are named."""

    def __init__(self, **fields):
        self.fields = fields

    def read(self, reader):
        return Fields({name: kind.read(reader) for name, kind in self.fields.items()})

    def write(self, value):
        return b"".join(kind.write(value[name]) for name, kind in self.fields.items())

    def view(self, value):
        return {name: kind.view(value[name]) for name, kind in self.fields.items()
                if value[name] is not None}


class Variant:
    """One of several structs; the value has its name under `type`."""

    def __init__(self, **alternatives):
        self.names = list(alternatives)
        self.kinds = alternatives

    def read(self, reader):
        index = reader.uleb128()
        require(index < len(self.names), "variant_unknown", f"{index} of {len(self.names)}")
        name = self.names[index]
        return Fields({"type": name, **self.kinds[name].read(reader)})

    def write(self, value):
        return uleb128(self.names.index(value.type)) + self.kinds[value.type].write(value)

    def view(self, value):
        return {"type": value.type, **self.kinds[value.type].view(value)}


U8, U16, U32, U64 = (Integer(size) for size in (1, 2, 4, 8))
I64 = Integer(8, signed=True)
BOOL = BoolKind()
TIME = TimeKind(8)
OUTCOME = OutcomeKind()
DIGEST = KEY = Bytes(32)
SIGNATURE = Bytes(64)
PARTY = Bytes(16)
