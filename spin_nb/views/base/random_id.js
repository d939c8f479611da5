// Ids that no other page has.

/** Random id; crypto.randomUUID is missing on plain http hosts. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
}
