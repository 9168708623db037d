/** Pieces that several sections are built from. */
import * as format from "../format.ts"
import type { JobName } from "../gather/summaryModel.ts"
import { type Html, html, shorten } from "../html.ts"

/** A column of a table. `n`: numbers. `wide`, `tall`, `nowrap`: text. `bar`: bars, for the eye only. Default: short text. */
export interface Column {
  readonly name: string
  readonly kind?: "n" | "wide" | "tall" | "nowrap" | "bar"
}

type Cell = Html | string

const head = ({ kind, name }: Column): Html => {
  if (kind === "bar") return html`<td role="cell" class="bar"></td>`
  const look = kind === undefined ? null : html` class="${kind}"`
  return html`<th scope="col" role="columnheader"${look}>${name}</th>`
}

/** A cell names its column, since a narrow screen shows no heads. */
const body = (cell: Cell, index: number, { kind, name }: Column): Html => {
  const look = kind === undefined ? null : html` class="${kind}"`
  if (index === 0) return html`<th scope="row" role="rowheader"${look}>${cell}</th>`
  return kind === "bar"
    ? html`<td role="cell"${look}>${cell}</td>`
    : html`<td role="cell"${look} data-column="${name}">${cell}</td>`
}

/**
 * A table with a caption, which the keyboard scrolls if it is too wide. On a narrow screen each row becomes a block with
 * the name of the column before each value; roles keep it a table. The first cell of a row is its heading.
 */
export const table = (
  caption: string,
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<Cell>>
): Html =>
  html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table role="table">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(head)}</tr></thead>
<tbody role="rowgroup">
${
    rows.map((cells) =>
      html`<tr role="row">${cells.map((cell, index) => body(cell, index, columns[index] ?? { name: "" }))}</tr>
`
    )
  }</tbody></table></div>`

/** What a list does not show. */
export const more = (count: number, one: string, many?: string): Html | null =>
  count > 0 ? html`<p class="more">and ${format.counted(count, `more ${one}`, `more ${many ?? `${one}s`}`)}</p>` : null

/** A bar as long as its share, for the eye only: the next cell has its number. */
export const bar = (part: number, of: number): Html =>
  html`<svg aria-hidden="true" viewBox="0 0 100 10" preserveAspectRatio="none"><rect width="${
    (of === 0 ? 0 : Math.max(part > 0 ? 0.6 : 0, 100 * part / of)).toFixed(1)
  }" height="10" rx="1"/></svg>`

/** Text of a server: its direction does not reach beyond it. */
export const foreign = (text: string, length?: number): Html => html`<bdi>${shorten(text, length)}</bdi>`

/** A label; the empty one has its own name. */
export const label = (text: string, length?: number): Html =>
  text === "" ? html`<span class="soft">(no label)</span>` : foreign(text, length)

/** A job by its ids. */
export const job = ({ batchId, jobId, referenceId }: JobName): Html =>
  html`<code>${foreign(jobId)}</code>${
    referenceId === null || referenceId === "" ? null : html` <span class="soft">(${foreign(referenceId)})</span>`
  } <span class="soft">in batch</span> <code>${foreign(batchId)}</code>`

const words: Readonly<Record<string, string>> = {
  box_3d: "3D box",
  image_annotation: "Image annotation",
  image_classification: "Image classification",
  image_segmentation: "Image segmentation",
  video_annotation: "Video annotation",
  video_segmentation: "Video segmentation",
  point_cloud_annotation: "Point cloud annotation",
  point_cloud_segmentation: "Point cloud segmentation"
}

/** A type's name for people. */
export const typeName = (type: string): string => words[type] ?? type
