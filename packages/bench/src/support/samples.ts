/**
 * Jobs for datasets, made from their numbers, as an export would hand them to a sink: images with ten boxes, masks, or labeled
 * clouds.
 */
import type { Content, JobSink } from "@labelstream/core"
import { ResultDocument } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { hash } from "node:crypto"
import { legend, png } from "./maskPicture.ts"

/** Boxes of each image. */
export const boxesPerImage = 10

const batchId = "batch-1"
const labels = ["car", "truck", "pedestrian", "bicycle", "pole", "traffic light"]
const size = { width: 1920, height: 1080 }

let seed = 1
const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647

const box = (index: number) => {
  const [x0, y0] = [random() * 0.8, random() * 0.8]
  const [x1, y1] = [x0 + random() / 5, y0 + random() / 5]
  return {
    _id: `${index}-${(random() * 1e9).toFixed(0)}`,
    label: labels[index % labels.length]!,
    attributes: { occluded: { value: random() > 0.5 ? "yes" : "no" } },
    coordinates: [{ x: x0, y: y0 }, { x: x1, y: y0 }, { x: x1, y: y1 }, { x: x0, y: y1 }]
  }
}

const image = (jobId: string) => ({
  image_url: `https://images.example/${jobId}.jpg`,
  annotations: { rectangles: Array.from({ length: boxesPerImage }, (_, index) => box(index)) }
})

/** Points of a cloud. */
const points = 10_000

/** A legend of classes by the keys that points have, and the cloud's file. */
const cloud = (jobId: string) => ({
  url: `https://files.example/${jobId}.pcd`,
  legend: labels.map((text, key) => ({
    id: `${jobId}-${key}`,
    text,
    value: text,
    color: `rgb(${key}, 0, 0)`,
    label_key: key
  }))
})

const pcd = (): Uint8Array => {
  const lines = Array.from(
    { length: points },
    (_, index) => `${index / 100} ${index % 100} 1.5 ${index % labels.length}`
  )
  const header = "VERSION 0.7\nFIELDS x y z label_key\nSIZE 4 4 4 4\nTYPE F F F U\nCOUNT 1 1 1 1\n" +
    `WIDTH ${points}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS ${points}\nDATA ascii\n`
  return Buffer.from(`${header}${lines.join("\n")}\n`)
}

/** The content of a job. */
export type Kind = "boxes" | "mask" | "cloud"

/** Bytes as the content of a file. */
export const content = (bytes: Uint8Array): Content.Content => ({
  size: bytes.length,
  sha256: hash("sha256", bytes),
  mediaType: "application/json",
  bytes,
  path: undefined,
  stream: Stream.succeed(bytes),
  collect: Effect.succeed(bytes)
})

const makeJob = Effect.fnUntraced(
  function*(number: number, of: Kind, file: Content.Content | undefined): Effect.fn.Return<JobSink.JobRecord, unknown> {
    seed = number + 1
    // Ids of the platform come in no order.
    const jobId = hash("sha1", String(number)).slice(0, 32)
    const made = of === "cloud"
      ? cloud(jobId)
      : { data: of === "boxes" ? image(jobId) : { url: `https://files.example/${jobId}.png`, legend: legend() } }
    const document = content(Buffer.from(JSON.stringify(made)))
    const parsed = yield* ResultDocument.open(document, { inputs: true })
    const common = { referenceId: `ref-${number}`, status: "completed", tag: null, priorityWeight: null }
    return {
      position: number,
      load: 0,
      projectId: "project-1",
      batchId,
      jobId,
      summary: { id: jobId, frames: 1, annotations: boxesPerImage, ...common },
      result: { jobId, batchId, workFlowId: null, result: `https://files.example/${jobId}.json`, ...common },
      document,
      parsed,
      attachments: file === undefined ? [] : parsed.attachments.map((ref) => ({ ref, content: file })),
      sizes: new Map([[0, size]]),
      revision: { document: document.sha256, attachments: "" }
    }
  }
)

/** Makes the jobs from one number up to another: images with boxes, or segmentations, all with the same file. */
export const makeJobs = (
  from: number,
  to: number,
  of: Kind
): Effect.Effect<ReadonlyArray<JobSink.JobRecord>, unknown> => {
  const file = of === "boxes" ? undefined : content(of === "mask" ? png() : pcd())
  return Effect.forEach(
    Array.from({ length: to - from }, (_, index) => from + index),
    (number) => makeJob(number, of, file)
  )
}
