import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { CreateSink, SinkTemplate } from "../src/index.ts"
import { contents, folder, write } from "./support/folders.ts"
import { node } from "./support/program.ts"

const bin = join(import.meta.dirname, "..", "src", "bin.ts")

const createSink = (cwd: string, ...args: ReadonlyArray<string>) => node(cwd, [bin, ...args])

const workspace = Effect.tap(folder, (at) =>
  write(at, {
    "pnpm-workspace.yaml": "packages: [packages/*]\n",
    "packages/core/package.json": `{ "name": "@labelstream/core" }`
  }))

describe("create-sink", () => {
  it.live("refuses a bad name, says why, ends with status 1, and writes nothing", () =>
    Effect.gen(function*() {
      const at = yield* folder
      for (
        const [name, why] of [
          ["", "no name for a sink"],
          ["Blobs", "no name for a sink"],
          ["my blobs", "no name for a sink"],
          ["../blobs", "no name for a sink"],
          ["blobs/", "no name for a sink"],
          ["1st", "no name for a sink"],
          ["a--b", "no name for a sink"],
          ["a".repeat(51), "no name for a sink"],
          ["sink-blobs", `Leave "sink-" out`],
          ["labelstream-sink-blobs", `Leave "labelstream-sink-" out`],
          ["@labelstream/sink-blobs", `Leave "@labelstream/sink-" out`]
        ] as const
      ) {
        assert.throws(() => CreateSink.create(name, at), CreateSink.CreateSinkError, why)
      }
      const { status, stderr, stdout } = yield* createSink(at, "Blobs")
      assert.strictEqual(status, 1)
      assert.match(stderr, /^"Blobs" is no name for a sink: .*\n$/)
      assert.strictEqual(stdout, "")
      for (const args of [[], ["two", "names"], ["--force"], ["--format"]]) {
        assert.strictEqual((yield* createSink(at, ...args)).status, 1)
      }
      assert.deepStrictEqual(yield* contents(at), [])
    }))

  it.live("touches no existing folder, file, or dangling link", () =>
    Effect.gen(function*() {
      const at = yield* folder
      mkdirSync(join(at, "labelstream-sink-full"))
      writeFileSync(join(at, "labelstream-sink-file"), "mine")
      symlinkSync("/nowhere", join(at, "labelstream-sink-link"))
      for (const name of ["full", "file", "link"]) {
        assert.throws(() => CreateSink.create(name, at), /is there already/)
      }
      assert.deepStrictEqual(yield* contents(at), ["labelstream-sink-file"])
      const { status, stderr } = yield* createSink(at, "full")
      assert.strictEqual(status, 1)
      assert.include(stderr, "is there already: choose another name, or move it away")
    }))

  it.live("says what keeps it from writing", () =>
    Effect.gen(function*() {
      const gone = join(yield* folder, "gone")
      assert.throws(() => CreateSink.create("blobs", gone), CreateSink.CreateSinkError, "could not be written: ENOENT")
    }))

  it.live("lays out its own package anywhere else, and says how to continue", () =>
    Effect.gen(function*() {
      const at = yield* folder
      const { status, stderr, stdout } = yield* createSink(at, "blobs")
      assert.strictEqual(`${status}${stderr}`, "0")
      assert.include(stdout, "cd labelstream-sink-blobs\n  npm install\n  npm test")
      const files = Object.keys(SinkTemplate.files("blobs", "alone", "sink")).sort()
      assert.deepStrictEqual(yield* contents(at), files.map((file) => `labelstream-sink-blobs/${file}`))
    }))

  it.live("lays out a dataset format when that is asked for, in any order", () =>
    Effect.gen(function*() {
      const at = yield* folder
      for (const [name, ...args] of [["blobs", "--format", "blobs"], ["rows", "rows", "--format"]] as const) {
        const { status, stdout } = yield* createSink(at, ...args)
        assert.strictEqual(status, 0)
        assert.include(stdout, "To test it with the format kit:")
        const files = Object.keys(SinkTemplate.files(name, "alone", "format")).sort()
        assert.deepStrictEqual(yield* contents(join(at, `labelstream-sink-${name}`)), files)
      }
    }))

  it.live("lays out a package of the workspace from anywhere in it, and touches nothing else", () =>
    Effect.gen(function*() {
      const at = yield* workspace
      const { status, stdout } = yield* createSink(join(at, "packages", "core"), "blobs")
      assert.strictEqual(status, 0)
      assert.include(stdout, "npm run vitest -- sink-blobs/test")
      const files = Object.keys(SinkTemplate.files("blobs", "workspace", "sink"))
      assert.deepStrictEqual(
        yield* contents(at),
        [
          "packages/core/package.json",
          ...files.map((file) => `packages/sink-blobs/${file}`),
          "pnpm-workspace.yaml"
        ].sort()
      )
    }))

  it.live("takes another workspace for a folder like any other", () =>
    Effect.gen(function*() {
      const at = yield* folder
      yield* write(at, { "pnpm-workspace.yaml": "", "packages/core/package.json": `{ "name": "theirs" }` })
      assert.strictEqual(CreateSink.create("blobs", at).directory, join(at, "labelstream-sink-blobs"))
    }))
})
