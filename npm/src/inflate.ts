/** The host's zlib. */
interface Zlib {
  inflateRawSync(bytes: Uint8Array): Uint8Array<ArrayBuffer>;
}

/** Lengths and distances: the least value of each symbol and its extra bits (RFC 1951 §3.2.5). */
const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCES = Array.from({ length: 30 }, (_, symbol) => (symbol < 4 ? symbol + 1 : (2 + (symbol & 1)) * 2 ** ((symbol >> 1) - 1) + 1));
const DISTANCE_BITS = DISTANCES.map((_, symbol) => (symbol < 2 ? 0 : (symbol >> 1) - 1));
/** The order in which the lengths of the code for code lengths come (RFC 1951 §3.2.7). */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** A Huffman code: for every 15 bits that may come next, the symbol times 16 plus how many of them are its code. */
type Code = Uint16Array;

/**
 * Unpacks our own module (RFC 1951, dynamic blocks, which is all that its maker writes): where there is no zlib, a
 * page or a worker has no other synchronous way. What is damaged does not compile, or throws here.
 */
export function inflate(bytes: Uint8Array, size: number, zlib?: Zlib): Uint8Array<ArrayBuffer> {
  if (zlib !== undefined) return zlib.inflateRawSync(bytes);
  const out = new Uint8Array(size);
  let at = 0;
  let position = 0;
  let buffer = 0;
  let held = 0;

  const bits = (count: number): number => {
    while (held < count) {
      buffer |= (bytes[position++] ?? 0) << held;
      held += 8;
    }
    const value = buffer & ((1 << count) - 1);
    buffer >>>= count;
    held -= count;
    return value;
  };
  const symbol = (code: Code): number => {
    while (held < 15) {
      buffer |= (bytes[position++] ?? 0) << held;
      held += 8;
    }
    const found = code[buffer & 0x7fff]!;
    const length = found & 15;
    if (length === 0 || position > bytes.length + 4) throw new RangeError("the module is damaged");
    buffer >>>= length;
    held -= length;
    return found >> 4;
  };

  for (let last = 0; last === 0; ) {
    last = bits(1);
    if (bits(2) !== 2) throw new RangeError("the module is damaged");
    const [literals, distances, lengths] = [bits(5) + 257, bits(5) + 1, bits(4) + 4];
    const short = new Uint8Array(19);
    for (let index = 0; index < lengths; index += 1) short[ORDER[index]!] = bits(3);
    const own = code(short);
    const long = new Uint8Array(literals + distances);
    for (let index = 0; index < long.length; ) {
      const found = symbol(own);
      if (found < 16) {
        long[index++] = found;
        continue;
      }
      const value = found === 16 ? long[index - 1]! : 0;
      let times = found === 16 ? 3 + bits(2) : found === 17 ? 3 + bits(3) : 11 + bits(7);
      while (times-- > 0) long[index++] = value;
    }
    const [literal, distance] = [code(long.subarray(0, literals)), code(long.subarray(literals))];
    for (;;) {
      const found = symbol(literal);
      if (found === 256) break;
      if (found < 256) {
        out[at++] = found;
        continue;
      }
      let length = LENGTHS[found - 257]! + bits(LENGTH_BITS[found - 257]!);
      const which = symbol(distance);
      const back = DISTANCES[which]! + bits(DISTANCE_BITS[which]!);
      for (; length > 0; length -= 1, at += 1) out[at] = out[at - back]!;
    }
  }
  return out;
}

/** The canonical code of these lengths (RFC 1951 §3.2.2); codes come with their first bit lowest. */
function code(lengths: Uint8Array): Code {
  const table = new Uint16Array(1 << 15);
  let next = 0;
  for (let length = 1; length < 16; length += 1) {
    lengths.forEach((own, symbol) => {
      if (own !== length) return;
      let reversed = 0;
      for (let bit = 0; bit < length; bit += 1) reversed |= ((next >> bit) & 1) << (length - 1 - bit);
      for (let place = reversed; place < table.length; place += 1 << length) table[place] = (symbol << 4) | length;
      next += 1;
    });
    next <<= 1;
  }
  return table;
}
