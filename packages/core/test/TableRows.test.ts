import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { type AttachmentRow, type JobRow, type MediaRow, tables } from "../src/AnnotationModel.ts"
import type { JobRecord } from "../src/JobSink.ts"
import * as ResultDocument from "../src/ResultDocument.ts"
import * as TableRows from "../src/TableRows.ts"
import { content, fixture, whole } from "./document/support.ts"

const summary = {
  id: "j",
  referenceId: null,
  status: "completed",
  frames: 2,
  annotations: 2,
  tag: "old",
  priorityWeight: 1
}
const result = {
  jobId: "j",
  referenceId: "ref",
  batchId: "b",
  status: "completed",
  workFlowId: "w",
  tag: null,
  priorityWeight: 5,
  result: "https://files.test/1.json?signature=x"
}

/** A job with two cameras, of which the files of chosen indexes were fetched. */
const recordOf = Effect.fnUntraced(function*(fetched: ReadonlyArray<number>, sizes: JobRecord["sizes"] = new Map()) {
  const document = content(fixture("point_cloud_2d_3d_linking.json"))
  const parsed = yield* ResultDocument.open(document, { ...whole, inputs: true })
  const made: JobRecord = {
    position: 3,
    load: 1_700_000_000_123_456,
    projectId: "p",
    batchId: "b",
    jobId: "j",
    summary,
    result,
    document,
    parsed,
    attachments: parsed.attachments.filter(({ index }) => fetched.includes(index)).map((ref) => ({
      ref,
      content: { ...content(new Uint8Array(3)), mediaType: "image/png" }
    })),
    sizes,
    revision: { document: document.sha256, attachments: "" }
  }
  return made
})

const mediaOf = (record: JobRecord) => Effect.map(Stream.runCollect(TableRows.mediaRows(record)), (rows) => rows.flat())

const columnsOf = (name: keyof typeof tables) => tables[name].columns.map(({ name }) => name)

describe("TableRows", () => {
  it.effect("gives the rows of each table its columns, in order", () =>
    Effect.gen(function*() {
      const record = yield* recordOf([1])
      const rows: ReadonlyArray<readonly [keyof typeof tables, JobRow | AttachmentRow | MediaRow | undefined]> = [
        ["jobs", TableRows.jobRow(record, 2)],
        ["attachments", TableRows.attachmentRow(record, record.attachments[0]!)],
        ["media", (yield* mediaOf(record))[0]]
      ]
      for (const [name, row] of rows) assert.deepStrictEqual(Object.keys(row ?? {}), columnsOf(name))
      const { rows: annotations } = yield* Stream.runHead(record.parsed.rows(record)).pipe(
        Effect.flatMap(Effect.fromOption)
      )
      assert.deepStrictEqual(Object.keys(annotations[0] ?? {}), columnsOf("annotations"))
    }))

  it.effect("says which run stored a job, and reads the job back without it", () =>
    Effect.gen(function*() {
      const record = yield* recordOf([])
      const row = TableRows.jobRow(record, 2)
      assert.deepInclude(row, {
        load_id: 1_700_000_000_123_456,
        reference_id: "ref",
        result_url: "https://files.test/1.json"
      })
      const again = TableRows.storedJob(row)
      const later = { ...record, ...again, load: 1_700_000_000_999_000 }
      assert.deepStrictEqual(TableRows.jobRow(later, 2), { ...row, load_id: 1_700_000_000_999_000 })
    }))

  it.effect("has the sensor of a file, and its path in a files sink", () =>
    Effect.gen(function*() {
      const record = yield* recordOf([1])
      assert.deepInclude(TableRows.attachmentRow(record, record.attachments[0]!), {
        attachment_index: 1,
        role: "input",
        frame_id: "frame001",
        sensor_id: "cam-1",
        path: "b/j/0001-input-frame001.png"
      })
    }))

  it.effect("names the files of media that were downloaded only", () =>
    Effect.gen(function*() {
      const none = yield* mediaOf(yield* recordOf([]))
      assert.deepStrictEqual(none.map((row) => row.attachment_index), [null, null, null, null])
      const some = yield* mediaOf(yield* recordOf([1, 2]))
      assert.deepStrictEqual(some.map((row) => row.attachment_index), [null, 1, 2, null])
    }))

  it.effect("writes known sizes, and reads them back", () =>
    Effect.gen(function*() {
      const sizes = new Map([[1, { width: 600, height: 400 }], [3, { width: 1, height: 2 }]])
      const media = yield* mediaOf(yield* recordOf([], sizes))
      assert.deepStrictEqual(media.map(({ height, width }) => [width, height]), [
        [null, null],
        [600, 400],
        [null, null],
        [1, 2]
      ])
      assert.deepStrictEqual(TableRows.sizesOf(media), sizes)
    }))
})
