/** When each object is seen: one line an object, one column a frame. */
import { type Html, html, shorten } from "../html.ts"
import type { Colors } from "./colors.ts"
import type { Shape } from "./geometry.ts"
import { drawing, fixed } from "./plane.ts"

const lanes = 12
const left = 120
const width = 560
const lane = 20

/** Draws it; null if no object is seen in two frames. Frames are in order. */
export const timeline = (frames: ReadonlyArray<ReadonlyArray<Shape>>, colors: Colors): Html | null => {
  const tracks = new Map<string, { readonly shape: Shape; readonly seen: Array<number> }>()
  frames.forEach((shapes, frame) => {
    for (const shape of shapes) {
      const { track_id } = shape.row
      if (track_id === null) continue
      const track = tracks.get(track_id) ?? { shape, seen: [] }
      if (track.seen.at(-1) !== frame) track.seen.push(frame)
      tracks.set(track_id, track)
    }
  })
  if (frames.length < 2 || !Array.from(tracks.values()).some(({ seen }) => seen.length > 1)) return null
  const shown = Array.from(tracks.values()).slice(0, lanes)
  const height = shown.length * lane + 6
  const column = (width - left) / frames.length
  const body = shown.map(({ seen, shape }, at) => {
    const y = at * lane + 5
    return html`<text x="6" y="${y + 12}">${shorten(shape.row.label, 16) || "no label"}</text><g class="${
      colors.of(shape.row)
    }">${
      runsOf(seen).map(([from, to]) =>
        html`<rect class="life" x="${fixed(left + from * column + 1)}" y="${y + 2}" width="${
          fixed(Math.max(1, (to - from + 1) * column - 2))
        }" height="${lane - 8}" rx="3"/>`
      )
    }</g>`
  })
  const said = shown.map(({ seen, shape }) => `${shorten(shape.row.label, 40) || "no label"} in ${seen.length}`).join(
    ", "
  )
  return drawing({ width, height }, `Of ${frames.length} frames, objects are seen: ${said}`, html`${body}`)
}

/** Frames that follow each other, as their first and last. */
const runsOf = (seen: ReadonlyArray<number>): ReadonlyArray<readonly [from: number, to: number]> => {
  const runs: Array<[number, number]> = []
  for (const frame of seen) {
    const last = runs.at(-1)
    if (last !== undefined && last[1] === frame - 1) last[1] = frame
    else runs.push([frame, frame])
  }
  return runs
}
