/** Text in the cells of a terminal. A character takes 0, 1, or 2 cells. */
import * as CliOutput from "effect/cli/CliOutput"
import { styleText } from "node:util"

const segmenter = new Intl.Segmenter()

/** Cells that a text without control characters takes. */
export const widthOf = (text: string): number =>
  /^[ -~]*$/.test(text) ? text.length : CliOutput.displayWidth(text)

/** Returns the text in at most this many cells; a longer one ends with `…`. */
export const cut = (text: string, width: number): string => {
  if (width <= 0) return ""
  if (widthOf(text) <= width) return text
  let taken = ""
  let cells = 0
  for (const { segment } of segmenter.segment(text)) {
    const next = widthOf(segment)
    if (cells + next > width - 1) break
    taken += segment
    cells += next
  }
  return `${taken}…`
}

/** Returns the text in exactly this many cells. */
export const pad = (text: string, width: number): string => {
  const fitting = cut(text, width)
  return fitting + " ".repeat(Math.max(0, width - widthOf(fitting)))
}

/** A piece of a line and how it looks. */
export interface Piece {
  readonly text: string
  readonly style?: Parameters<typeof styleText>[0]
}

/** Joins text on one line of at most this many cells, styled if there is color. */
export const line = (pieces: ReadonlyArray<Piece>, width: number, color: boolean): string => {
  let room = width
  let text = ""
  for (const piece of pieces) {
    const fitting = cut(piece.text, room)
    room -= widthOf(fitting)
    text += color && piece.style !== undefined && fitting !== ""
      ? styleText(piece.style, fitting, { validateStream: false })
      : fitting
    if (fitting !== piece.text) break
  }
  return text
}

/** Rows of columns that are as wide as their widest cell, each line without blanks at its end. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>, gap = "  "): ReadonlyArray<string> => {
  const widths: Array<number> = []
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, widthOf(cell))
  }
  return rows.map((row) => row.map((cell, index) => pad(cell, widths[index] ?? 0)).join(gap).trimEnd())
}
