// What a printed code says: https://HOST/01/<GTIN>/21/<serial>#<secret>.
import { secretFrom } from "./crypto.js";

const PATH = /^\/01\/([0-9]{14})\/21\/([0-9A-Za-z%._~!$&'()*+,;=:@-]{1,60})\/?$/;
const STORE = /^[0-9a-f]{32}$/;

// {gtin, serial, store, secret}: store is null where the address names none; secret is null where
// there is none, or it is not one.  Null for an address of another kind.
export function readLink(location) {
  const parts = PATH.exec(location.pathname);
  if (!parts) return null;
  let serial;
  try {
    serial = decodeURIComponent(parts[2]);
  } catch {
    return null;
  }
  const store = new URLSearchParams(location.search).get("store") || "";
  return {
    gtin: parts[1],
    serial,
    store: STORE.test(store) ? store : null,
    secret: secretFrom(location.hash.replace(/^#/, "")),
  };
}
