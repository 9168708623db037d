/**
 * The terminal of this process: a block of lines that is redrawn in one write, so that it never flickers, and text above
 * it. Without a block, text is written as it is. There is one terminal, so there is one of this.
 */
import * as Effect from "effect/Effect"
import { stripVTControlCharacters } from "node:util"
import { widthOf } from "./columns.ts"
import type { Size } from "./progress.ts"

type Render = (size: Size, color: boolean) => ReadonlyArray<string>

const stream = process.stderr

// Asks the terminal to show the whole write at once; terminals that do not know it ignore it.
const [together, shown] = ["\u001b[?2026h", "\u001b[?2026l"]
const [hideCursor, showCursor] = ["\u001b[?25l", "\u001b[?25h"]
const [toLineEnd, below] = ["\u001b[K", "\u001b[J"]

/** Whether stderr is a terminal that can redraw lines. */
export const canDraw = (): boolean => stream.isTTY && process.env["TERM"] !== "dumb"

/** Whether a stream takes color: a terminal, unless `NO_COLOR` says otherwise. */
export const hasColor = (of: NodeJS.WriteStream): boolean => of.isTTY && of.hasColors()

let render: Render | undefined
let drawn: ReadonlyArray<string> = []

/** A narrower terminal has wrapped the lines that are there. */
const rowsOf = (lines: ReadonlyArray<string>): number =>
  lines.reduce((rows, text) => rows + Math.max(1, Math.ceil(widthOf(stripVTControlCharacters(text)) / (stream.columns || 80))), 0)

const toTop = () => drawn.length === 0 ? "" : `\r\u001b[${rowsOf(drawn)}A`

const lines = (): ReadonlyArray<string> =>
  render?.({ columns: (stream.columns || 80) - 1, rows: stream.rows || 24 }, hasColor(stream)) ?? []

/** Draws the block as it is now. */
export const draw = (): void => {
  if (render === undefined) return
  const next = lines()
  const text = next.map((each) => `${each}${toLineEnd}\n`).join("")
  stream.write(`${together}${toTop()}${text}${below}${shown}`)
  drawn = next
}

/** Writes lines of text; if there is a block, above it. */
export const say = (to: "stdout" | "stderr", text: string): void => {
  if (render !== undefined) stream.write(`${toTop()}${below}`)
  drawn = []
  process[to].write(`${text}\n`)
  draw()
}

const restore = () => {
  if (render === undefined) return
  stream.write(`${toTop()}${below}${showCursor}`)
  render = undefined
  drawn = []
}

/** Shows a block while the scope is open. Afterwards the block is gone and the cursor is back. */
export const show = (what: Render) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      render = what
      stream.write(hideCursor)
      stream.on("resize", draw)
      process.once("exit", restore)
    }),
    () =>
      Effect.sync(() => {
        stream.off("resize", draw)
        process.off("exit", restore)
        restore()
      })
  )
