import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { stored, toFiles, world } from "../support/world.ts"

const canary = "canary-key-77aa"

describe("labelstream export", () => {
  for (
    const [what, args, env, said] of [
      [
        "the key is wrong",
        toFiles,
        { GT_STUDIO_API_KEY: canary },
        /does not accept the API key: check GT_STUDIO_API_KEY/
      ],
      ["there is no key", toFiles, { GT_STUDIO_API_KEY: "" }, /There is no API key\. Set GT_STUDIO_API_KEY/],
      [
        "no batch is named",
        ["--to", "files:out"],
        {},
        /No batch is named\. Use --batch ID.*labelstream batches --project/
      ],
      ["no sink is named", ["--batch", "b"], {}, /No sink is named\. Use --to files:DIR/],
      [
        "the URL is plain http elsewhere",
        toFiles,
        { GT_STUDIO_BASE_URL: "http://example.com" },
        /^--base-url, or GT_STUDIO_BASE_URL: must begin with https.*API key would travel in the clear/m
      ],
      ["a sink is unknown", ["--batch", "b", "--to", "lost:x"], {}, /"lost": .*install one of @labelstream\/sink-lost/],
      [
        "a target has no kind",
        ["--batch", "b", "--to", "out"],
        {},
        /^--to out: expected KIND:TARGET, such as files:output/m
      ],
      [
        "the ledger cannot be made",
        [...toFiles, "--ledger", "/dev/null/x"],
        {},
        /\/dev\/null, the folder of the ledger, cannot be made/
      ]
    ] as const
  ) {
    it.live(`ends with 1, one clear message and an empty report when ${what}`, () =>
      Effect.gen(function*() {
        const { cwd, labelstream } = yield* world()
        const ended = yield* labelstream(["export", ...args, "--json"], env)
        assert.strictEqual(ended.status, 1)
        assert.match(ended.stderr, said)
        assert.notInclude(ended.stderr, "    at ")
        assert.notInclude(ended.stderr + ended.stdout, canary)
        const object = JSON.parse(ended.stdout)
        // A refused key is a failed listing. The other runs did not get that far.
        const listings = object.failures.map(({ error }: { error: string }) => error)
        assert.deepStrictEqual(listings, what === "the key is wrong" ? ["InvalidKey"] : [])
        assert.deepStrictEqual({ ...object, seconds: 0, batches: [], failures: [], sinks: [] }, {
          complete: false,
          limited: false,
          stopped: false,
          no_match: false,
          seen: { statuses: [], labels: [] },
          not_listed: [],
          batches: [],
          failures: [],
          unsized: [],
          unreachable: [],
          sinks: [],
          seconds: 0
        })
        assert.strictEqual(stored(cwd), 0)
      }))
  }

  it.live("shows the kinds of errors only with --log-level debug", () =>
    Effect.gen(function*() {
      const { labelstream } = yield* world()
      const ended = yield* labelstream(["export", ...toFiles, "--log-level", "debug"], { GT_STUDIO_API_KEY: canary })
      assert.strictEqual(ended.status, 1)
      assert.match(ended.stderr, /^GtStudioError: /m)
      assert.notInclude(ended.stderr, canary)
      const quiet = yield* labelstream(["export", ...toFiles], { GT_STUDIO_API_KEY: canary })
      assert.notInclude(quiet.stderr, "GtStudioError")
    }))
})
