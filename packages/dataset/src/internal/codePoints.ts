/** Orders text by code point, as every language does that does not sort by UTF-16. */

/** Compares two texts by code point. */
export const byCodePoint = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Surrogates stand for code points above all others. */
const rank = (unit: number): number => unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit
