/**
 * Text that comes from a server, as both databases keep it: PostgreSQL takes neither NUL nor half a surrogate pair.
 * Each text has one encoding, in the same order by code point (except for halves of pairs).
 */

// Begins the encoding of what PostgreSQL does not take, and of the mark itself. Texts keep their order.
const mark = "\u0001"
const nul = `${mark}\u0001`
const ownMark = `${mark}\u0002`
const half = `${mark}\u0003`
const digits = 4

const isPlain = (text: string) => !text.includes("\u0000") && !text.includes(mark) && text.isWellFormed()

const written = (character: string): string => {
  if (character === "\u0000") return nul
  if (character === mark) return ownMark
  return character.isWellFormed() ? character : half + character.charCodeAt(0).toString(16).padStart(digits, "0")
}

/** Encodes a text for a column. Null stays null. */
export const toColumn = <A extends string | null>(text: A): A =>
  text === null || isPlain(text) ? text : Array.from(text, written).join("") as A

/** Decodes the text of a column. */
export const fromColumn = <A extends string | null>(column: A): A => {
  if (column === null || !column.includes(mark)) return column
  let text = ""
  for (let at = 0; at < column.length; at++) {
    const code = column.slice(at, at + 2)
    if (code[0] !== mark) {
      text += column[at]
      continue
    }
    at++
    if (code === half) {
      text += String.fromCharCode(Number.parseInt(column.slice(at + 1, at + 1 + digits), 16))
      at += digits
    } else text += code === nul ? "\u0000" : mark
  }
  return text as A
}
