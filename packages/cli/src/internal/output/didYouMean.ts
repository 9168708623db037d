import { onOneLine } from "@labelstream/core/PlainText"
import { distance } from "fastest-levenshtein"

/** How many letters may differ: a third of them, from 1 to 6. */
const tolerance = (word: string) => Math.min(6, Math.max(1, Math.floor(word.length / 3)))

/** A word with each pair of neighboring letters swapped: the most common slip, which counts as one letter. */
const swaps = (word: string): ReadonlyArray<string> =>
  Array.from(word.slice(1), (letter, at) => word.slice(0, at) + letter + (word[at] ?? "") + word.slice(at + 2))

const apart = (word: string, swapped: ReadonlyArray<string>, name: string) =>
  Math.min(distance(word, name), ...swapped.map((each) => distance(each, name) + 1))

/** The names that are closest to what was typed, if any is close; at most 3. Capitals do not matter. */
const closest = (typed: string, names: Iterable<string>): ReadonlyArray<string> => {
  const word = typed.toLowerCase()
  let best = tolerance(word)
  let found: Array<string> = []
  const swapped = swaps(word)
  for (const name of new Set(names)) {
    const letters = apart(word, swapped, name.toLowerCase())
    if (letters > best) continue
    if (letters < best) found = []
    best = letters
    found.push(name)
  }
  return found.slice(0, 3)
}

/** Returns ` Did you mean NAME?` for the end of a sentence, or nothing if no name is close. */
export const didYouMean = (typed: string, names: Iterable<string>): string => {
  const found = closest(typed, names)
  return found.length === 0 ? "" : ` Did you mean ${onOneLine(found.join(" or "))}?`
}
