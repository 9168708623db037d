import { assert, describe, it } from "@effect/vitest"
import { SinkPlugin } from "@labelstream/core/sink"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { SinkTemplate } from "../src/index.ts"

const root = join(import.meta.dirname, "..", "..", "..")
const read = (path: string) => readFileSync(join(root, path), "utf8")

interface Manifest {
  readonly references?: ReadonlyArray<{ readonly path: string }>
  readonly name: string
  readonly version: string
  readonly description: string
  readonly keywords?: ReadonlyArray<string>
  readonly bugs?: unknown
  readonly homepage?: unknown
  readonly repository?: unknown
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

const parsed = (text: string | undefined) => JSON.parse(text ?? "") as Manifest

describe.each(["sink", "format"] as const)("the template of a %s", (kind) => {
  it("uses the name everywhere, so that the sink is found by it", () => {
    for (const home of ["alone", "workspace"] as const) {
      const files = SinkTemplate.files("my-blobs", home, kind)
      assert.notMatch(Object.entries(files).flat().join("\n"), /shelf/)
      assert.match(files["src/index.ts"] ?? "", /SinkPlugin\.define\(\{\s*name: "my-blobs"/)
      assert.strictEqual(parsed(files["package.json"]).name, SinkTemplate.packageName("my-blobs", home))
      assert.include(SinkPlugin.candidates("my-blobs"), SinkTemplate.packageName("my-blobs", home))
    }
  })

  it("asks for the versions that this workspace is built with", () => {
    const { dependencies, devDependencies, peerDependencies } = parsed(
      SinkTemplate.files("blobs", "alone", kind)["package.json"]
    )
    const catalog = read("pnpm-workspace.yaml")
    for (const [name, range] of Object.entries({ ...dependencies, ...devDependencies, ...peerDependencies })) {
      const expected = name.startsWith("@labelstream/")
        ? `^${parsed(read(`packages/${name.slice("@labelstream/".length)}/package.json`)).version}`
        : new RegExp(`^  "?${name}"?: (.*)$`, "m").exec(catalog)?.[1]
      assert.strictEqual(range, expected, name)
    }
  })

  it("imports only its own dependencies", () => {
    const files = SinkTemplate.files("blobs", "alone", kind)
    const { dependencies, devDependencies, peerDependencies } = parsed(files["package.json"])
    const asked = { ...dependencies, ...devDependencies, ...peerDependencies }
    const shipped = { ...dependencies, ...peerDependencies }
    for (const [path, text] of Object.entries(files).filter(([path]) => path.endsWith(".ts"))) {
      for (const [, name = ""] of text.matchAll(/from "((?:@[^/"]+\/)?[^/."][^/"]*)/g)) {
        if (!name.startsWith("node:")) assert.property(path.startsWith("src/") ? shipped : asked, name, path)
      }
    }
  })

  it("is set up in the workspace as its neighbors are", () => {
    const files = SinkTemplate.files("blobs", "workspace", kind)
    for (const path of ["tsconfig.json", "test/tsconfig.json"]) {
      const { references = [], ...neighbor } = parsed(read(`packages/sink-sqlite/${path}`))
      const { references: own = [], ...rest } = parsed(files[path])
      assert.deepStrictEqual(rest, neighbor)
      // Only sinks that write files need what these have in common; a format has it from the dataset package.
      const needed = references.map((reference) => reference.path.replace("/storage", "/dataset"))
      assert.deepStrictEqual(
        own.map((reference) => reference.path),
        needed.filter((path) => kind === "format" || !path.endsWith("/dataset"))
      )
    }
    const { description, keywords, name, version: own, ...rest } = parsed(files["package.json"])
    // Where the package is published from is for its author to say, and its version is its own.
    const { bugs, description: _, homepage, keywords: words, name: __, repository, version, ...neighbor } = parsed(
      read("packages/sink-files/package.json")
    )
    assert.deepStrictEqual([own, typeof version], ["0.1.0", "string"])
    assert.isTrue([bugs, homepage, repository, words].every((each) => each !== undefined))
    const { "@labelstream/storage": range = "", ...core } = neighbor.dependencies
    const { "@labelstream/sink-testkit": ___, ...effect } = neighbor.devDependencies
    assert.deepStrictEqual(
      rest,
      kind === "sink"
        ? { ...neighbor, dependencies: core }
        : { ...neighbor, dependencies: { ...core, "@labelstream/dataset": range }, devDependencies: effect }
    )
    assert.deepStrictEqual([name, typeof description, keywords], ["@labelstream/sink-blobs", "string", [
      "labelstream-sink"
    ]])
  })
})
