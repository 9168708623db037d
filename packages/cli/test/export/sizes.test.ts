import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@labelstream/simulator"
import Database from "better-sqlite3"
import * as Effect from "effect/Effect"
import { readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { platform, run, temporaryFolder } from "../support/program.ts"

/** Counts the media rows of each size. */
const sizesIn = (file: string): Readonly<Record<string, number>> => {
  const db = new Database(file, { readonly: true })
  const rows = db.prepare<[], { width: number | null; height: number | null }>("SELECT width, height FROM media").all()
  db.close()
  const counts: Record<string, number> = {}
  for (const { height, width } of rows) counts[`${width}x${height}`] = (counts[`${width}x${height}`] ?? 0) + 1
  return counts
}

const unsizedIn = (stdout: string) => (JSON.parse(stdout) as { readonly unsized: unknown }).unsized

describe("--sizes", () => {
  it.live("lets export, refresh, and convert find the sizes of images, and reports missing ones", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const simulator = yield* Simulator.start({
        batches: [{ id: "b", jobs: 4 }, { id: "masks", jobs: 1, kinds: ["image_segmentation"] }],
        images: { sizes: [[320, 200], [200, 320]], at: "storage" }
      })
      const labelstream = (args: ReadonlyArray<string>) => run(args, { cwd, env: platform(simulator) })
      const database = ["--batch", "b", "--to", "sqlite:l.db"]
      const file = join(cwd, "l.db")

      const first = yield* labelstream(["export", ...database, "--json"])
      assert.strictEqual(first.status, 0, first.stderr)
      assert.deepStrictEqual(sizesIn(file), { nullxnull: 4 })
      assert.deepStrictEqual(unsizedIn(first.stdout), [])

      writeFileSync(join(cwd, "sizes.csv"), "name,width,height\nnone.png,1,2\n")
      const table = yield* labelstream(["refresh", ...database, "--sizes", "sizes.csv", "--json"])
      assert.deepStrictEqual(unsizedIn(table.stdout), [{ reason: "not in the table", count: 4 }])

      const refreshed = yield* labelstream(["refresh", ...database, "--sizes", "fetch"])
      assert.strictEqual(refreshed.status, 0, refreshed.stderr)
      assert.notInclude(refreshed.stdout, "No size")
      assert.deepStrictEqual(sizesIn(file), { "320x200": 2, "200x320": 2 })

      // A mask has the size of its image, whatever the option says.
      const masks = yield* labelstream(["export", "--batch", "masks", "--to", "sqlite:m.db", "--sizes", "7x8"])
      assert.strictEqual(masks.status, 0, masks.stderr)
      assert.notProperty(sizesIn(join(cwd, "m.db")), "7x8")
    }))

  it.live("is the only thing for which a conversion uses the network, without a key", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const convert = (to: string, sizes: ReadonlyArray<string>) =>
        run(["convert", "--from", "files:out", "--to", `sqlite:${to}`, "--ledger", `${to}.ledger`, ...sizes], { cwd })
      yield* Effect.scoped(Effect.gen(function*() {
        const simulator = yield* Simulator.start({
          batches: [{ id: "b", jobs: 3 }],
          images: { sizes: [[320, 200]], at: "storage" }
        })
        const first = yield* run(["export", "--batch", "b", "--to", "files:out"], { cwd, env: platform(simulator) })
        assert.strictEqual(first.status, 0, first.stderr)
        assert.strictEqual((yield* convert("fetched.db", ["--sizes", "fetch"])).status, 0)
      }))
      assert.deepStrictEqual(sizesIn(join(cwd, "fetched.db")), { "320x200": 3 })
      assert.strictEqual((yield* convert("fixed.db", ["--sizes", "640x480"])).status, 0)
      assert.deepStrictEqual(sizesIn(join(cwd, "fixed.db")), { "640x480": 3 })
      const gone = yield* convert("table.db", ["--sizes", "."])
      assert.strictEqual(gone.status, 0, gone.stderr)
      assert.match(gone.stdout, /No size found for 3 images: 3 not in the folder\n/)
    }))

  it.live.each(["nothing.csv", "s3://bucket/sizes.csv", "0x10"])(
    "refuses %s before anything is written",
    (sizes) =>
      Effect.gen(function*() {
        const cwd = yield* temporaryFolder
        const env = { GT_STUDIO_API_KEY: "k", GT_STUDIO_PROJECT_ID: "p", GT_STUDIO_BASE_URL: "http://127.0.0.1:9" }
        const ended = yield* run(["export", "--batch", "b", "--to", "files:out", "--sizes", sizes], { cwd, env })
        assert.strictEqual(ended.status, 1)
        assert.match(ended.stderr, /sizes/)
        assert.notInclude(ended.stderr, "    at ")
        assert.deepStrictEqual(readdirSync(cwd), [])
      })
  )
})
