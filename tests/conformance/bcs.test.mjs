// Draws the values of encodings.cc again, encodes them with @mysten/bcs, and compares with the
// frozen bytes: what this ledger hashes and signs, a client can write with a library that is not
// ours.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { bcs } from "@mysten/bcs";

const CASES_PER_KIND = 16;
const MASK_64 = (1n << 64n) - 1n;

// splitmix64 from seed 1.
let state = 1n;
function next() {
  state = (state + 0x9e3779b97f4a7c15n) & MASK_64;
  let z = state;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK_64;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK_64;
  return z ^ (z >> 31n);
}
const below = (limit) => Number(next() % BigInt(limit));
const number = (bits) => Number(next() & ((1n << BigInt(bits)) - 1n));
const times = (count, draw) => Array.from({ length: count }, draw);

// An i64 travels as its two's complement, which BCS leaves to the reader.
const drawI64 = () => BigInt.asIntN(64, next());
const i64 = bcs.u64().transform({
  input: (value) => BigInt.asUintN(64, BigInt(value)),
  output: (value) => BigInt.asIntN(64, BigInt(value)),
});

const Point = bcs.struct("Point", { x: bcs.u32(), y: i64 });
const drawPoint = () => ({ x: number(32), y: drawI64() });

const PIECES = ["a", "\u00e9", "\u56e2", "\u{1F37A}"];
const drawName = () => times(below(17), () => PIECES[below(4)]).join("");

const Choice = bcs.enum("Choice", { Small: bcs.u8(), Point, Name: bcs.string() });
const drawChoice = () => {
  switch (below(3)) {
    case 0:
      return { Small: number(8) };
    case 1:
      return { Point: drawPoint() };
    default:
      return { Name: drawName() };
  }
};

const Colour = bcs.enum("Colour", { red: null, green: null, blue: null });
const drawColour = () => ({ [["red", "green", "blue"][below(3)]]: true });

const ERRORS = [0, 100, 203, 337, 514];
const drawOptional = (draw) => (below(2) === 1 ? draw() : null);

const Nested = bcs.struct("Nested", {
  height: bcs.u64(),
  maybe: bcs.option(Point),
  points: bcs.vector(Point),
  choice: Choice,
  colour: Colour,
});
const drawNested = () => ({
  height: next(),
  maybe: drawOptional(drawPoint),
  points: times(below(5), drawPoint),
  choice: drawChoice(),
  colour: drawColour(),
});

const KINDS = [
  ["bool", bcs.bool(), () => below(2) === 1],
  ["u8", bcs.u8(), () => number(8)],
  ["u16", bcs.u16(), () => number(16)],
  ["u32", bcs.u32(), () => number(32)],
  ["u64", bcs.u64(), next],
  ["i64", i64, drawI64],
  ["strong_u64", bcs.u64(), next],
  ["strong_u16", bcs.u16(), () => number(16)],
  ["amount", i64, drawI64],
  ["error", bcs.u16(), () => ERRORS[below(ERRORS.length)]],
  ["enum", Colour, drawColour],
  ["fixed_bytes", bcs.bytes(4), () => Uint8Array.from(times(4, () => number(8)))],
  ["array", bcs.fixedArray(3, bcs.u16()), () => times(3, () => number(16))],
  ["list", bcs.vector(bcs.u32()), () => times(below(10), () => number(32))],
  ["blob", bcs.byteVector(), () => Uint8Array.from(times(below(301), () => number(8)))],
  ["text", bcs.string(), drawName],
  ["optional", bcs.option(bcs.u32()), () => drawOptional(() => number(32))],
  ["variant", Choice, drawChoice],
  ["struct", Nested, drawNested],
];

const frozen = readFileSync(new URL("../vectors/encoding.txt", import.meta.url), "utf8")
  .trimEnd()
  .split("\n");

// One test, as every kind goes on with the generator where the last one left it.
test("a public BCS library writes the frozen bytes", () => {
  const lines = KINDS.flatMap(([kind, type, draw]) =>
    times(CASES_PER_KIND, () => `${kind} ${type.serialize(draw()).toHex()}`),
  );
  assert.equal(lines.length, frozen.length);
  lines.forEach((line, at) => assert.equal(line, frozen[at], `encoding.txt:${at + 1}`));
});

test("a public BCS library reads the frozen bytes back", () => {
  const types = new Map(KINDS.map(([kind, type]) => [kind, type]));
  for (const line of frozen) {
    const [kind, hex] = line.split(" ");
    const type = types.get(kind);
    const bytes = Uint8Array.from(Buffer.from(hex, "hex"));
    assert.equal(type.serialize(type.parse(bytes)).toHex(), hex, line);
  }
});
