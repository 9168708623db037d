/**
 * The path of small documents: parsed once, and looked into as often as needed.
 */
import { elementMentions, type Lists, type Mention } from "./mentions.ts"
import { runStep, type Step } from "./plan.ts"
import type { Decoded, RowWriter } from "./rowWriter.ts"

/** A list in memory. */
export const parsedLists: Lists = {
  first: (list) => list[0],
  mentions: (list, kind, path) => {
    const out: Array<Mention> = []
    for (let i = 0; i < list.length; i++) elementMentions(kind, list[i], `${path}/${i}`, out)
    return out
  }
}

// Making one takes as long as decoding a small document.
const decoder = new TextDecoder("utf-8", { fatal: true })

/** The JSON value of the bytes, or undefined where they are not JSON in UTF-8. A byte order mark is passed over. */
export const parse = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch {
    return undefined
  }
}

/** The rows of a parsed document. */
export function* parsedRows(plan: ReadonlyArray<Step>, out: RowWriter): Generator<Decoded> {
  for (const step of plan) yield* runStep(step, out)
  if (out.waiting > 0) yield out.take()
}
