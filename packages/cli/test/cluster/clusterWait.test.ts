import { assert, describe, it } from "@effect/vitest"
import type { ClusterExport } from "@labelstream/cluster"
import * as Runner from "effect/cluster/Runner"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import { type Members, waitsFor } from "../../src/internal/cluster/clusterWait.ts"
import { oneLine } from "../../src/internal/output/progress.ts"
import { batchReport, exportReport } from "../support/reports.ts"

const member = (port: number, responds: boolean): Members[number] => [
  Runner.make({ address: RunnerAddress.make("10.0.0.1", port), groups: [], weight: 1 }),
  responds
]

const status = (more: Partial<ClusterExport.Status> = {}, remaining = 3) =>
  ({
    state: "running",
    waitsFor: null,
    report: exportReport({ batches: [batchReport({ batchId: "b", listed: 5, remaining, isListed: true })] }),
    ...more
  }) as ClusterExport.Status

const lock = "waiting for a lock: process 7 on host-a is writing to /out"
const branch = "waiting for runners to close their branches: r1 (runner 10.0.0.1:2)"

describe("the reason why an export on a cluster waits", () => {
  for (
    const [what, members, now, expected] of [
      ["a runner", [member(1, false)], status(), "waiting for a runner"],
      [
        "other runners to take over",
        [member(1, false), member(2, true)],
        status(),
        "waiting until other runners take over from 10.0.0.1:1, not responding"
      ],
      ["a lock that another process holds", [member(1, false), member(2, true)], status({ waitsFor: lock }, 0), lock],
      ["an open branch", [member(2, true)], status({ waitsFor: branch }, 0), branch],
      ["its own publishing", [member(2, true)], status({}, 0), "publishing what the runners stored"]
    ] as const
  ) {
    it(`is on the screen and in the status: ${what}`, () => {
      const reason = waitsFor(now, members) ?? assert.fail("it says nothing")
      assert.strictEqual(reason, expected)
      const shown = oneLine({
        report: now.report,
        activity: { requests: 0, retries: 0, origins: [], trouble: undefined },
        rates: { jobs: 0, done: 0, bytes: 0 },
        totals: new Map(),
        now: 0,
        waitsFor: reason
      })
      assert.include(shown, expected)
    })
  }

  it("is undefined while jobs are in progress, and after the end", () => {
    assert.isUndefined(waitsFor(status(), [member(2, true)]))
    assert.isUndefined(waitsFor(status({ state: "completed", waitsFor: lock }), []))
  })
})
