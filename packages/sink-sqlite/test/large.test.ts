import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { join } from "node:path"
import { inject } from "vitest"
import { isFull, scale } from "../../../scripts/testScale.ts"
import { SqliteSink } from "../src/index.ts"
import { content, read, record, sha256, streamed } from "./support/records.ts"
import { contents, inspected, query, run, temporaryFile } from "./support/targets.ts"

const mebibyte = 1024 * 1024

const child = join(inject("programs of sink-sqlite"), "largeChild.js")

/** Stores and reads back a large job in its own process; answers how far its memory has grown, in MiB. */
const growth = (file: string, mebibytes: number, thousands: number) =>
  Effect.promise(() =>
    new Promise<number>((resolve, reject) => {
      // Little garbage may gather, so that it is not taken for what the sink holds.
      const args = ["--no-warnings", "--max-semi-space-size=1", child, file, String(mebibytes), String(thousands)]
      execFile(process.execPath, args, (error, stdout) => error === null ? resolve(Number(stdout)) : reject(error))
    })
  )

/** A document in chunks of 64 KiB that do not fall on chunks or lines. */
const chunks = (text: string): ReadonlyArray<Uint8Array> => {
  const bytes = Buffer.from(text)
  const size = 65_521
  return Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, index) => bytes.subarray(index * size, (index + 1) * size)
  )
}

const rectangles = (count: number) => ({
  data: {
    annotations: {
      rectangles: Array.from({ length: count }, (_, index) => ({
        _id: `id-${index}`,
        label: `label ${index % 7}`,
        coordinates: [{ x: 0.1, y: 0.2 }, { x: 0.3, y: 0.2 }, { x: 0.3, y: 0.4 }, { x: 0.1, y: 0.4 }],
        attributes: { occluded: { value: index % 2 === 0 ? "yes" : "no" } }
      }))
    }
  }
})

describe("large content", () => {
  const megabytes = scale(5, 30)

  it.live(`of ${megabytes} MB gives the rows of its document, and its bytes in chunks`, () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const count = megabytes * 6300
      const document = streamed(chunks(JSON.stringify(rectangles(count))))
      assert.isAbove(document.size, megabytes * 0.8 * mebibyte)
      yield* run({ file }, [[yield* read("a", document)]])
      const labels = query(file, "SELECT label, count(*) FROM annotations GROUP BY label ORDER BY label")
      const expected = Array.from({ length: 7 }, (_, index) => [`label ${index}`, Math.ceil((count - index) / 7)])
      assert.deepStrictEqual(labels, expected)
      assert.isAbove(query(file, "SELECT chunk FROM documents").length, megabytes / 5)
      const hash = createHash("sha256")
      yield* Stream.runForEach(SqliteSink.readDocument(file, { batchId: "batch-1", jobId: "a" }), (bytes) =>
        Effect.sync(() => hash.update(bytes)))
      assert.strictEqual(hash.digest("hex"), document.sha256)
      assert.deepStrictEqual(
        (yield* inspected(file)).map(({ _tag }) =>
          _tag
        ),
        ["Intact"]
      )
    }), 120_000)

  // The kit's W07 and P03 bound memory with less.
  if (isFull) {
    it.live(
      "of 256 MB twice and 300,000 rows passes through in bounded memory, staged, committed and read back",
      () =>
        Effect.gen(function*() {
          const file = yield* temporaryFile
          assert.isBelow(yield* growth(file, 256, 300), 200)
          assert.deepStrictEqual(query(file, "SELECT count(*) FROM annotations"), [[300_000]])
          assert.deepStrictEqual(query(file, "SELECT count(*), sum(length(bytes)) FROM files"), [[64, 256 * mebibyte]])
          yield* run({ file }, [[record({ job: "a", labels: ["small"] })]])
          assert.deepStrictEqual(contents(file)["annotations"]!.length, 1)
        }),
      300_000
    )
  }

  it.live("lets other work run meanwhile", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const records = Array.from({ length: 500 }, (_, index) =>
        record({ job: `job-${index}`, labels: Array<string>(50).fill("car") }))
      let turns = 0
      const timer = setInterval(() =>
        turns++, 1)
      yield* run({ file }, [records])
      clearInterval(timer)
      assert.isAbove(turns, 10)
    }))

  it.effect("at the limits of chunks and statements is stored completely", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const chunk = 4 * mebibyte
      const sizes = [chunk - 1, chunk, chunk + 1, 2 * chunk]
      const bytes = (size: number) => new Uint8Array(size).fill(7)
      const documents = sizes.flatMap((size) => [content(bytes(size)), streamed([bytes(3), bytes(size - 3)])])
      const counts = [0, 1, 63, 64, 65, 127, 128, 1000]
      const records = documents.map((document, index) =>
        record({ job: `job-${index}`, document, labels: Array<string>(counts[index]!).fill("car") })
      )
      yield* run({ file }, [records])
      assert.deepStrictEqual((yield* inspected(file)).map(({ _tag }) => _tag), Array(8).fill("Intact"))
      assert.deepStrictEqual(query(file, "SELECT annotation_rows FROM jobs ORDER BY job_id").flat(), counts)
      assert.deepStrictEqual(
        query(file, "SELECT max(chunk) + 1 FROM documents GROUP BY job_id ORDER BY job_id").flat(),
        [1, 1, 1, 1, 2, 2, 2, 2]
      )
      assert.strictEqual(sha256(bytes(chunk)), documents[2]!.sha256)
    }))
})
