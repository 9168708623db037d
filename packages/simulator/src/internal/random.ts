/**
 * Deterministic numbers: every id, document and choice of the simulator is a function of the seed and a position, so
 * that nothing has to be remembered. Not for cryptography.
 */
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

const scramble = (value: number): number => {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Hashes whole numbers to an unsigned 32-bit number. */
export const hash = (...values: ReadonlyArray<number>): number => {
  let h = 0x9e3779b9
  for (const value of values) {
    h = scramble(Math.imul(h, 31) + (value | 0))
    if (value > 0xffffffff) h = scramble(h + Math.floor(value / 0x100000000))
  }
  return h
}

/** Hashes text (its UTF-16 units) to an unsigned 32-bit number. */
export const hashText = (seed: number, text: string): number => {
  let h = 0x811c9dc5 ^ seed
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return scramble(h)
}

/** A seeded source of numbers; the same seed gives the same sequence. */
export interface Random {
  /** 0 (included) to 1 (excluded). */
  readonly fraction: () => number
  /** 0 (included) to `below` (excluded), whole. */
  readonly below: (below: number) => number
  readonly pick: <A>(values: ReadonlyArray<A>) => A
  /** A version 4 UUID. */
  readonly uuid: () => string
}

/** Makes a seeded source (mulberry32: 32 bits of state, 3 ns a number). */
export const make = (seed: number): Random => {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
  const below = (limit: number): number => Math.floor(next() / 4294967296 * limit)
  return {
    fraction: () => next() / 4294967296,
    below,
    pick: <A>(values: ReadonlyArray<A>): A => values[below(values.length)] as A,
    uuid: () => uuid(next(), next(), next(), next())
  }
}

/** Hexadecimal form of an unsigned 32-bit number, 8 digits. */
export const hex32 = (n: number): string =>
  (hex[n >>> 24] as string) + (hex[(n >>> 16) & 255] as string) + (hex[(n >>> 8) & 255] as string) +
  (hex[n & 255] as string)

/** Writes 4 numbers of 32 bits as a version 4 UUID (6 bits are lost to version and variant). */
export const uuid = (a: number, b: number, c: number, d: number): string => {
  const mid = hex32(b)
  const tail = hex32(c)
  return `${hex32(a)}-${mid.slice(0, 4)}-4${mid.slice(5)}-${((c >>> 28) & 3 | 8).toString(16)}${tail.slice(1, 4)}-${
    tail.slice(4)
  }${hex32(d)}`
}
