/**
 * Counts what a format keeps, approximates and drops: the report `loss.json`. Annotations are counted as rows, one for
 * each frame that they are in.
 */
import { byCodePoint } from "./internal/codePoints.ts"

/** How a format writes something: whole, changed, or not at all; and why, in a few words. */
export type Carried =
  | { readonly how: "kept"; readonly why: null }
  | { readonly how: "approximated" | "dropped"; readonly why: string }

/** Written whole. */
export const kept: Carried = { how: "kept", why: null }

/** Written, but changed. */
export const approximated = (why: string): Carried => ({ how: "approximated", why })

/** Not written. */
export const dropped = (why: string): Carried => ({ how: "dropped", why })

/** One line of `loss.json`. `shape` is the type of an annotation, `attribute`, `track`, or `sample`. */
export interface Entry {
  readonly shape: string
  readonly class: string
  readonly kept: number
  readonly approximated: number
  readonly dropped: number
  readonly why: string | null
}

/** How an entry bears on the option `lossless`: what a person asked for, and what only has no place, do not. */
export type Weight = "loss" | "asked" | "noPlace"

/** A count of losses. Its size depends on classes and attribute names, not on samples. */
export interface Tally {
  readonly add: (shape: string, className: string, carried: Carried, weight?: Weight, count?: number) => void
  /** By shape, class, and reason, by code point. */
  readonly entries: () => ReadonlyArray<Entry>
  /** Whether every loss was asked for. */
  readonly isLossless: () => boolean
}

/** Makes an empty count. */
export const tally = (): Tally => {
  const counts = new Map<string, { -readonly [Key in keyof Entry]: Entry[Key] }>()
  let losses = 0
  return {
    add: (shape, className, { how, why }, weight = "loss", count = 1) => {
      const key = JSON.stringify([shape, className, why])
      const found = counts.get(key)
      const entry = found ?? { shape, class: className, kept: 0, approximated: 0, dropped: 0, why }
      if (found === undefined) counts.set(key, entry)
      entry[how] += count
      if (how !== "kept" && weight === "loss") losses += count
    },
    entries: () => [...counts].sort(([a], [b]) => byCodePoint(a, b)).map(([, entry]) => entry),
    isLossless: () => losses === 0
  }
}

/** `loss.json`: one line for each entry. */
export const toJson = (entries: ReadonlyArray<Entry>): string =>
  entries.length === 0 ? "[]\n" : `[\n${entries.map((entry) => `  ${JSON.stringify(entry)}`).join(",\n")}\n]\n`
