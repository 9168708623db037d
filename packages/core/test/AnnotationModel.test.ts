import { assert, describe, it } from "@effect/vitest"
import {
  type AnnotationRow,
  type AttachmentRow,
  type JobRow,
  type MediaRow,
  tables,
  version
} from "../src/AnnotationModel.ts"

type Columns<Row> = { readonly [Name in keyof Row]: null extends Row[Name] ? "nullable" : "required" }

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
  bytes: "required",
  load_id: "required"
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
  source_path: "required",
  frame_index: "nullable",
  media_index: "nullable",
  key_frame: "nullable",
  point_labels: "nullable",
  center_x: "nullable",
  center_y: "nullable",
  center_z: "nullable",
  size_x: "nullable",
  size_y: "nullable",
  size_z: "nullable",
  rotation_x: "nullable",
  rotation_y: "nullable",
  rotation_z: "nullable",
  rotation_w: "nullable"
}

const media: Columns<MediaRow> = {
  batch_id: "required",
  job_id: "required",
  media_index: "required",
  kind: "required",
  frame_id: "nullable",
  frame_index: "nullable",
  sensor_id: "nullable",
  url: "nullable",
  width: "nullable",
  height: "nullable",
  ego_pose: "nullable",
  sensor_pose: "nullable",
  intrinsics: "nullable",
  timestamp: "nullable",
  attachment_index: "nullable"
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
  path: "required",
  sensor_id: "nullable"
}

describe("AnnotationModel", () => {
  it("has the columns of version 2 first, in their order, and only nullable ones after them", () => {
    assert.strictEqual(version, 2)
    const known = { jobs, annotations, media, attachments }
    assert.deepStrictEqual(Object.keys(tables), Object.keys(known))
    for (const [name, expected] of Object.entries(known)) {
      const columns = tables[name as keyof typeof tables].columns
        .map(({ name, nullable }) => [name, nullable ? "nullable" : "required"])
      const first = Object.entries(expected)
      assert.deepStrictEqual(columns.slice(0, first.length), first)
      for (const [name, is] of columns.slice(first.length)) assert.strictEqual(is, "nullable", name)
    }
  })

  it("gives the new columns the types that the model names", () => {
    const typesOf = (name: keyof typeof tables, columns: ReadonlyArray<string>) =>
      new Set(tables[name].columns.filter(({ name }) => columns.includes(name)).map(({ type }) => type))
    const axes = ["x", "y", "z"]
    const numbers = ["center", "size", "rotation"].flatMap((of) => axes.map((axis) => `${of}_${axis}`))
    assert.deepStrictEqual(typesOf("annotations", [...numbers, "rotation_w"]), new Set(["double"]))
    assert.deepStrictEqual(typesOf("annotations", ["key_frame"]), new Set(["boolean"]))
    assert.deepStrictEqual(typesOf("annotations", ["point_labels"]), new Set(["json"]))
    assert.deepStrictEqual(typesOf("annotations", ["frame_index", "media_index"]), new Set(["int32"]))
    assert.deepStrictEqual(typesOf("media", ["ego_pose", "sensor_pose", "intrinsics"]), new Set(["json"]))
    assert.deepStrictEqual(typesOf("jobs", ["load_id"]), new Set(["int64"]))
  })

  it("indexes jobs by the customer's own key", () => {
    assert.deepStrictEqual(Object.values(tables.jobs.indexes), [["reference_id"]])
  })

  it("keys each table by columns that are never null", () => {
    for (const { columns, key } of Object.values(tables)) {
      for (const name of key) assert.isFalse(columns.find((column) => column.name === name)?.nullable)
    }
  })
})
