/**
 * Turns the bytes of list elements into values, many at once.
 */

import { parseJson } from "../exactJson.ts"

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Stands for an element that is not JSON in UTF-8. */
export const broken = Symbol("broken")

/** Parses `count` elements separated by commas. The elements that cannot be parsed are {@link broken}. */
export const parseElements = (bytes: Uint8Array, count: number): ReadonlyArray<unknown> => {
  try {
    const text = decoder.decode(bytes)
    return count === 1 ? [parseJson(text)] : parseJson(`[${text}]`) as ReadonlyArray<unknown>
  } catch {
    return count === 1 ? [broken] : split(bytes).flatMap((element) => parseElements(element, 1))
  }
}

/** Cuts between elements. Only for bytes with a broken element among them, whose own end the scanner found the same way. */
const split = (bytes: Uint8Array): ReadonlyArray<Uint8Array> => {
  const parts: Array<Uint8Array> = []
  let start = 0
  let depth = 0
  let inString = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (inString) {
      if (byte === 0x5c) at++
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) inString = true
    else if ((byte | 0x20) === 0x7b) depth++
    else if ((byte | 0x20) === 0x7d) depth--
    else if (byte === 0x2c && depth === 0) {
      parts.push(bytes.subarray(start, at))
      start = at + 1
    }
  }
  parts.push(bytes.subarray(start))
  return parts
}
