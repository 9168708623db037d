/** Prefix codes (Huffman's, in canonical order) from the lengths of their words, as Deflate and JPEG define them. */

/** The word of each symbol, most significant bit first; 0 for symbols without one. `order` lists symbols of equal length. */
export const words = (lengths: ArrayLike<number>): Uint16Array => {
  const out = new Uint16Array(lengths.length)
  let word = 0
  for (let length = 1; length <= 15; length++) {
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] === length) out[symbol] = word++
    }
    word <<= 1
  }
  return out
}
