/**
 * Job ids that can be read backwards: an id is a function of (seed, batch, index), and the place of any id is found
 * from the id itself, so that a batch of a million jobs holds none of them. What is read back is always checked by
 * making the id again: a guessed or damaged id is unknown.
 */
import { hash, hex32, uuid } from "./random.ts"

/** How the ids of a batch look. */
export type IdStyle = "uuid" | "odd" | "hostile" | "mixed"

/** A job's place: ordinal of its batch in the project, and position in the batch, both from 0. */
export interface Place {
  readonly batch: number
  readonly index: number
}

type Stem = (tag: string) => string

/** Ids as they are, each once in a project: in the first batch with hostile ids, in this order. */
export const bare: ReadonlyArray<string> = [
  "../evil",
  "a/b",
  "CON",
  "nul.json",
  "trailing.",
  "trailing ",
  "Job-A",
  "job-a",
  "x".repeat(300),
  "\u{1F98A}\u{1F469}\u200D\u{1F680}",
  "100%",
  "%2e%2e%2f",
  ".",
  "..",
  "nul\u0000char",
  "line\u2028separator",
  "__proto__",
  "new\nline",
  "caf\u00e9",
  "cafe\u0301",
  "/etc/passwd",
  "C:\\temp",
  "?page_token=1",
  "#fragment",
  "a&b=c+d",
  "=cmd()",
  "-rf",
  " ",
  "~",
  "constructor"
]

/** Endless supply of the same kinds of trouble; neighbors that differ by case or Unicode form share their tag. */
const stems: ReadonlyArray<readonly [stem: Stem, sharesTagWithPrevious: boolean]> = [
  [(t) => `../evil-${t}`, false],
  [(t) => `a/${t}`, false],
  [(t) => `CON.${t}`, false],
  [(t) => `${t}.json`, false],
  [(t) => `${t}.`, false],
  [(t) => `${t} `, false],
  [(t) => `Job-${t}`, false],
  [(t) => `job-${t}`, true],
  [(t) => `${"x".repeat(300 - t.length)}${t}`, false],
  [(t) => `\u{1F98A}${t}`, false],
  [(t) => `100%-${t}`, false],
  [(t) => `%2F${t}%00`, false],
  [(t) => `nul\u0000${t}`, false],
  [(t) => `${t}\u2028`, false],
  [(t) => `__proto__${t}`, false],
  [(t) => `${t}\n`, false],
  [(t) => `caf\u00e9-${t}`, false],
  [(t) => `cafe\u0301-${t}`, true]
]

const letters = "abcdefghijklmnopqrstuvwxyz0123456789"

/** Writes a place as a UUID that `readCode` reads back. */
export const code = (seed: number, batch: number, index: number): string => {
  const a = hash(seed, batch, index, 1)
  const b = hash(seed, batch, index, 2)
  const mask = hash(seed, a)
  // 12 + 12 bits hold the batch's ordinal next to version and variant, the last 32 the index
  const masked = (batch ^ mask) & 0xffffff
  return uuid(
    a,
    (b & 0xffff0000) | (masked >>> 12),
    ((masked & 0xfff) << 16) | (b & 0xffff),
    (index ^ hash(seed, a, 3)) >>> 0
  )
}

/** Reads a place back from a `code`; undefined when it is not one of this seed. */
export const readCode = (seed: number, text: string): Place | undefined => {
  if (text.length !== 36) return undefined
  const a = Number.parseInt(text.slice(0, 8), 16)
  const masked = Number.parseInt(text.slice(15, 18) + text.slice(20, 23), 16)
  const low = Number.parseInt(text.slice(28), 16)
  if (Number.isNaN(a + masked + low)) return undefined
  const batch = (masked ^ hash(seed, a)) & 0xffffff
  const index = (low ^ hash(seed, a, 3)) >>> 0
  return code(seed, batch, index) === text ? { batch, index } : undefined
}

const odd = (seed: number, batch: number, index: number): string => {
  switch (index % 4) {
    case 0: {
      // like the documented examples: a UUID's form with letters past f
      const h = hash(seed, batch, index, 4)
      const group = Array.from({ length: 4 }, (_, i) => letters[(h >>> (i * 6)) % 26] as string).join("")
      return `${hex32(h)}-${group}-${batch}-${index}-${h % 1000}`
    }
    case 1:
      return `job_${batch}_${index}`
    case 2:
      return `${(batch + 1) * 1e10 + index}`
    default:
      return `${hash(seed, batch, index).toString(36)}.${batch}.${index}`
  }
}

const readOdd = (text: string): Place | undefined => {
  const dashed = /^[0-9a-f]{8}-[a-z]{4}-(\d+)-(\d+)-\d+$/.exec(text) ?? /^job_(\d+)_(\d+)$/.exec(text) ??
    /^[0-9a-z]+\.(\d+)\.(\d+)$/.exec(text)
  if (dashed !== null) return { batch: Number(dashed[1]), index: Number(dashed[2]) }
  if (!/^\d{11,16}$/.test(text)) return undefined
  const n = Number(text)
  return { batch: Math.floor(n / 1e10) - 1, index: n % 1e10 }
}

const hostile = (batch: number, nth: number, index: number, first: boolean): string => {
  if (first && nth < bare.length) return bare[nth] as string
  const [stem, shared] = stems[nth % stems.length] as (typeof stems)[number]
  // the neighbor before is one step back in the batch: 1, or 3 where styles are mixed
  const step = nth === index ? 1 : 3
  return stem(`${batch}~${shared ? index - step : index}`)
}

/**
 * Makes the id of a job. `first` says that this is the first batch of its project with hostile ids, the one that holds
 * the bare ones.
 */
export const make = (seed: number, style: IdStyle, place: Place, first: boolean): string => {
  const { batch, index } = place
  switch (style) {
    case "uuid":
      return code(seed, batch, index)
    case "odd":
      return odd(seed, batch, index)
    case "hostile":
      return hostile(batch, index, index, first)
    case "mixed":
      return index % 3 === 0
        ? code(seed, batch, index)
        : index % 3 === 1
        ? odd(seed, batch, index)
        : hostile(batch, Math.floor(index / 3), index, first)
  }
}

/** Places that an id may stand for; the caller makes the id of each again and keeps the one that is equal. */
export const candidates = (seed: number, id: string, firstHostile: number): ReadonlyArray<Place> => {
  const found: Array<Place> = []
  const uuidPlace = readCode(seed, id)
  if (uuidPlace !== undefined) found.push(uuidPlace)
  const oddPlace = readOdd(id)
  if (oddPlace !== undefined) found.push(oddPlace)
  const tagged = /(\d+)~(\d+)/.exec(id)
  if (tagged !== null) {
    const batch = Number(tagged[1])
    const index = Number(tagged[2])
    found.push({ batch, index }, { batch, index: index + 1 }, { batch, index: index + 3 })
  }
  const nth = bare.indexOf(id)
  if (nth >= 0) found.push({ batch: firstHostile, index: nth }, { batch: firstHostile, index: nth * 3 + 2 })
  return found
}
