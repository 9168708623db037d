import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { run, start, temporaryFolder } from "./support/program.ts"

const env = { GT_STUDIO_API_KEY: "k", GT_STUDIO_PROJECT_ID: "p", GT_STUDIO_BASE_URL: "https://studio.invalid" }

describe("a platform that cannot be reached", () => {
  for (const batches of [["--all-batches"], ["--batch", "b"]]) {
    it.live(`is named on stderr while it is retried (${batches.join(" ")})`, () =>
      Effect.gen(function*() {
        const cwd = yield* temporaryFolder
        const labelstream = yield* start(["export", ...batches, "--to", "files:out"], { cwd, env })
        yield* labelstream.said("stderr", "Retrying: no connection to studio.invalid")
        yield* labelstream.signal("SIGKILL")
        // Its status is that of the signal, because it had not ended by itself.
        assert.strictEqual((yield* labelstream.end).status, null)
      }))
  }

  it.live("for a proxy that cannot be used is a setting, named by its variable and without its password", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      for (const args of [["export", "--batch", "b", "--to", "files:out"], ["batches"], ["check"]]) {
        const ended = yield* run(args, { cwd, env: { ...env, https_proxy: "gopher://u:s3cret@h:1" } })
        assert.strictEqual(ended.status, 1, args[0])
        assert.include(ended.stdout + ended.stderr, "https_proxy: must begin with http://")
        assert.notInclude(ended.stdout + ended.stderr, "s3cret")
      }
    }))
})
