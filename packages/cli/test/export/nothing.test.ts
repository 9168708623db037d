import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { toFiles, unfinishedWorld as world } from "../support/world.ts"

/** The listed jobs are the sum of all outcomes. */
const addsUp = (batch: Record<string, number>) => {
  const { exported = 0, failed = 0, listed, remaining = 0, unchanged = 0, unfinished = 0 } = batch
  assert.strictEqual(listed, exported + unchanged + unfinished + failed + remaining)
}

describe("a run that stores nothing, or only some jobs", () => {
  it.live(
    "with a filter that matches nothing names the existing values, and ends with 2",
    () =>
      Effect.gen(function*() {
        const { labelstream } = yield* world()
        const ended = yield* labelstream(["export", ...toFiles, "--status", "complte"])
        assert.strictEqual(ended.status, 2, ended.stderr)
        assert.match(
          ended.stdout,
          /Statuses of the skipped jobs: .*completed[^]*No job has the status complte\. Did you mean completed\?/i
        )
        assert.match(ended.stdout, /no job matches the filter. Correct it, then run: labelstream export .*complte\n$/)
        assert.notMatch(ended.stdout, /\bComplete\b/)
        const planned = yield* labelstream(["plan", ...toFiles, "--status", "complte"])
        assert.strictEqual(planned.status, 2)
        assert.match(
          planned.stdout,
          /No job matches the filter. Statuses of the skipped jobs: .*completed.* Did you mean completed\?/i
        )
        const object = JSON.parse((yield* labelstream(["export", ...toFiles, "--label", "no such", "--json"])).stdout)
        assert.deepStrictEqual([object.complete, object.no_match, object.batches[0].skipped], [false, true, 11])
        assert.isAbove(object.seen.labels.length, 0)
        addsUp(object.batches[0])
      }),
    60_000
  )

  it.live("differs from a complete one in --json, at a limit and if a listing failed", () =>
    Effect.gen(function*() {
      const { labelstream } = yield* world()
      const args = ["export", "--batch", "b", "--batch", "nowhere", "--to", "files:out", "--json"]
      const failed = yield* labelstream(args)
      assert.strictEqual(failed.status, 2)
      const object = JSON.parse(failed.stdout)
      const { message, ...failure } = object.failures[0]
      assert.isAbove(message.length, 0)
      assert.deepStrictEqual(failure, {
        batch_id: "nowhere",
        job_id: null,
        error: "NotFound",
        attempts: 1,
        retryable: false,
        permanent: true
      })
      assert.deepStrictEqual([object.complete, object.limited, object.stopped], [false, false, false])
      object.batches.forEach(addsUp)
      const limited = JSON.parse(
        (yield* labelstream(["export", ...toFiles, "--refresh", "--limit", "3", "--json"])).stdout
      )
      assert.isTrue(limited.limited)
      addsUp(limited.batches[0])
    }), 60_000)

  it.live("because a named job or batch is not there says so and does not end with 0", () =>
    Effect.gen(function*() {
      const { labelstream } = yield* world()
      assert.strictEqual((yield* labelstream(["export", ...toFiles])).status, 0)
      for (
        const [args, status, said] of [
          [["refresh", ...toFiles, "--job", "lost"], 2, /Named and not listed: lost\n[^]*no batch lists/],
          [
            ["retry", "--batch", "lost", "--to", "files:out"],
            1,
            /has no job of batch lost.* run: labelstream export /
          ],
          [
            ["status", "--batch", "lost"],
            1,
            /has no batch lost. To list its batches, run: labelstream status/
          ],
          [["report", "--batch", "b", "--batch", "lost"], 1, /has no batch lost\. /],
          [["check"], 1, /^BAD {2}platform .*No batch is named[^]*^BAD {2}sinks: No sink is named/m]
        ] as const
      ) {
        const ended = yield* labelstream(args)
        assert.strictEqual(ended.status, status, args[0])
        assert.match(ended.stdout + ended.stderr, said)
      }
    }), 60_000)

  it.live("because nothing is there yet says that, and does not say Complete", () =>
    Effect.gen(function*() {
      const { labelstream } = yield* world({
        batches: [{ id: "b", jobs: 2, unfinished: [0, 1] }, { id: "e", jobs: 0 }]
      })
      const early = yield* labelstream(["export", ...toFiles])
      assert.match(early.stdout, /Nothing to store yet: no job is finished. Once some are, run: labelstream export/)
      const empty = yield* labelstream(["export", "--batch", "e", "--to", "files:out"])
      assert.match(empty.stdout, /Nothing to store: no job is listed/)
      for (const { status, stdout } of [early, empty]) {
        assert.strictEqual(status, 0)
        assert.notMatch(stdout, /\bComplete\b/)
      }
      assert.match((yield* labelstream(["verify"])).stderr, /has no stored jobs.* run: labelstream export/)
    }), 60_000)
})
