import { assert, describe, it } from "@effect/vitest"
import { type AnnotationRow, type AttachmentRow, type JobRow, tables } from "../src/AnnotationModel.ts"

type Columns<Row> = { readonly [Name in keyof Row]?: null extends Row[Name] ? "nullable" : "required" }

const jobs: Columns<JobRow> = {
  project_id: "required",
  batch_id: "required",
  job_id: "required",
  reference_id: "required",
  status: "required",
  result_type: "required",
  frames: "nullable",
  annotations: "nullable",
  annotation_rows: "required",
  tag: "nullable",
  work_flow_id: "nullable",
  priority_weight: "nullable",
  result_url: "required",
  revision: "required",
  bytes: "required"
}

const annotations: Columns<AnnotationRow> = {
  batch_id: "required",
  job_id: "required",
  annotation_index: "required",
  annotation_id: "nullable",
  track_id: "nullable",
  frame_id: "nullable",
  sensor_id: "nullable",
  type: "required",
  label: "required",
  instance: "nullable",
  x_min: "nullable",
  y_min: "nullable",
  x_max: "nullable",
  y_max: "nullable",
  geometry: "required",
  attributes: "required",
  color: "nullable",
  label_key: "nullable",
  source_path: "required"
}

const attachments: Columns<AttachmentRow> = {
  batch_id: "required",
  job_id: "required",
  attachment_index: "required",
  role: "required",
  frame_id: "nullable",
  url: "required",
  revision: "required",
  bytes: "required",
  media_type: "required",
  path: "nullable"
}

describe("AnnotationModel", () => {
  it("has the columns of version 1 first, in their order, and only nullable ones after them", () => {
    for (const [name, expected] of Object.entries({ jobs, annotations, attachments })) {
      const columns = tables[name as keyof typeof tables].columns
        .map(({ name, nullable }) => [name, nullable ? "nullable" : "required"])
      const first = Object.entries(expected)
      assert.deepStrictEqual(columns.slice(0, first.length), first)
      for (const [name, is] of columns.slice(first.length)) assert.strictEqual(is, "nullable", name)
    }
  })

  it("keys each table by columns that are never null", () => {
    for (const { columns, key } of Object.values(tables)) {
      for (const name of key) assert.isFalse(columns.find((column) => column.name === name)?.nullable)
    }
  })
})
