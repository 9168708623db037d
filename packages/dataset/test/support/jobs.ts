/** Jobs to be stored, as an export would bring them. */
import { Content, type JobSink, ResultDocument } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"

const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex")

export const content = (bytes: Uint8Array, mediaType: string | null = null): Content.Content => ({
  size: bytes.length,
  sha256: sha256(bytes),
  mediaType,
  bytes,
  path: undefined,
  stream: Stream.succeed(bytes),
  collect: Effect.succeed(bytes)
})

/** A job to be made. Inputs and masks that the document names are its files, by the last segment of their URL. */
export interface Sketch {
  readonly job: string
  readonly batch?: string
  readonly reference?: string
  readonly document: unknown
  readonly files?: Readonly<Record<string, Uint8Array>>
  /** Of all inputs. */
  readonly size?: readonly [width: number, height: number]
}

export const job = (sketch: Sketch): Effect.Effect<JobSink.JobRecord> =>
  Effect.gen(function*() {
    const {
      batch: batchId = "batch",
      document,
      files = {},
      job: jobId,
      reference: referenceId = `ref-${jobId}`,
      size
    } = sketch
    const held = content(Buffer.from(JSON.stringify(document)), "application/json")
    const parsed = yield* ResultDocument.open(held, { inputs: true })
    const attachments = parsed.attachments.flatMap((ref) => {
      const bytes = files[ref.url.slice(ref.url.lastIndexOf("/") + 1)]
      return bytes === undefined ? [] : [{ ref, content: content(bytes, "image/png") }]
    })
    const media = (yield* Stream.runCollect(parsed.media({ batchId, jobId }))).flat()
    const common = { referenceId, status: "completed", tag: null, priorityWeight: null }
    return {
      position: 0,
      load: 0,
      projectId: "project",
      batchId,
      jobId,
      summary: { id: jobId, frames: 1, annotations: null, ...common },
      result: { jobId, batchId, workFlowId: null, result: `https://files.example/${jobId}.json`, ...common },
      document: held,
      parsed,
      attachments,
      sizes: new Map(
        size === undefined ? [] : media.map(({ media_index }) => [media_index, { width: size[0], height: size[1] }])
      ),
      revision: {
        document: held.sha256,
        attachments: attachments.length === 0 ? "" : sha256(attachments.map(({ content }) => content.sha256).join(""))
      }
    }
  }).pipe(Effect.orDie)

/** An image with a box for each label. */
export const boxes = (name: string, labels: ReadonlyArray<string>) => ({
  data: {
    image_url: `https://images.example/${name}`,
    annotations: {
      rectangles: labels.map((label, index) => {
        const [x, y] = [0.1 * index, 0.2]
        return {
          _id: String(index),
          label,
          attributes: {},
          coordinates: [{ x, y }, { x: x + 0.05, y }, { x: x + 0.05, y: y + 0.5 }, { x, y: y + 0.5 }]
        }
      })
    }
  }
})
