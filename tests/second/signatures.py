"""Ed25519 exactly as libsodium judges it: docs/spec/keys.md, Validity.

A signature holds if S is below the group's order, R and the key are not of small order, the key
is spelt canonically and is a point, and R equals S·B - h·A byte for byte (no cofactor).
"""

import functools

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
ORDER_8_Y = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL_ORDER_Y = {0, 1, P - 1, ORDER_8_Y, P - ORDER_8_Y}
IDENTITY = (0, 1, 1, 0)


def y_of(encoded):
    return int.from_bytes(encoded, "little") & (2**255 - 1)


def is_small_order(encoded):
    return y_of(encoded) % P in SMALL_ORDER_Y


def is_canonical(encoded):
    return y_of(encoded) < P


def add(first, second):
    """Points in extended coordinates X, Y, Z, T."""
    a = (first[1] - first[0]) * (second[1] - second[0]) % P
    b = (first[1] + first[0]) * (second[1] + second[0]) % P
    c = 2 * D * first[3] * second[3] % P
    d = 2 * first[2] * second[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    result = IDENTITY
    for bit in bin(scalar)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def point_of(encoded):
    """The point, or None where no x fits."""
    y = y_of(encoded)
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if v * x * x % P != u:
        return None
    if x & 1 != encoded[31] >> 7:
        x = -x % P
    return x, y, 1, x * y % P


@functools.lru_cache(maxsize=4096)
def is_valid_key(key):
    """A point of the main subgroup, canonically spelt."""
    if not is_canonical(key) or is_small_order(key):
        return False
    point = point_of(key)
    if point is None:
        return False
    x, y, z, _ = multiply(ORDER, point)
    return x == 0 and y == z


@functools.lru_cache(maxsize=65536)
def is_signed(key, message, signature):
    if int.from_bytes(signature[32:], "little") >= ORDER:
        return False
    if is_small_order(signature[:32]) or is_small_order(key) or not is_canonical(key):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False
