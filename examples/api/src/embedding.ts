/** Numbers in a vector: the collection is made for as many. */
export const SIZE = 256;

/** What a search says of its vectors, so that nobody takes them for a language model's. */
export const EMBEDDING = "hashed words and their trigrams: alike in letters, not in meaning";

/**
 * A text as a vector of length 1, without any model: how often each word occurs, and each group of three letters, at places
 * that their hashes name. So texts with the same words are near each other, and those with words of the same stem.
 */
export function embed(text: string): number[] {
  const vector = new Array<number>(SIZE).fill(0);
  for (const feature of featuresOf(text)) {
    const hash = hashOf(feature);
    // Half of them count down, so that those which fall on one place by chance cancel out.
    vector[hash % SIZE]! += hash & 0x10000 ? -1 : 1;
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

function* featuresOf(text: string): Generator<string> {
  for (const [word] of text.toLowerCase().matchAll(/[\p{L}\p{N}]+/gu)) {
    yield word;
    const padded = `<${word}>`;
    for (let at = 0; at + 3 <= padded.length; at++) yield padded.slice(at, at + 3);
  }
}

/** FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
