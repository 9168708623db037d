import { assert, describe, it } from "@effect/vitest"
import { type JobSink, ResultDocument } from "@labelstream/core/sink"
import { Scenario, Simulator } from "@labelstream/simulator"
import { SinkConformance } from "@labelstream/sink-testkit"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { inject } from "vitest"
import { scale } from "../../scripts/testScale.ts"
import * as Csv from "../sinks/csv.ts"
import { countJson } from "./support/countJson.ts"
import * as csv from "./support/csvSubject.ts"
import { exported, settings, temporaryFolder } from "./support/program.ts"

const query = (directory: string, sql: string) => Effect.promise(() => csv.query(directory, sql))

/** A job with a rectangle of each label. */
const record = Effect.fnUntraced(function*(jobId: string, labels: ReadonlyArray<string>) {
  const rectangles = labels.map((label) => ({ label, coordinates: [{ x: 0, y: 0 }, { x: 1, y: 0.5 }] }))
  const bytes = new TextEncoder().encode(JSON.stringify({ data: { annotations: { rectangles } } }))
  const document = {
    size: bytes.length,
    sha256: "0".repeat(64),
    mediaType: null,
    path: undefined,
    bytes,
    stream: Stream.make(bytes),
    collect: Effect.succeed(bytes)
  }
  const parsed = yield* ResultDocument.open(document)
  const revision = { document: document.sha256, attachments: "" }
  return { batchId: "b", jobId, document, parsed, attachments: [], revision } as unknown as JobSink.JobRecord
})

const store = (directory: string, ...records: ReadonlyArray<JobSink.JobRecord>) =>
  Effect.scoped(Effect.gen(function*() {
    const opened = yield* Csv.make({ directory }).open
    assert.deepStrictEqual(yield* opened.stage("token", records), [])
    assert.lengthOf(yield* opened.commit("token"), records.length)
  }))

describe("the CSV sink", () => {
  it.live(
    "is loaded by its path, and another reader counts in it what the JSON documents hold",
    () =>
      Effect.gen(function*() {
        const output = yield* temporaryFolder
        const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 60, kinds: Scenario.allKinds }] })
        const { status, stderr, stdout } = yield* exported({
          ...settings(simulator, output),
          LABELSTREAM_TO: `${join(import.meta.dirname, "..", "sinks", "csv.ts")}:${join(output, "csv")}`
        })
        assert.strictEqual(status, 0, stderr)
        assert.match(stdout, /60 exported/)

        const expected = join(output, "expected")
        yield* Effect.promise(() => mkdir(expected))
        for (const [index, { id }] of [...simulator.jobs("b")].entries()) {
          yield* Effect.promise(() => writeFile(join(expected, `${index}.json`), simulator.expectedDocument("b", id)))
        }
        const { labels } = yield* Effect.promise(() => countJson(expected))
        const rows = yield* query(
          join(output, "csv"),
          "SELECT label, count(*)::INT AS n FROM annotations GROUP BY label"
        )
        assert.deepStrictEqual(Object.fromEntries(rows.map(({ label, n }) => [label, n])), labels)
        const files = yield* Effect.promise(() => readdir(join(output, "csv")))
        assert.lengthOf(files.filter((file) => file.endsWith(".csv")), 60)
        assert.lengthOf(files, 60)
      }),
    120_000
  )

  it.live("keeps quotes, commas, line ends, and emoji, and null apart from empty text", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryFolder
      const labels = ["a \"b\"", "\"", "c,d", "e\r\nf", "g\nh", "i\rj", "", "👩‍👩‍👧", "\u2028", "=1+1", " k ", "'"]
      yield* store(directory, yield* record("1", labels))
      const sql = "SELECT label, frame_id, geometry, x_max FROM annotations ORDER BY annotation_index::INT"
      const rows = yield* query(directory, sql)
      assert.deepStrictEqual(rows.map(({ label }) => label), labels)
      assert.deepStrictEqual({ ...rows[0], label: "" }, {
        label: "",
        frame_id: null,
        geometry: "[[0,0],[1,0.5]]",
        x_max: "1"
      })
    }))

  it.live("replaces the file of a changed job, and writes the same bytes for the same job", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryFolder
      const read = Effect.promise(async () => {
        const files = (await readdir(directory)).sort()
        return Promise.all(files.map((file) => readFile(join(directory, file), "utf8")))
      })
      yield* store(directory, yield* record("1", ["car"]), yield* record("2", ["car"]))
      const before = yield* read
      yield* store(directory, yield* record("1", ["bus", "bus"]))
      const rows = yield* query(directory, "SELECT job_id, label FROM annotations ORDER BY ALL")
      assert.deepStrictEqual(rows.map(({ job_id, label }) => [job_id, label]), [["1", "bus"], ["1", "bus"], [
        "2",
        "car"
      ]])
      yield* store(directory, yield* record("1", ["car"]))
      assert.deepStrictEqual(yield* read, before)
    }))

  it.live("keeps the rules of the contract that rows can keep", () =>
    Effect.gen(function*() {
      // The suites of the published sinks check the rules that store much or kill often.
      const heavy = ["W07", "C01", "C03", "C04", "F03", ...scale(["P03"], [])]
      const which = SinkConformance.rules.filter(({ id }) => !heavy.includes(id))
      const nameless = "a job without annotations has a file that does not name it"
      const outcomes = yield* SinkConformance.check({
        make: csv.make,
        readBack: csv.readBack,
        content: "rows",
        location: "files",
        module: { url: join(inject("programs of examples"), "subject.js"), programs: inject("programs of examples") },
        waive: { L03: "has no check of its own", W01: nameless, S03: nameless }
      }, which)
      for (const outcome of outcomes) {
        if (outcome._tag === "Broken") throw outcome.violation
      }
      const kept = outcomes.flatMap(({ _tag, rule }) => _tag === "Kept" ? [rule.id] : [])
      assert.strictEqual(
        kept.join(" "),
        "L01 L02 L04 L05 W02 W03 W04 W05 W06 W08 S01 S02 A03 A04 A05 A06 F01 F02 " +
          `${scale("P01 P02", "P01 P02 P03")} O01 O02 O03`
      )
    }), 300_000)
})
