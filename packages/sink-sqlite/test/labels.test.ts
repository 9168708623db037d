import { assert, describe, it } from "@effect/vitest"
import { Scenario, Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { content, read, record } from "./support/records.ts"
import { inspected, query, run, temporaryFile, using } from "./support/targets.ts"

type Counts = Record<string, number>

const add = (counts: Counts, label: string) => counts[label] = (counts[label] ?? 0) + 1

/** Counts what is drawn as somebody would who has never heard of this software: every object with a label and a shape. */
const drawn = (value: unknown, counts: Counts): Counts => {
  if (typeof value !== "object" || value === null) return counts
  const { label } = value as { label?: unknown }
  const hasShape = "coordinates" in value || "points" in value || "dimensions" in value || "geometry" in value
  if (typeof label === "string" && hasShape) add(counts, label)
  for (const inner of Object.values(value)) drawn(inner, counts)
  return counts
}

interface Segmentation {
  readonly category?: string
  readonly legend?: Readonly<Record<string, string | { readonly text: string }>>
  readonly annotation_data?: {
    readonly annotations: ReadonlyArray<{ readonly label: string }>
    readonly legend?: Readonly<Record<string, string>>
  }
}

/** Counts segments: those that are listed, and entries of the legend where none are. */
const segments = (document: Segmentation & { readonly data?: Segmentation }): Counts => {
  const { annotation_data: data, legend = {} } = document.data ?? document
  const counts: Counts = {}
  const names = data?.annotations.map(({ label }) => label) ??
    Object.values(legend).map((entry) => typeof entry === "string" ? entry : entry.text)
  for (const name of names) add(counts, name.replace(/ # ?\d+$/, ""))
  return counts
}

const counted = (file: string, condition: string) =>
  Object.fromEntries(
    query(file, `SELECT label, count(*) FROM annotations WHERE ${condition} GROUP BY label`)
  ) as unknown as Counts

describe("labels", () => {
  it.live("agree with an independent count for each kind of result", () =>
    Effect.gen(function*() {
      const jobs = Scenario.allKinds.length * 4
      const simulator = yield* Simulator.start({ seed: 11, batches: [{ jobs, kinds: Scenario.allKinds }] })
      const batch = simulator.batches[0]!.id
      const total: Counts = {}
      for (const { id, kind } of simulator.jobs(batch)) {
        const bytes = simulator.expectedDocument(batch, id)
        const document = JSON.parse(Buffer.from(bytes).toString()) as Segmentation
        const file = yield* temporaryFile
        yield* run({ file }, [[yield* read(id, content(bytes))]])
        const isSegmentation = kind.includes("segmentation")
        const isClassification = kind === "image_classification"
        assert.deepStrictEqual(
          counted(file, "type NOT IN ('segment', 'classification', 'unknown')"),
          isSegmentation || isClassification ? {} : drawn(document, {}),
          kind
        )
        const { category } = document
        const whole = category === undefined ? {} : { [category]: 1 }
        assert.deepStrictEqual(
          counted(file, "type = 'classification'"),
          isClassification ? drawn(document, {}) : whole,
          kind
        )
        assert.deepStrictEqual(counted(file, "type = 'segment'"), isSegmentation ? segments(document) : {}, kind)
        for (const [label, count] of Object.entries(counted(file, "1"))) total[label] = (total[label] ?? 0) + count
        assert.deepStrictEqual((yield* inspected(file)).map(({ _tag }) => _tag), ["Intact"])
      }
      assert.isAbove(Object.keys(total).length, 8)
      const all = yield* temporaryFile
      const documents = [...simulator.jobs(batch)].map(({ id }) => [id, simulator.expectedDocument(batch, id)] as const)
      yield* run({ file: all }, [
        yield* Effect.forEach(documents, ([id, bytes]) => read(id, content(bytes)))
      ])
      assert.deepStrictEqual(counted(all, "1"), total)
    }))
})

describe("views", () => {
  it.effect("answer what people ask first", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const rectangles = {
        annotations: { rectangles: ["car", "car", "bus"].map((label) => ({ label, coordinates: corners })) },
        image_url: "https://inputs.example/a.jpg?X-Amz-Signature=secret"
      }
      const text = JSON.stringify({ data: rectangles })
      const sizes = new Map([[0, { width: 1000, height: 500 }]])
      yield* run({ file }, [[
        { ...yield* read("a", content(text)), sizes, load: 1_764_435_905_007_123 },
        { ...yield* read("b", content(text)), load: 1_764_435_905_123_999 },
        { ...record({ job: "empty", text: "{}", labels: [] }), load: 1_764_435_905_123_999 }
      ]])
      assert.deepStrictEqual(query(file, "SELECT * FROM labels ORDER BY class"), [["bus", 2, 2], ["car", 4, 2]])
      const bus = "WHERE label = 'bus' ORDER BY job_id"
      assert.deepStrictEqual(
        query(file, `SELECT reference_id, annotation_index, x_min FROM annotations_with_jobs ${bus}`),
        [["ref-a", 2, 0.1], ["ref-b", 2, 0.1]]
      )
      const box = "x_min_px, y_min_px, x_max_px, y_max_px"
      assert.deepStrictEqual(query(file, `SELECT url, width, height, ${box} FROM annotations_with_media ${bus}`), [
        ["https://inputs.example/a.jpg", 1000, 500, 100, 100, 300, 200],
        ["https://inputs.example/a.jpg", null, null, null, null, null, null]
      ])
      assert.deepStrictEqual(query(file, "SELECT job_id FROM jobs_without_annotations"), [["empty"]])
      assert.deepStrictEqual(query(file, "SELECT * FROM loads ORDER BY load_id"), [
        [1_764_435_905_007_123, "2025-11-29T17:05:05.007Z", 1, text.length],
        [1_764_435_905_123_999, "2025-11-29T17:05:05.123Z", 2, text.length + 2]
      ])
    }))
})

describe("the docs page", () => {
  it.effect("has statements that run, on a file with something for the query to find", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const text = JSON.stringify({ data: { annotations: { rectangles: [{ label: "car", coordinates: corners }] } } })
      yield* run({ file, documents: "plain" }, [[yield* read("a", content(text))]])
      const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "sinks", "sqlite.md"), "utf8")
      const blocks = Array.from(page.matchAll(/```sql\n(.*?)```/gs), ([, sql = ""]) => sql)
      const queries = blocks.join("").split(";").map((sql) => sql.trim()).filter((sql) => sql !== "")
      const found = queries.map((sql) =>
        sql.startsWith("CREATE") ? using(file, (db) => db.exec(sql)) : query(file, sql)
      )
      assert.deepStrictEqual(found.map((rows) => rows?.length), [undefined, 1])
      assert.deepStrictEqual(JSON.parse(String(found[1]?.[0]?.[1])), JSON.parse(text).data.annotations)
    }))
})

const corners = [{ x: 0.1, y: 0.2 }, { x: 0.3, y: 0.2 }, { x: 0.3, y: 0.4 }, { x: 0.1, y: 0.4 }]
