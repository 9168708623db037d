/** Pieces that several sections are built from. */
import * as format from "../format.ts"
import type { JobName } from "../gather/summaryModel.ts"
import { type Html, html, shorten } from "../html.ts"

/** A table with a caption, which can be scrolled with the keyboard where it is too wide. */
export const table = (caption: string, head: Html, rows: ReadonlyArray<Html>): Html =>
  html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table>
<caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${rows}</tbody></table></div>`

/** What columns of the class `far` say, for screens that are too narrow for these. */
export const near = (text: string): Html => html`<span class="near">${text}</span>`

/** What a list does not show. */
export const more = (count: number, one: string, many?: string): Html | null =>
  count > 0 ? html`<p class="more">and ${format.counted(count, `more ${one}`, `more ${many ?? `${one}s`}`)}</p>` : null

/** The heading above a column of bars. */
export const barHead: Html = html`<td class="bar"></td>`

/** A bar as long as its share, for the eye only: its number stands beside it. */
export const bar = (part: number, of: number): Html =>
  html`<td class="bar"><svg aria-hidden="true" viewBox="0 0 100 10" preserveAspectRatio="none"><rect width="${
    (of === 0 ? 0 : Math.max(part > 0 ? 0.6 : 0, 100 * part / of)).toFixed(1)
  }" height="10" rx="1"/></svg></td>`

/** Text of a server: its direction does not reach beyond it. */
export const foreign = (text: string, length?: number): Html => html`<bdi>${shorten(text, length)}</bdi>`

/** A label; the empty one has a name of its own. */
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
