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
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

const parsed = (text: string | undefined) => JSON.parse(text ?? "") as Manifest

describe("the template", () => {
  it("names the sink after its name everywhere, so that it is found by it", () => {
    for (const home of ["alone", "workspace"] as const) {
      const files = SinkTemplate.files("my-blobs", home)
      assert.notMatch(Object.entries(files).flat().join("\n"), /shelf/)
      assert.include(files["src/index.ts"], `SinkPlugin.define({ name: "my-blobs"`)
      assert.strictEqual(parsed(files["package.json"]).name, SinkTemplate.packageName("my-blobs", home))
      assert.include(SinkPlugin.candidates("my-blobs"), SinkTemplate.packageName("my-blobs", home))
    }
  })

  it("asks for the versions that this workspace is built with", () => {
    const { devDependencies, peerDependencies } = parsed(SinkTemplate.files("blobs", "alone")["package.json"])
    const catalog = read("pnpm-workspace.yaml")
    for (const [name, range] of Object.entries({ ...devDependencies, ...peerDependencies })) {
      const expected = name.startsWith("@labelstream/")
        ? `^${parsed(read(`packages/${name.slice("@labelstream/".length)}/package.json`)).version}`
        : new RegExp(`^  "?${name}"?: (.*)$`, "m").exec(catalog)?.[1]
      assert.strictEqual(range, expected, name)
    }
  })

  it("is set up in the workspace as its neighbours are", () => {
    const files = SinkTemplate.files("blobs", "workspace")
    for (const path of ["tsconfig.json", "test/tsconfig.json"]) {
      const { references = [], ...neighbour } = parsed(read(`packages/sink-sqlite/${path}`))
      const { references: own = [], ...rest } = parsed(files[path])
      assert.deepStrictEqual(rest, neighbour)
      // Only sinks that write files need what these have in common.
      const isNeeded = ({ path }: { readonly path: string }) => !path.endsWith("/storage")
      assert.deepStrictEqual(own, references.filter(isNeeded))
    }
    const { description, keywords, name, ...rest } = parsed(files["package.json"])
    const { description: _, name: __, ...neighbour } = parsed(read("packages/sink-files/package.json"))
    const { "@labelstream/storage": ___, ...dependencies } = neighbour.dependencies
    assert.deepStrictEqual(rest, { ...neighbour, dependencies })
    assert.deepStrictEqual([name, typeof description, keywords], ["@labelstream/sink-blobs", "string", [
      "labelstream-sink"
    ]])
  })
})
