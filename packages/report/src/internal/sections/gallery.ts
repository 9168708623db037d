import type { AnnotationModel } from "@labelstream/core"
import { boxes, points } from "../draw/birdsEye.ts"
import { Colors } from "../draw/colors.ts"
import { figure, frameName, framesOf, inOrder, oneImage, sequence } from "../draw/frames.ts"
import { type Box, boxOf } from "../draw/geometry.ts"
import { colorKey, segmentKey } from "../draw/keys.ts"
import * as Pcd from "../draw/pcd.ts"
import { Budget } from "../draw/plane.ts"
import { imageOf } from "../draw/png.ts"
import * as format from "../format.ts"
import type { Summary } from "../gather/summaryModel.ts"
import type { Sketch } from "../gather/summaryModel.ts"
import { type Html, html, shorten } from "../html.ts"
import type { Section } from "../section.ts"
import { foreign, typeName } from "./parts.ts"

type Rows = ReadonlyArray<AnnotationModel.AnnotationRow>

/** Bytes of masks in the whole page, before their encoding makes them a third longer. */
const maskBudget = 2 * 1024 * 1024

const boxFigure = (found: ReadonlyArray<Box>, colors: Colors, budget: Budget): Html => {
  const names = Array.from(new Set(found.map(({ row }) => row.frame_id)))
    .sort((a, b) => inOrder.compare(a ?? "", b ?? ""))
  const [first = null] = names
  const frames = first === null || names.length === 1 ?
    null :
    html`: ${frameName(first)}, and the ${
      names.length === 2 ? "frame" : `${format.count(names.length - 1)} frames`
    } after it faint`
  return figure(boxes(found, first, colors, budget), html`From above, in the cloud\u2019s own units${frames}`)
}

const cloudFigure = (bytes: Uint8Array, rows: Rows, colors: Colors): ReadonlyArray<Html> => {
  const cloud = Pcd.read(bytes)
  if (cloud === undefined) return []
  const byKey = new Map(rows.map((row) => [row.label_key, row]))
  const classes = new Map<number, string>()
  const colorOf = (key: number) => {
    const row = byKey.get(Math.round(key))
    const color = classes.get(key) ?? (row === undefined ? "c9" : colors.draw(row))
    classes.set(key, color)
    return color
  }
  const shown = cloud.points.length === cloud.total ? "" : `${format.count(cloud.points.length)} of `
  return [figure(
    points(cloud.points, colorOf),
    html`From above, in the cloud\u2019s own units: ${shown}${format.counted(cloud.total, "point")}`
  )]
}

/** What of a job is not drawn. */
const rest = ({ annotations, files, moreFiles, rows }: Sketch, skipped: number): ReadonlyArray<string> => {
  const labels = files.filter(({ role }) => role === "point_labels").length
  const unseen = labels + moreFiles
  return [
    ...(annotations > rows.length ? [`Drawn from the first ${format.counted(rows.length, "annotation")}.`] : []),
    ...(skipped > 0
      ? [`${format.counted(skipped, "more annotation")} ${skipped === 1 ? "is" : "are"} not drawn.`]
      : []),
    ...(unseen === 0 ? [] : [
      labels === 0
        ? `${format.counted(unseen, "more file")} not shown.`
        : `Which point has which label stands in ${
          format.counted(unseen, "file")
        }; points are not drawn without their cloud.`
    ])
  ]
}

/** Draws jobs one after the other, as long as there is room for their masks. */
class Artist {
  private room = maskBudget
  private readonly rankOf: ReadonlyMap<string, number>

  constructor(rankOf: ReadonlyMap<string, number>) {
    this.rankOf = rankOf
  }

