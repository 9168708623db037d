/** One export by a cluster on several machines, with a fault while it runs, and what must hold afterwards. */
import { assert } from "@effect/vitest"
import { FilesSink } from "@labelstream/sink-files"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ClusterExport } from "../../src/index.ts"
import { temporaryFolder } from "./folders.ts"
import * as Machines from "./machines.ts"
import { onOneMachine, verified } from "./oneMachine.ts"
import { tree } from "./tree.ts"
import { requestOf } from "./world.ts"

export interface Trial extends Machines.Options {
  /** Where the jobs are stored too, beside a folder that all machines share. */
  readonly more?: ReadonlyArray<string>
  /** Runs when a quarter of the jobs was requested, beside the export. */
  readonly fault?: (world: Machines.Machines) => Effect.Effect<void, never, Scope.Scope>
  /** Runners that are left after the fault. Default: all. */
  readonly left?: number
}

const countsOf = ({ report }: ClusterExport.Status) => {
  const [batch] = report.batches
  return batch && { listed: batch.listed, done: batch.exported + batch.unchanged, failed: batch.failed }
}

/**
 * Exports. The export is complete, its content is that of one process, the ledger has what the files hold, and a second
 * export finds nothing to do. Returns the seconds to the end.
 */
export const succeed = (trial: Trial) =>
  Effect.scoped(Effect.gen(function*() {
    const { fault = () => Effect.void, jobs, more = [] } = trial
    const output = yield* temporaryFolder
    const world = yield* Machines.make(trial)
    const request = requestOf(world.simulator, [`files:${output}`, ...more])
    const startedAt = performance.now()
    const { id } = yield* world.submit(request)
    const [status] = yield* Effect.all([
      Effect.map(world.end(id), (status) => ({ ...status, seconds: (performance.now() - startedAt) / 1000 })),
      Effect.andThen(world.answered(jobs / 4), fault(world))
    ], { concurrency: "unbounded" })
    const check = Effect.fnUntraced(function*(status: ClusterExport.Status) {
      assert.strictEqual(status.error, null)
      assert.isTrue(status.report.complete)
      assert.deepStrictEqual(countsOf(status), { listed: jobs, done: jobs, failed: 0 })
      const { differences, intact } = yield* Effect.provideContext(
        verified(FilesSink.make({ directory: output })),
        world.client
      )
      assert.deepStrictEqual(differences, [])
      assert.strictEqual(intact, jobs)
      assert.deepStrictEqual(tree(output), yield* onOneMachine(world.simulator))
    })
    yield* world.joined(trial.left ?? world.runners.length)
    yield* check(status)
    const again = yield* world.end((yield* world.submit(request)).id)
    yield* check(again)
    assert.strictEqual(again.report.batches[0]?.exported, 0)
    return status.seconds
  }))
