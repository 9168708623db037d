/**
 * Parses JSON without rounding numbers: `JSON.parse` turns ids of 64 bits into the nearest double, and two ids into one.
 * A number that a double holds stays a number; any other becomes an {@link ExactNumber}.
 */

/** A JSON number that no double holds, as it is written. `JSON.stringify` writes the same digits. */
export class ExactNumber {
  readonly source: string

  constructor(source: string) {
    this.source = source
  }

  /** The nearest double, which may be infinite. */
  get nearest(): number {
    return Number(this.source)
  }

  toJSON(): unknown {
    return rawJson(this.source)
  }
}

// In every runtime that is supported, and in none of TypeScript's libraries.
const rawJson = (source: string): unknown =>
  (JSON as unknown as { readonly rawJSON: (text: string) => unknown }).rawJSON(source)

/** A parsed JSON object. Keys may be anything, `__proto__` included, so only own keys are read. */
export type JsonObject = { readonly [key: string]: unknown }

/** Holds for JSON objects and arrays. */
export const isContainer = (value: unknown): value is JsonObject | ReadonlyArray<unknown> =>
  typeof value === "object" && value !== null && !(value instanceof ExactNumber)

/** Holds for JSON objects, not for arrays and null. */
export const isObject = (value: unknown): value is JsonObject => isContainer(value) && !Array.isArray(value)

/** Parses JSON text. Throws if it is invalid. */
export const parseJson = (text: string): unknown => {
  const value: unknown = JSON.parse(text)
  return mayRound(text) ? build(text) : value
}

// Making one takes as long as decoding a small document.
const decoder = new TextDecoder("utf-8", { fatal: true })

/** Returns the JSON value of bytes, or undefined if they are not JSON in UTF-8. Skips a byte order mark. */
export const parseBytes = (bytes: Uint8Array): unknown => {
  try {
    return parseJson(decoder.decode(bytes))
  } catch {
    return undefined
  }
}

/**
 * Whether digits are lost when a number is read as a double. A decimal of up to 17 digits counts as a double's own: that
 * many are needed to write one, and writers do not agree which.
 */
const isRounded = (token: string, value: number): boolean => {
  if (String(value) === token) return false
  if (/^-?\d+$/.test(token)) return true
  const digits = token.replace(/[eE].*/, "").replaceAll(/[-.]/g, "").replaceAll(/^0+|0+$/g, "")
  return digits.length > 17 || digits !== "" && !(Math.abs(value) >= smallestNormal && Math.abs(value) < Infinity)
}

const smallestNormal = 2 ** -1022

/** The shortest run of digits, with or without a point, that needs a closer check. */
const shortest = 16

/**
 * Whether the text may hold a number that {@link isRounded}; sometimes it holds none. Parsing exactly takes seven times
 * as long, and most digits are skipped here: one in sixteen is read, and exponents of three digits.
 */
const mayRound = (text: string): boolean => {
  for (let at = shortest - 1; at < text.length; at += shortest) {
    if (!isOfDigits(text.charCodeAt(at))) continue
    let from = at
    while (isOfDigits(text.charCodeAt(from - 1))) from--
    while (isOfDigits(text.charCodeAt(at))) at++
    if (at - from < shortest) continue
    at = endOfNumber(text, at - 1)
    if (isLong(text, startOfNumber(text, from), at)) return true
  }
  const exponent = /\d[eE][-+]?\d{3}/g
  for (let found = exponent.exec(text); found !== null; found = exponent.exec(text)) {
    if (startsValue(text, startOfNumber(text, found.index))) return true
    exponent.lastIndex = endOfNumber(text, found.index)
  }
  return false
}

/** Whether these characters are a number of 16 digits, or of 18 with a point. */
const isLong = (text: string, from: number, end: number): boolean => {
  let zeros = 0
  let digits = 0
  let least = 16
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code === point) least = 18
    else if (isExponent(code)) break
    else if (code === zero && digits === 0) zeros++
    else if (isDigit(code)) digits++
  }
  return (digits >= least || zeros > 99) && startsValue(text, from)
}

/** Whether a number that begins there is a value, and not the inside of a string. */
const startsValue = (text: string, from: number): boolean => from === 0 || " \n\r\t:,[".includes(text[from - 1]!)

const startOfNumber = (text: string, inside: number): number => {
  let at = inside
  while (at > 0 && isOfNumber(text.charCodeAt(at - 1))) at--
  return at
}

const endOfNumber = (text: string, inside: number): number => {
  let at = inside + 1
  while (at < text.length && isOfNumber(text.charCodeAt(at))) at++
  return at
}

const zero = 0x30
const point = 0x2e
const isDigit = (code: number) => code >= zero && code <= 0x39
const isExponent = (code: number) => (code | 0x20) === 0x65
/** Digits and `.`; neither is past the text's ends. */
const isOfDigits = (code: number) => code >= point && code <= 0x39 && code !== 0x2f
/** Digits, `.`, `-`, `+`, `e` and `E`. */
const isOfNumber = (code: number) => isOfDigits(code) || code === 0x2d || code === 0x2b || isExponent(code)

const scalar = (token: string): unknown => {
  // A copy of a string, since a part of it would keep all of the document in memory.
  const value: unknown = JSON.parse(token)
  return typeof value === "number" && (token.length > 15 || /e/i.test(token)) && isRounded(token, value)
    ? new ExactNumber(JSON.parse(`"${token}"`) as string)
    : value
}

/** The value of text that is JSON. Does not recurse, and so takes any depth that `JSON.parse` takes. */
const build = (text: string): unknown => {
  const outer: Array<Container | undefined> = []
  let inside: Container | undefined
  let key: string | undefined
  let root: unknown
  const put = (value: unknown) => {
    if (inside === undefined) root = value
    else if (Array.isArray(inside)) inside.push(value)
    else {
      if (key === "__proto__") Object.defineProperty(inside, key, { ...own, value })
      else inside[key!] = value
      key = undefined
    }
  }
  for (let at = 0; at < text.length;) {
    const from = at++
    const sign = text[from]!
    if (sign === "{" || sign === "[") {
      const value: Container = sign === "{" ? {} : []
      put(value)
      outer.push(inside)
      inside = value
    } else if (sign === "}" || sign === "]") {
      inside = outer.pop()
    } else if (sign === "\"") {
      at = endOfString(text, at)
      const value = JSON.parse(text.slice(from, at)) as string
      if (key === undefined && inside !== undefined && !Array.isArray(inside)) key = value
      else put(value)
    } else if (!between.has(sign)) {
      while (at < text.length && !after.has(text[at]!)) at++
      put(scalar(text.slice(from, at)))
    }
  }
  return root
}

type Container = Array<unknown> | { [key: string]: unknown }

const own = { configurable: true, enumerable: true, writable: true }
const between = new Set(" \n\r\t,:")
const after = new Set(" \n\r\t,]}")

/** Past the quote that ends a string whose inside begins at `from`. */
const endOfString = (text: string, from: number): number => {
  for (let at = from;; at++) {
    at = text.indexOf("\"", at)
    let before = at
    while (before > from && text[before - 1] === "\\") before--
    if ((at - before) % 2 === 0) return at + 1
  }
}
