/** Which of the page's ten colors stand for what in the drawings of one job. */
import type { AnnotationModel } from "@labelstream/core"

const colorCount = 10

/** One line of a drawing's key. */
export interface KeyLine {
  /** Class of the color, `c0` to `c9`. */
  readonly color: string
  readonly label: string
  /** Whether it is one object through several frames. */
  readonly track: boolean
  readonly count: number
}

/**
 * Colors by label, or by object where objects go through frames. A label has the same color in all jobs, as long as no
 * two labels of one job would share it.
 */
export class Colors {
  private readonly lines = new Map<string, { index: number; label: string; track: boolean; count: number }>()
  private readonly taken = new Set<number>()
  private readonly rankOf: ReadonlyMap<string, number>
  private readonly byTrack: boolean

  constructor(rankOf: ReadonlyMap<string, number>, byTrack: boolean) {
    this.rankOf = rankOf
    this.byTrack = byTrack
  }

  /** Class of a row's color. */
  of(row: AnnotationModel.AnnotationRow): string {
    return `c${this.lineOf(row).index}`
  }

  /** Counts a row that is drawn, and returns its color. */
  draw(row: AnnotationModel.AnnotationRow): string {
    const line = this.lineOf(row)
    line.count++
    return `c${line.index}`
  }

  /** What the colors stand for, in the order in which they were asked for; some may not be drawn. */
  key(): ReadonlyArray<KeyLine> {
    return Array.from(this.lines.values(), ({ index, ...line }) => ({ color: `c${index}`, ...line }))
  }

  private lineOf(row: AnnotationModel.AnnotationRow) {
    const track = this.byTrack && row.track_id !== null
    const key = track ? `track ${row.track_id}` : `label ${row.label}`
    let line = this.lines.get(key)
    if (line === undefined) {
      line = {
        index: this.choose(track ? this.lines.size : this.rankOf.get(row.label)),
        label: row.label,
        track,
        count: 0
      }
      this.lines.set(key, line)
    }
    return line
  }

  private choose(wished: number | undefined): number {
    const from = (wished ?? this.lines.size) % colorCount
    let index = from
    while (this.taken.size < colorCount && this.taken.has(index)) index = (index + 1) % colorCount
    this.taken.add(index)
    return index
  }
}
