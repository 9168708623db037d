/**
 * Helpers over parsed JSON for the element decoders: guards for any JSON value, JSON pointers, and text built by hand
 * where that is faster than `JSON.stringify`. Nothing here throws.
 */

import { ExactNumber, isContainer, type JsonObject } from "./exactJson.ts"

export { isContainer, isObject, type JsonObject } from "./exactJson.ts"

/** The nearest double of a number, NaN for anything else. */
export const nearest = (value: unknown): number =>
  typeof value === "number" ? value : value instanceof ExactNumber ? value.nearest : Number.NaN

/** The text of a non-empty string, or of a number with all its digits; otherwise null. */
export const text = (value: unknown): string | null => {
  if (typeof value === "string") return value.length > 0 ? value : null
  if (typeof value === "number") return String(value)
  return value instanceof ExactNumber ? value.source : null
}

/** Whether a text has a form in UTF-8, which half of a surrogate pair has not. */
export const isWellFormed = (text: string | null): boolean => text === null || text.isWellFormed()

/** What is said of a row with a text that is not well-formed. */
export const halfCharacter = "a text holds half a character, which became U+FFFD"

/** A segment of a JSON pointer (RFC 6901). */
export const escapePointer = (key: string): string =>
  key.includes("~") || key.includes("/") ? key.replaceAll("~", "~0").replaceAll("/", "~1") : key

/** Short strings without anything to escape are by far the most common; for them quoting by hand takes half the time. */
export const quote = (value: string): string => {
  const length = value.length
  if (length > 48) return JSON.stringify(value)
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i)
    if (code < 0x20 || code === 0x22 || code === 0x5c || code > 0xd7ff) return JSON.stringify(value)
  }
  return `"${value}"`
}

/** Digits of a number, as many as its text had if no double holds them, and the sign of zero. */
export const digits = (value: unknown): string => value === 0 && Object.is(value, -0) ? "-0" : text(value) ?? "null"

/**
 * JSON text of a parsed value at any depth. `JSON.stringify` recurses and gives up some thousand levels down, at a depth
 * that depends on the stack; what it refuses is written without recursion, so that the result never depends on that.
 */
export const stringify = (value: unknown): string => {
  try {
    return JSON.stringify(value)
  } catch {
    return stringifyDeep(value)
  }
}

const stringifyDeep = (root: unknown): string => {
  const parts: Array<string> = []
  const open: Array<
    { readonly value: JsonObject | ReadonlyArray<unknown>; readonly keys: Array<string> | null; at: number }
  > = []
  const begin = (value: unknown) => {
    if (!isContainer(value)) {
      parts.push(JSON.stringify(value))
      return
    }
    const isArray = Array.isArray(value)
    parts.push(isArray ? "[" : "{")
    open.push({ value, keys: isArray ? null : Object.keys(value), at: 0 })
  }
  begin(root)
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const { keys, value } = top
    const index = top.at++
    if (keys === null) {
      const items = value as ReadonlyArray<unknown>
      if (index === items.length) {
        parts.push("]")
        open.pop()
        continue
      }
      if (index > 0) parts.push(",")
      begin(items[index])
    } else {
      const key = keys[index]
      if (key === undefined) {
        parts.push("}")
        open.pop()
        continue
      }
      parts.push(index > 0 ? "," : "", JSON.stringify(key), ":")
      begin((value as JsonObject)[key])
    }
  }
  return parts.join("")
}
