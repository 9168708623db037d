import { onOneLine } from "@labelstream/core/PlainText"
import { distance } from "fastest-levenshtein"

/** Letters that may differ: a third of them, and 1 to 6. */
const tolerance = (word: string) => Math.min(6, Math.max(1, Math.floor(word.length / 3)))

/** The names that are closest to what was typed, if any is close; at most 3. Capitals do not matter. */
const closest = (typed: string, names: Iterable<string>): ReadonlyArray<string> => {
  const word = typed.toLowerCase()
  let best = tolerance(word)
  let found: Array<string> = []
  for (const name of new Set(names)) {
    const apart = distance(word, name.toLowerCase())
    if (apart > best) continue
    if (apart < best) found = []
    best = apart
    found.push(name)
  }
  return found.slice(0, 3)
}

/** ` Did you mean NAME?`, to be put behind a sentence, or nothing if no name is close. */
export const didYouMean = (typed: string, names: Iterable<string>): string => {
  const found = closest(typed, names)
  return found.length === 0 ? "" : ` Did you mean ${onOneLine(found.join(" or "))}?`
}
