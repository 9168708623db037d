import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createServer } from "node:net"
import { run, start, temporaryFolder } from "./support/program.ts"

const takenPort = Effect.acquireRelease(
  Effect.callback<{ readonly port: string; readonly close: () => void }>((resume) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = String(typeof address === "object" ? address?.port : address)
      resume(Effect.succeed({ port, close: () => void server.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

describe("labelstream simulator", () => {
  it.live("says why it cannot start, and ends with 1", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const { port } = yield* takenPort
      for (
        const [args, said] of [
          [["--port", port], new RegExp(`port ${port} of 127.0.0.1 is taken`)],
          [["--port", "0", "--kinds", "foo"], /no kind "foo"/],
          [["--port", "0", "--faults", "missing.json"], /missing\.json: there is no such file/],
          [["--port", "none"], /port/]
        ] as const
      ) {
        const ended = yield* run(["simulator", ...args], { cwd, env: { HOME: cwd } })
        assert.strictEqual(ended.status, 1, args.join(" "))
        assert.match(ended.stderr, said)
        assert.notInclude(ended.stderr, "    at ")
      }
    }))

  it.live("reports what it served and ends with 0 when it is stopped", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const simulator = yield* start(["simulator", "--port", "0"], { cwd })
      yield* simulator.said("stdout", "Ctrl-C")
      yield* simulator.signal("SIGTERM")
      const { status, stderr, stdout } = yield* simulator.end
      assert.deepStrictEqual([status, stderr], [0, ""])
      assert.match(stdout, /requests/)
    }))
})
