import type { AnnotationModel } from "@labelstream/core"
import { Album } from "../draw/album.ts"
import { boxes, points } from "../draw/birdsEye.ts"
import { Colors } from "../draw/colors.ts"
import { figure, type Frame, frameName, framesOf, inOrder, oneImage, sequence } from "../draw/frames.ts"
import { type Box, boxOf } from "../draw/geometry.ts"
import { colorKey, segmentKey } from "../draw/keys.ts"
import * as Pcd from "../draw/pcd.ts"
import { above, type Below, Budget, fit, single, small } from "../draw/plane.ts"
import * as format from "../format.ts"
import type { Sketch, SketchFile, SketchInput, Summary } from "../gather/summaryModel.ts"
import { type Html, html, shorten } from "../html.ts"
import type { Section } from "../section.ts"
import { foreign, typeName } from "./parts.ts"

type Rows = ReadonlyArray<AnnotationModel.AnnotationRow>

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
        : `The label of each point is in ${format.counted(unseen, "file")}; points are not drawn without their cloud.`
    ])
  ]
}

/** Draws jobs one after the other, as long as there is room for their images. */
class Artist {
  readonly album = new Album()
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
    const maskFiles = files.filter(({ role }) => role === "mask")
    const masks = maskFiles.map((file) => this.mask(file, sketch, maskFiles.length > 1))
    const belowOf = ({ media }: Frame): Below =>
      this.below(sketch.inputs.find(({ mediaIndex }) => mediaIndex === media))
    const large = [
      ...(found.length === 0 ? [] : [boxFigure(found, colors, frames.length === 0 ? budget : budget.part(2))]),
      ...clouds,
      ...(isSequence
        ? []
        : frames.map((frame) => oneImage(frame, belowOf, colors, found.length === 0 ? budget : budget.part(2)))),
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
      isSequence ? sequence(frames, belowOf, colors, found.length === 0 ? budget : budget.part(2)) : null
    }${strip}
${colorKey(colors)}${clouds.length > 0 ? null : segmentKey(rows)}
${rest(sketch, budget.skipped).map((text) => html`<p class="soft small">${text}</p>`)}
</article>
`
  }

  /** A row of each label, the most frequent ones first: these keep their colors in all jobs. */
  private byRank(rows: Rows): Rows {
    const rank = ({ label }: AnnotationModel.AnnotationRow) => this.rankOf.get(label) ?? Infinity
    const drawable = rows.filter(({ type }) => !["segment", "classification", "unknown"].includes(type))
    return Array.from(new Map(drawable.map((row) => [row.label, row])).values())
      .sort((a, b) => rank(a) === rank(b) ? 0 : rank(a) - rank(b))
  }

  private below(input: SketchInput | undefined): Below {
    return input === undefined ? { size: null } : { size: input.size, picture: this.album.input(input) }
  }

  /** A mask, above its image if that is stored. */
  private mask(file: SketchFile, { inputs, rows }: Sketch, isOneOfMany: boolean): Html {
    const { frameId, sensorId, size } = file
    const name = frameId === null ? html`Mask` : html`Mask of ${frameName(frameId)}`
    const mask = this.album.mask(file)
    if (mask === undefined) {
      return html`<p class="soft small">${name}: ${format.bytes(size)}, not shown here.</p>`
    }
    const classes = Array.from(new Set(rows.map(({ label }) => shorten(label, 40)).filter((text) => text !== "")))
    const of = classes.length === 0 ? "" : `, of ${classes.slice(0, 12).join(", ")}`
    const alt = `Segmentation mask, ${mask.width} by ${mask.height} pixels${of}`
    const { height, width } = fit(mask, isOneOfMany ? small : single)
    const shown =
      html`<img class="mask" decoding="async" width="${width}" height="${height}" src="${mask.url}" alt="${alt}">`
    const images = inputs.filter((input) =>
      input.frameId === frameId && (sensorId === null || input.sensorId === null || input.sensorId === sensorId)
    )
    const { picture } = this.below(images.length === 1 ? images[0] : undefined)
    return figure(
      picture === undefined ? shown : above(picture, shown),
      html`${name}, ${mask.width} \u00d7 ${mask.height}`
    )
  }
}

/** The drawings of one job, as a gallery has them. */
export const drawingsOf = (sketch: Sketch): Html => new Artist(new Map()).article(sketch, 1)

/** What the drawings are on. */
const background = (sketches: ReadonlyArray<Sketch>, notShown: number): ReadonlyArray<string> => {
  const inputs = sketches.flatMap(({ inputs }) => inputs)
  return [
    inputs.some(({ isStored }) => isStored)
      ? "Annotations are drawn on the images that are stored with them."
      : "The annotations alone are drawn. To see images below them, export with --attachments all.",
    ...(inputs.every(({ size }) => size !== null)
      ? []
      : ["An image of unknown size is drawn four to three."]),
    ...(notShown === 0 ? [] : [
      `${
        format.counted(notShown, "stored image is", "stored images are")
      } not shown: too large, or no PNG, JPEG, or WebP.`
    ])
  ]
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
  const articles = results.gallery.map((sketch, at) => artist.article(sketch, at + 1))
  const said = [`${chosen}.`, ...background(results.gallery, artist.album.notShown)].join(" ")
  const body = html`<p>${said}</p>
<div class="gallery">
${articles}</div>`
  return { id: "gallery", heading, body }
}
