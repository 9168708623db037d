import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import * as MemorySink from "../src/MemorySink.ts"
import * as SinkPlugin from "../src/SinkPlugin.ts"

const Options = Schema.Struct({
  url: Schema.String,
  size: Schema.Int.check(Schema.isGreaterThan(0)),
  token: Schema.RedactedFromValue(Schema.String)
})

const made: Array<typeof Options.Type> = []
const definition = SinkPlugin.define({
  name: "mine",
  version: "1.2.3",
  options: Options,
  make: (options) => {
    made.push(options)
    return MemorySink.make({ id: `mine:${options.url}` })
  }
})

/** Packages by name; every other is missing, in Node's words. */
const packages = (of: Record<string, unknown>) => {
  const asked: Array<string> = []
  const load: SinkPlugin.Import = (name) => {
    asked.push(name)
    if (name in of) return of[name] instanceof Error ? Promise.reject(of[name]) : Promise.resolve({ default: of[name] })
    return Promise.reject(
      Object.assign(new Error(`Cannot find package '${name}' imported from /app.js`), { code: "ERR_MODULE_NOT_FOUND" })
    )
  }
  return { asked, load }
}

const good = { url: "u", size: 1, token: "canary-5f1d" }

describe("SinkPlugin", () => {
  it.effect("finds a package by its short name and makes the sink from decoded options", () =>
    Effect.gen(function*() {
      const { asked, load } = packages({ "labelstream-sink-mine": definition })
      const sink = yield* SinkPlugin.load("mine", good, load)
      assert.strictEqual(sink.id, "mine:u")
      assert.deepStrictEqual(asked, ["@labelstream/sink-mine", "labelstream-sink-mine"])
      assert.strictEqual(Redacted.value(made.at(-1)!.token), "canary-5f1d")
      assert.notInclude(JSON.stringify(made.at(-1)), "canary")
    }))

  it.effect("takes a scoped name, a path or a URL as it is", () =>
    Effect.gen(function*() {
      for (const name of ["@scope/their-sink", "./mine.ts", "file:///mine.js"]) {
        const { asked, load } = packages({ [name]: definition })
        yield* SinkPlugin.load(name, good, load)
        assert.deepStrictEqual(asked, [name])
      }
    }))

  it.effect("says what to install when there is none", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(SinkPlugin.load("lost", {}, packages({}).load))
      assert.strictEqual(error.reason, "missing")
      assert.include(error.message, "@labelstream/sink-lost, labelstream-sink-lost, lost")
    }))

  it.effect("tells a missing package from one whose own import is missing", () =>
    Effect.gen(function*() {
      const inner = Object.assign(new Error("Cannot find package 'better-sqlite3' imported from /x"), {
        code: "ERR_MODULE_NOT_FOUND"
      })
      const error = yield* Effect.flip(
        SinkPlugin.load("mine", good, packages({ "@labelstream/sink-mine": inner }).load)
      )
      assert.strictEqual(error.reason, "broken")
      assert.strictEqual((error.cause as Error).message, inner.message)
    }))

  it.effect("refuses what is not a sink, and what was written for another contract", () =>
    Effect.gen(function*() {
      for (const thing of [undefined, null, 1, {}, { ...definition, make: 1 }, { ...definition, options: {} }]) {
        const error = yield* Effect.flip(SinkPlugin.load("a/b", good, packages({ "a/b": thing }).load))
        assert.strictEqual(error.reason, "notASink")
      }
      for (const contract of [0, 2]) {
        const old = { ...definition, contract }
        const error = yield* Effect.flip(SinkPlugin.load("a/b", good, packages({ "a/b": old }).load))
        assert.strictEqual(error.reason, "contract")
        assert.include(error.message, `version ${contract}`)
      }
    }))

  it.effect("tells all problems of the options at once, and none of their values", () =>
    Effect.gen(function*() {
      const { load } = packages({ "a/b": definition })
      const wrong = { size: 0, token: "canary-5f1d", urll: "canary-77ac" }
      const error = yield* Effect.flip(SinkPlugin.load("a/b", wrong, load))
      assert.strictEqual(error.reason, "options")
      assert.lengthOf(error.problems, 3)
      for (const name of ["url", "size", "urll"]) assert.include(error.message, `["${name}"]`)
      assert.notInclude(error.message, "canary")
      assert.notInclude(JSON.stringify(error), "canary")
    }))

  it.effect("tells of a sink that throws when it is made", () =>
    Effect.gen(function*() {
      const broken = {
        ...definition,
        make: () => {
          throw new Error("no")
        }
      }
      const error = yield* Effect.flip(SinkPlugin.load("a/b", good, packages({ "a/b": broken }).load))
      assert.strictEqual(error.reason, "broken")
    }))

  it.effect("imports modules for real when it is not told how", () =>
    Effect.gen(function*() {
      const missing = yield* Effect.flip(SinkPlugin.find("no-such-sink-anywhere"))
      assert.strictEqual(missing.reason, "missing")
      const notASink = yield* Effect.flip(SinkPlugin.find("node:path"))
      assert.strictEqual(notASink.reason, "notASink")
    }))
})
