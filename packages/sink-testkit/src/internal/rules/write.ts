/** W: readers get back what was written, whatever it is. */
import * as Effect from "effect/Effect"
import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { must, type Rule, rule } from "../../Rule.ts"
import { inMemory, streamed } from "../contents.ts"
import { everyKind, rectangles } from "../documents.ts"
import { impossibleIds, names, nested, pathIds, similarIds, texts } from "../hostile.ts"
import { job, jobs, plain, recordsOf, type Sketch, type TestJob } from "../jobs.ts"
import { tree, treeDifference } from "../tree.ts"
import { store, type Trial, trial } from "../trial.ts"

/** Stores the jobs in batches of a size that the sink takes, and reads them back. */
const roundTrip = Effect.fnUntraced(function*(at: Trial, of: ReadonlyArray<TestJob>) {
  const size = Math.min(16, at.sink.capabilities.batch.maxRecords)
  const batches = Array.from({ length: Math.ceil(of.length / size) }, (_, n) => of.slice(n * size, (n + 1) * size))
  yield* at.run(batches)
  yield* at.holds(of, "read back")
})

const W01 = rule(
  "W01",
  "returns every kind of result, document and files byte for byte, and the same rows",
  { readBack: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const spool = join(at.around, "spool")
      mkdirSync(spool)
      const holds = {
        memory: inMemory,
        stream: streamed,
        spool: (bytes: Uint8Array, mediaType: string | null) => {
          const path = join(spool, String(readdirSync(spool).length))
          writeFileSync(path, bytes)
          return { ...streamed(bytes, mediaType), path }
        }
      }
      const sketches = Object.entries(holds).flatMap(([batch, hold]) =>
        everyKind.map((sketch): Sketch => ({ ...sketch, batch, hold }))
      )
      yield* roundTrip(at, yield* jobs(sketches))
    })
)

const W02 = rule(
  "W02",
  "takes 0, 1, and maxRecords records and a batch at maxBytes, and stores or refuses a larger batch as a unit",
  { readBack: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const { maxBytes, maxRecords } = at.sink.capabilities.batch
      const most = Math.min(maxRecords, 1024)
      const [one, many, large] = [
        yield* jobs(plain(1)),
        yield* jobs(plain(most, 0, 1)),
        yield* jobs([
          { job: "half", document: { text: "a".repeat(Math.floor(Math.min(maxBytes, 8e6) / 2)) } },
          { job: "rest", document: { text: "b".repeat(Math.floor(Math.min(maxBytes, 8e6) / 2)) } }
        ])
      ]
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* at.open
        const none = yield* store(sink, "none", [])
        yield* must(none.length === 0, "a batch without records gives receipts")
        yield* must((yield* sink.commit("never-staged")).length === 0, "a token that was never staged gives receipts")
        yield* store(sink, "one", one)
        yield* store(sink, "most", many)
        yield* store(sink, "large", large)
        yield* at.holds([...one, ...many, ...large], "after batches within the limits")
        if (most < maxRecords) return yield* sink.finish({ outcome: "completed" })
        const over = yield* jobs(plain(most + 1, 0, most + 1))
        // The engine sends no more than the sink declares. A larger batch is stored or refused as a unit.
        const tooMany = yield* Effect.result(store(sink, "over", over))
        if (tooMany._tag === "Failure") yield* sink.abort("over")
        const expected = tooMany._tag === "Failure" ? [...one, ...many, ...large] : [...one, ...many, ...large, ...over]
        yield* at.holds(expected, "after a batch over the limit")
        yield* sink.finish({ outcome: "completed" })
      }))
    })
)

const W03 = rule(
  "W03",
  "keeps emoji, NUL, U+2028, combining marks, 1 MB of text, 2^53±1, deep nesting, quotes, and SQL",
  {
    readBack: true
  },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const numbers = "[-0, 9007199254740991, 9007199254740993, 1e-7, 0.1, 1e21, 123456789012345678901234567890]"
      const corners = "[{\"x\":-1e308,\"y\":0.1},{\"x\":9007199254740991,\"y\":5e-324}]"
      const sketches: ReadonlyArray<Sketch> = [
        {
          job: "texts",
          document: rectangles(texts.map((text) => ({ label: text, attributes: { [text]: { value: text } } })))
        },
        {
          job: "numbers",
          document: `{"data":{"annotations":{"rectangles":[
        {"label":"n","attributes":{"n":{"value":${numbers}}},"coordinates":${corners}}]}}}`
        },
        {
          job: "long",
          document: rectangles([{ label: "l", attributes: { text: { value: "\u00fc".repeat(512 * 1024) } } }])
        },
        { job: "deep", document: rectangles([{ label: "d", attributes: { deep: { value: nested(400) } } }]) },
        ...texts.map((text, index): Sketch => ({
          job: `text-${index}`,
          document: rectangles([{ label: text, more: { _id: text } }]),
          files: [text]
        }))
      ]
      yield* roundTrip(at, yield* jobs(sketches))
    })
)

