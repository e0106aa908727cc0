"""What is printed on a unit of a code batch: docs/spec/codes.md, Serials and What is printed."""

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECK_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SSCC_END = 10**17
RANKS = {"item": 0, "box": 1, "case": 2, "logistic": 3}


def serial(batch, index):
    number = batch << 32 | index
    text = "".join(DIGITS[number >> 5 * place & 31] for place in reversed(range(13)))
    return text + check_character(text)


def check_character(text):
    """ISO/IEC 7064, MOD 37,36."""
    product = 36
    for character in text:
        total = (product + CHECK_CHARACTERS.index(character)) % 36 or 36
        product = 2 * total % 37
    return CHECK_CHARACTERS[(37 - product) % 36]


def sscc(number):
    digits = f"{number:017}"
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(digits))
    return digits + str(-total % 10)


def are_whole(codes):
    """Whether what was registered gives every unit one place and one identifier."""
    ranks = [RANKS[each.level] for each in codes.levels]
    if any(lower >= upper for lower, upper in zip(ranks, ranks[1:])):
        return False
    pallets = next((each for each in codes.levels if each.level == "logistic"), None)
    if pallets is None:
        return True
    return codes.sscc_first is not None and codes.sscc_first + pallets.count <= SSCC_END


def level_place(codes, level):
    """Which of the batch's levels it is, or None."""
    names = [each.level for each in codes.levels]
    return names.index(level) if level in names else None


def is_printed(codes, unit):
    place = level_place(codes, unit.level)
    return place is not None and unit.index < codes.levels[place].count


def identifier(codes, unit):
    if unit.level == "logistic":
        return f"00/{sscc(codes.sscc_first + unit.index)}"
    gtin = codes.levels[level_place(codes, unit.level)].gtin
    return f"01/{gtin}/21/{serial(unit.batch, unit.index)}"


def regular_container(codes, unit):
    """Level and index of the unit in which this one was printed, or None."""
    place = level_place(codes, unit.level)
    per_parent = codes.levels[place].per_parent
    if not per_parent or place + 1 == len(codes.levels):
        return None
    parent, index = codes.levels[place + 1], unit.index // per_parent
    return (parent.level, index) if index < parent.count else None


def holds_a_level(codes, level):
    """Whether units of the level below are printed into units of this one."""
    place = level_place(codes, level)
    return place > 0 and codes.levels[place - 1].per_parent > 0
