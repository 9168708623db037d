import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
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

/** What a program in a folder with these files learns about each name. */
const loadedByNode = Effect.fnUntraced(function*(files: Record<string, string>, names: ReadonlyArray<string>) {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "labelstream-plugins-"))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true }))
  )
  const program = "export const load = (name) => import(name)"
  for (
    const [path, text] of Object.entries({ "package.json": `{ "type": "module" }`, "program.js": program, ...files })
  ) {
    yield* Effect.promise(() => mkdir(dirname(join(folder, path)), { recursive: true }))
    yield* Effect.promise(() => writeFile(join(folder, path), text))
  }
  // By Node.js itself: what vitest loads has vitest's imports.
  const { load } = createRequire(import.meta.url)(join(folder, "program.js")) as { readonly load: SinkPlugin.Import }
  return yield* Effect.forEach(names, (name) => Effect.flip(SinkPlugin.find(name, load)))
})

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

  it.effect("says what to install if there is no package", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(SinkPlugin.load("lost", {}, packages({}).load))
      assert.strictEqual(error.reason, "missing")
      assert.include(error.message, "@labelstream/sink-lost, labelstream-sink-lost, lost")
    }))

  it.effect("distinguishes a missing package from one whose own import is missing", () =>
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

  it.effect("refuses a module without a sink, and a sink for another contract", () =>
    Effect.gen(function*() {
      for (const thing of [undefined, null, 1, {}, { ...definition, make: 1 }, { ...definition, options: {} }]) {
        const error = yield* Effect.flip(SinkPlugin.load("a/b", good, packages({ "a/b": thing }).load))
        assert.strictEqual(error.reason, "notASink")
      }
      for (const contract of [1, 3]) {
        const old = { ...definition, contract }
        const error = yield* Effect.flip(SinkPlugin.load("a/b", good, packages({ "a/b": old }).load))
        assert.strictEqual(error.reason, "contract")
        assert.include(error.message, `version ${contract}`)
      }
    }))

  it.effect("lists all problems of the options at once, without their values", () =>
    Effect.gen(function*() {
      const { load } = packages({ "a/b": definition })
      const wrong = { size: 0, token: "canary-5f1d", urll: "canary-77ac" }
      const error = yield* Effect.flip(SinkPlugin.load("a/b", wrong, load))
      assert.strictEqual(error.reason, "options")
      assert.lengthOf(error.problems, 3)
      for (const name of ["url", "size", "urll"]) assert.include(error.message, `\n- ${name}: `)
      assert.notInclude(error.message, "canary")
      assert.notInclude(JSON.stringify(error), "canary")
    }))

  it.effect("reports a sink that throws when it is made", () =>
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

  it.effect("says what is wrong with each module that Node.js cannot load", () =>
    Effect.gen(function*() {
      const said = yield* loadedByNode({
        "node_modules/throws/package.json": `{ "type": "module", "exports": "./index.js" }`,
        "node_modules/throws/index.js": `throw new Error("no licence")`,
        "node_modules/throws-text/package.json": `{ "type": "module", "exports": "./index.js" }`,
        "node_modules/throws-text/index.js": `throw "no licence"`,
        "node_modules/unbuilt/package.json": `{ "type": "module", "exports": "./dist/index.js" }`,
        "node_modules/typescript-only/package.json": `{ "type": "module", "exports": "./index.ts" }`,
        "node_modules/typescript-only/index.ts": `export default 1`,
        "node_modules/@labelstream/sink-needy/package.json": `{ "type": "module", "exports": "./index.js" }`,
        "node_modules/@labelstream/sink-needy/index.js": `import "not-installed"`,
        "needy.js": `import "./lib/needy.js"`
      }, [
        "throws",
        "throws-text",
        "unbuilt",
        "typescript-only",
        "needy",
        "lost",
        "@lost/sink",
        "./needy.js",
        "./lost.js"
      ])
      assert.deepStrictEqual(said.map(({ reason }) => reason), [
        "broken",
        "broken",
        "broken",
        "broken",
        "broken",
        "missing",
        "missing",
        "broken",
        "missing"
      ])
      const expected = [
        "no licence",
        "no licence",
        "dist/index.js",
        "Stripping types",
        "not-installed",
        "install one of @labelstream/sink-lost, labelstream-sink-lost, lost",
        "install it",
        "lib/needy.js",
        "correct the path"
      ]
      said.forEach(({ message }, index) => assert.include(message, expected[index]!))
    }))

  it.effect("imports real modules by default", () =>
    Effect.gen(function*() {
      const missing = yield* Effect.flip(SinkPlugin.find("no-such-sink-anywhere"))
      assert.strictEqual(missing.reason, "missing")
      const notASink = yield* Effect.flip(SinkPlugin.find("node:path"))
      assert.strictEqual(notASink.reason, "notASink")
    }))
})

describe("the options of a sink", () => {
  it("are listed with descriptions, and TARGET goes to the only required one or to the named one", () => {
    const of = (more: { readonly target?: "url" } = {}) =>
      SinkPlugin.define({
        name: "mine",
        version: "1.0.0",
        options: Schema.Struct({
          url: Schema.String.annotate({ description: "Where it is." }),
          size: Schema.optionalKey(Schema.Int)
        }),
        make: () => MemorySink.make({ id: "mine" }),
        ...more
      })
    const options = SinkPlugin.optionsOf(of()).map(({ schema, ...option }) => [option, schema._tag] as const)
    const plain = { isPath: false, isSecret: false }
    assert.deepStrictEqual(options, [
      [{ name: "url", isRequired: true, description: "Where it is.", ...plain }, "String"],
      [{ name: "size", isRequired: false, description: "", ...plain }, "Number"]
    ])
    assert.strictEqual(SinkPlugin.targetOf(of()), "url")
    assert.strictEqual(SinkPlugin.targetOf(definition), undefined)
    assert.strictEqual(SinkPlugin.targetOf({ ...definition, target: "url" }), "url")
  })

  it.effect("refuses a sink that says how many may write and has something else for it", () =>
    Effect.gen(function*() {
      const memory = MemorySink.make({ id: "mine" })
      const branches = {
        open: () => memory.open,
        merge: Effect.succeed({ merged: 0, stillOpen: [] }),
        list: Effect.succeed([]),
        takeOver: () => Effect.void
      }
      const many = { ...memory, capabilities: { ...memory.capabilities, writers: "many" as const } }
      const load = (sink: typeof memory) =>
        SinkPlugin.load("a/b", {}, () =>
          Promise.resolve({
            default: SinkPlugin.define({ name: "mine", version: "1", options: Schema.Struct({}), make: () => sink })
          }))
      const [bare, mute] = [yield* Effect.flip(load(many)), yield* Effect.flip(load({ ...memory, branches }))]
      assert.deepStrictEqual([bare.reason, mute.reason], ["broken", "broken"])
      assert.include(bare.message, "declares `writers: \"many\"` and has no `branches`")
      assert.include(mute.message, "has `branches`")
      assert.isDefined((yield* load({ ...many, branches })).branches)
    }))
})
