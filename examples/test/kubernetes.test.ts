import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { type Manifest, parse, validate } from "./support/manifests.ts"

const folder = join(import.meta.dirname, "..", "..", "deploy", "kubernetes")
const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"))
const read = (name: string) => parse(readFileSync(join(folder, name), "utf8"))

/** The runners' deployment with one text of it replaced. */
const changed = (from: string, to: string): Manifest => {
  const text = readFileSync(join(folder, "runners.yaml"), "utf8")
  assert.include(text, from)
  const [deployment] = parse(text.replace(from, to))
  assert.isDefined(deployment)
  return deployment
}

describe("a check of manifests", () => {
  for (
    const [from, to, place] of [
      ["spec:\n  replicas", "spec:\n  replicaz", /\/spec\/replicaz/],
      ["terminationGracePeriodSeconds", "terminationGraceperiodSeconds", /terminationGraceperiodSeconds/],
      ["readinessProbe", "readynessProbe", /\/spec\/template\/spec\/containers\/0\/readynessProbe/],
      [
        "secretKeyRef: { name: labelstream, key: cluster }",
        "secretKeyRef: { name: labelstream, kee: cluster }",
        /kee|key/
      ],
      ["fieldPath", "fieldpath", /field[pP]ath/],
      ["claimName", "claimname", /claim[nN]ame/],
      ["requests: { cpu", "request: { cpu", /resources\/request\b/]
    ] as const
  ) it(`refuses ${to.trim().split("\n").at(-1)}`, () => assert.throws(() => validate(changed(from, to)), place))

  it("refuses a value of the wrong type, a missing field and a kind that there is not", () => {
    assert.throws(() => validate(changed("replicas: 3", "replicas: three")), /replicas/)
    assert.throws(() => validate(changed("        - name: runner\n          image:", "        - image:")), /name/)
    assert.throws(() => validate(changed("kind: Deployment", "kind: Deploiment")), /Deploiment/)
    assert.throws(() => validate(changed("apiVersion: apps/v1", "apiVersion: apps/v1beta1")), /v1beta1/)
  })

  it("refuses a repeated field", () => {
    assert.throws(() => changed("  replicas: 3", "  replicas: 3\n  replicas: 4"), /unique/)
  })
})

describe("the manifests", () => {
  for (const name of files) {
    it(`hold to Kubernetes' schemas: ${name}`, () => {
      const manifests = read(name)
      assert.isNotEmpty(manifests)
      for (const manifest of manifests) validate(manifest)
    })
  }

  it("have no secret in them, and take each from one place", () => {
    const text = files.map((name) => readFileSync(join(folder, name), "utf8")).join("\n")
    assert.notMatch(text, /postgres(ql)?:\/\/|kind: Secret|--api-key/)
    assert.deepStrictEqual(
      Array.from(new Set(text.match(/secretKeyRef: .*?\}/g))).sort(),
      ["secretKeyRef: { name: labelstream, key: api-key }", "secretKeyRef: { name: labelstream, key: cluster }"]
    )
  })

  it("give a runner time to end, and mount its folder at one path", () => {
    const [deployment] = read("runners.yaml")
    const spec = JSON.stringify(deployment)
    assert.isAtLeast(Number(/"terminationGracePeriodSeconds":(\d+)/.exec(spec)?.[1]), 30)
    const [claim] = read("volume.yaml")
    assert.include(spec, `"claimName":"labelstream-output"`)
    assert.deepInclude(claim, { metadata: { name: "labelstream-output" } })
    assert.include(JSON.stringify(claim), "ReadWriteMany")
  })
})
