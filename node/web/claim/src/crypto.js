// What the page computes: from a code's secret its key, and a claim that the key signs.
//
// The bytes are those of docs/spec/codes.md; tests/vectors/claims.txt, written by the node's own
// code, says whether they are.
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

const KEY_TAG = "fenrun/code-key/v1";
const CLAIM_TAG = "fenrun/code-claim/v1";

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
const SECRET_BYTES = 16;
const SECRET_CHARACTERS = 26;

// The 16 bytes of a printed secret; null unless it is base32 (RFC 4648) of 26 characters whose two
// spare bits are zero.  Capitals are read as well, as some scanners make them of everything.
export function secretFrom(text) {
  if (text.length !== SECRET_CHARACTERS) return null;
  const bytes = new Uint8Array(SECRET_BYTES);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const character of text.toLowerCase()) {
    const value = BASE32.indexOf(character);
    if (value < 0) return null;
    bits = ((bits << 5) | value) & 0xfff;
    held += 5;
    if (held >= 8) {
      held -= 8;
      bytes[at] = (bits >> held) & 0xff;
      at += 1;
    }
  }
  return (bits & ((1 << held) - 1)) === 0 ? bytes : null;
}

function littleEndian(value, size) {
  const bytes = new Uint8Array(size);
  let rest = BigInt(value);
  for (let i = 0; i < size; i += 1) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

const u32 = (value) => littleEndian(value, 4);
const u64 = (value) => littleEndian(value, 8);

// BCS of the Claim: {batch, index, claimant, store?, region, time}.
function claimBytes(claim) {
  const store = claim.store
    ? concatBytes(Uint8Array.of(1), hexToBytes(claim.store))
    : Uint8Array.of(0);
  return concatBytes(
    u32(claim.batch), u32(claim.index), hexToBytes(claim.claimant), store, u32(claim.region),
    u64(claim.time),
  );
}

// tag ‖ chain id ‖ BCS of the claim: what the code's key signs.
function signedBytes(chainId, claim) {
  return concatBytes(utf8ToBytes(CLAIM_TAG), hexToBytes(chainId), claimBytes(claim));
}

// The seed of the code's key.
export function codeSeed(chainId, batch, index, secret) {
  return sha256(
    concatBytes(utf8ToBytes(KEY_TAG), hexToBytes(chainId), u32(batch), u32(index), secret),
  );
}

// The claim's name: what the node is asked about it by.
export function claimId(chainId, claim) {
  return bytesToHex(sha256(signedBytes(chainId, claim)));
}

// {key, signature} in hex.  `claim`: batch, index, region as numbers, time in milliseconds since
// 1970, claimant in hex, store in hex or absent.
export function signClaim(chainId, claim, secret) {
  const seed = codeSeed(chainId, claim.batch, claim.index, secret);
  const key = ed25519.getPublicKey(seed);
  const signature = ed25519.sign(signedBytes(chainId, claim), seed);
  seed.fill(0);
  return { key: bytesToHex(key), signature: bytesToHex(signature) };
}