const W04 = rule(
  "W04",
  "keeps labels and attributes that are keywords, hold dots, differ in case or Unicode form, or have 255+ characters",
  {
    readBack: true
  },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const value = (name: string) => ({ value: name.length })
      // Not by `Object.fromEntries`, which would make `__proto__` an ordinary key here and lose it in `JSON.stringify`.
      const all = `{${names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(value(name))}`).join(",")}}`
      const together = JSON.stringify(rectangles([{ label: "all", attributes: "ALL" }])).replace("\"ALL\"", () => all)
      const sketches: ReadonlyArray<Sketch> = [
        { job: "together", document: together },
        { job: "labels", document: rectangles(names.map((label) => ({ label }))) },
        ...names.map((name, index): Sketch => ({
          job: `name-${index}`,
          document: rectangles([{ label: name, attributes: { [name]: value(name) } }])
        }))
      ]
      yield* roundTrip(at, yield* jobs(sketches))
    })
)

/** Stores jobs of which some may be rejected. Returns the others. */
const storeSome = Effect.fnUntraced(
  function*(at: Trial, of: ReadonlyArray<TestJob>, mayReject: (id: string) => boolean) {
    const size = Math.min(8, at.sink.capabilities.batch.maxRecords)
    const stored: Array<TestJob> = []
    yield* Effect.scoped(Effect.gen(function*() {
      const sink = yield* at.open
      for (let from = 0; from < of.length; from += size) {
        const batch = of.slice(from, from + size)
        const rejected = yield* sink.stage(`t-${from}`, recordsOf(batch))
        for (const { batchId, error, jobId } of rejected) {
          yield* must(
            mayReject(jobId) || mayReject(batchId),
            () => `id ${JSON.stringify(jobId.slice(0, 40))} is rejected: ${error.message}`
          )
        }
        yield* sink.commit(`t-${from}`)
        stored.push(
          ...batch.filter(({ record }) =>
            !rejected.some(({ batchId, jobId }) => jobId === record.jobId && batchId === record.batchId)
          )
        )
      }
      yield* sink.finish({ outcome: "completed" })
    }))
    return stored
  }
)

const W05 = rule(
  "W05",
  "writes nothing outside its target, whatever the ids are, and nothing through a symbolic link",
  { readBack: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const sketches = pathIds.flatMap((id): ReadonlyArray<Sketch> => [
        { job: id, document: { of: id }, files: [`file of ${id}`] },
        { job: "job", batch: id, document: { in: id }, files: [`file in ${id}`] }
      ])
      const all = yield* jobs(sketches)
      yield* storeSome(at, all, () => false)
      const outside = readdirSync(at.around).filter((name) => name !== basename(at.target))
      yield* must(outside.length === 0, () => `${outside[0]} has appeared next to the target`)
      yield* must(!existsSync("/tmp/labelstream-absolute"), "an absolute id was taken for a path")
      yield* at.holds(all, "read back")
      if (subject.location === "files") yield* throughLinks(yield* trial(subject))
    })
)

/** Every folder in the target is made a link that leads outside: nothing may be written through it. */
const throughLinks = Effect.fnUntraced(function*(at: Trial) {
  const of = (revision: number) => jobs(plain(4, revision))
  yield* at.run([yield* of(0)])
  const outside = join(at.around, "outside")
  mkdirSync(outside)
  for (const entry of readdirSync(at.target, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    renameSync(join(at.target, entry.name), join(outside, entry.name))
    symlinkSync(join(outside, entry.name), join(at.target, entry.name))
  }
  const before = tree(outside)
  // It may refuse as it likes.
  yield* Effect.exit(Effect.scoped(Effect.gen(function*() {
    const sink = yield* at.open
    yield* sink.stage("linked", recordsOf(yield* of(1)))
    yield* sink.commit("linked")
  })))
  const changed = treeDifference(before, tree(outside))
  yield* must(changed === undefined, () => `written through a symbolic link to ${dirname(outside)}: ${changed}`)
})

const W06 = rule("W06", "never maps two ids to one place; it may reject an id that its format cannot hold", {
  readBack: true
}, (subject) =>
  Effect.gen(function*() {
    const at = yield* trial(subject)
    const ids = [...similarIds, ...impossibleIds]
    const sketches = ids.flatMap((id, index): ReadonlyArray<Sketch> => [
      { job: id, document: { of: index }, files: [`file ${index}`] },
      { job: "job", batch: id, document: { in: index } }
    ])
    const all = yield* jobs([
      ...sketches,
      // Pairs that give the same text when they are joined.
      { batch: "x", job: "y/z", document: 1 },
      { batch: "x/y", job: "z", document: 2 },
      { batch: "x-y", job: "z", document: 3 },
      { batch: "x", job: "y-z", document: 4 }
    ])
    const stored = yield* storeSome(at, all, (id) => impossibleIds.includes(id))
    yield* at.holds(stored, "read back")
    const again = yield* job({ job: ids[0]!, document: { again: true }, files: ["again"] })
    yield* at.run([[again]], "again")
    if (at.sink.capabilities.keying !== "upsert") return
    const others = stored.filter(({ record }) => record.jobId !== ids[0] || record.batchId !== again.record.batchId)
    yield* at.holds([...others, again], "after one of them was replaced")
  }))

/** By itself, since a common kind of column cannot hold it: what waives it must not waive W03. */
export const W08 = rule(
  "W08",
  "keeps -0 apart from 0 in columns of numbers",
  { readBack: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const sketches = ["-0.0", "0"].map((x, index): Sketch => {
        const rectangle = `{"label":"zero","attributes":{},"coordinates":[{"x":${x},"y":0},{"x":1,"y":1}]}`
        return { job: `zero-${index}`, document: `{"data":{"annotations":{"rectangles":[${rectangle}]}}}` }
      })
      yield* roundTrip(at, yield* jobs(sketches))
    })
)

export const write: ReadonlyArray<Rule> = [W01, W02, W03, W04, W05, W06]