  article(sketch: Sketch, number: number): Html {
    const { annotations, batchId, files, jobId, referenceId, resultType, rows } = sketch
    const frames = framesOf(rows)
    const isSequence = frames.length > 1
    const colors = new Colors(this.rankOf, isSequence)
    if (!isSequence) { for (const row of this.byRank(rows)) colors.of(row) }
    const budget = new Budget()
    const found = rows.flatMap((row) => boxOf(row) ?? [])
    const clouds = files.flatMap(({ bytes, role }) =>
      role === "point_cloud" && bytes !== null ? cloudFigure(bytes, rows, colors) : []
    )
    const masks = files.filter(({ role }) => role === "mask").map((file) => this.mask(file, rows))
    const large = [
      ...(found.length === 0 ? [] : [boxFigure(found, colors, frames.length === 0 ? budget : budget.part(2))]),
      ...clouds,
      ...(isSequence
        ? []
        : frames.map((frame) => oneImage(frame, colors, found.length === 0 ? budget : budget.part(2)))),
      ...(masks.length === 1 ? masks : [])
    ]
    const strip = masks.length > 1 ? html`<div class="strip">${masks}</div>` : null
    const isLong = isSequence || masks.length > 1 || large.length > 1
    return html`<article${isLong ? html` class="long"` : null} aria-labelledby="job-${number}">
<h3 id="job-${number}">${foreign(referenceId === null || referenceId === "" ? jobId : referenceId)}</h3>
<p class="soft small">${typeName(resultType)}, ${format.counted(annotations, "annotation")}. Job <code>${
      foreign(jobId)
    }</code> in batch <code>${foreign(batchId)}</code></p>
${large.length > 1 ? html`<div class="strip few">${large}</div>` : large}${
      isSequence ? sequence(frames, colors, found.length === 0 ? budget : budget.part(2)) : null
    }${strip}
${colorKey(colors)}${clouds.length > 0 ? null : segmentKey(rows)}
${rest(sketch, budget.skipped).map((text) => html`<p class="soft small">${text}</p>`)}
</article>
`
  }

  /** A row of each label, the most frequent ones first: these keep their colours in all jobs. */
  private byRank(rows: Rows): Rows {
    const rank = ({ label }: AnnotationModel.AnnotationRow) => this.rankOf.get(label) ?? Infinity
    const drawable = rows.filter(({ type }) => type !== "segment" && type !== "unknown")
    return Array.from(new Map(drawable.map((row) => [row.label, row])).values())
      .sort((a, b) => rank(a) === rank(b) ? 0 : rank(a) - rank(b))
  }

  private mask({ bytes, frameId, size }: Sketch["files"][number], rows: Rows): Html {
    const name = frameId === null ? html`Mask` : html`Mask of ${frameName(frameId)}`
    const image = bytes === null || bytes.length > this.room ? undefined : imageOf(bytes)
    if (image === undefined) {
      return html`<p class="soft small">${name}: ${format.bytes(size)}, not shown here.</p>`
    }
    this.room -= size
    const { height, url, width } = image
    const classes = Array.from(new Set(rows.map(({ label }) => shorten(label, 40)).filter((text) => text !== "")))
    const of = classes.length === 0 ? "" : `, of ${classes.slice(0, 12).join(", ")}`
    const alt = `Segmentation mask, ${width} by ${height} pixels${of}`
    return figure(
      html`<img class="mask" decoding="async" width="${width}" height="${height}" src="${url}" alt="${alt}">`,
      html`${name}, ${width} \u00d7 ${height}`
    )
  }
}

/** Drawings of some jobs. */
export const gallery = ({ results }: Summary): Section => {
  const heading = "Gallery"
  if (results === null || results.gallery.length === 0) return { id: "gallery", heading, body: null }
  const artist = new Artist(new Map(results.labels.top.map(({ name }, rank) => [name, rank])))
  const chosen = results.gallery.length === results.jobs
    ? "All jobs"
    : `${format.counted(results.gallery.length, "job")} of ${
      format.count(results.jobs)
    }, some of every kind, chosen by the hash of their content`
  const body =
    html`<p>${chosen}. The annotations alone are drawn: images and point clouds are the customer\u2019s own and no
part of the results. Nor is the size of an image, so that all are drawn four to three.</p>
<div class="gallery">
${results.gallery.map((sketch, at) => artist.article(sketch, at + 1))}</div>`
  return { id: "gallery", heading, body }
}
