/** One export by a cluster on several machines, with a fault while it runs, and what must hold afterwards. */
import { assert } from "@effect/vitest"
import { FilesSink } from "@labelstream/sink-files"
import { PostgresSink } from "@labelstream/sink-postgres"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { ClusterExport } from "../../src/index.ts"
import { temporaryFolder } from "./folders.ts"
import * as Machines from "./machines.ts"
import { onOneMachine, verified } from "./oneMachine.ts"
import { tree } from "./tree.ts"
import { requestOf } from "./world.ts"

export interface Trial extends Machines.Options {
  /** A schema of the database that stores the jobs too, in addition to the folder that all machines share. */
  readonly schema?: string
  /** Runs during the export, from a quarter of its requests on. Returns the address of a runner that it has ended. */
  readonly fault?: (
    world: Machines.Machines & { readonly output: string }
  ) => Effect.Effect<string | void, never, Scope.Scope>
}

const endOf = ({ error, report }: ClusterExport.Status) => {
  const [batch] = report.batches
  const { complete, failures } = report
  return { error, complete, failures, listed: batch?.listed, done: (batch?.exported ?? 0) + (batch?.unchanged ?? 0) }
}

/**
 * Exports. The export is complete, its content is that of one process, the ledger has what the files hold, and a second
 * export finds nothing to do. Returns the seconds to the end.
 */
export const succeed = (trial: Trial) =>
  Effect.scoped(Effect.gen(function*() {
    const { fault = () => Effect.void, jobs, schema } = trial
    const output = yield* temporaryFolder
    const world = yield* Machines.make(trial)
    const request = requestOf(world.simulator, [
      `files:${output}`,
      ...schema === undefined ? [] : [`postgres:${schema}`]
    ])
    const inDatabase = schema === undefined ? [] : [PostgresSink.make({ url: Redacted.make(world.server.url), schema })]
    const startedAt = performance.now()
    const { id } = yield* world.submit(request)
    const [status, ended] = yield* Effect.all([
      Effect.map(world.end(id), (status) => ({ ...status, seconds: (performance.now() - startedAt) / 1000 })),
      Effect.andThen(world.answered(jobs / 4), fault({ ...world, output }))
    ], { concurrency: "unbounded" })
    const expected = yield* onOneMachine(world.simulator)
    const check = Effect.fnUntraced(function*(status: ClusterExport.Status) {
      assert.deepStrictEqual(endOf(status), { error: null, complete: true, failures: [], listed: jobs, done: jobs })
      for (const sink of [FilesSink.make({ directory: output }), ...inDatabase]) {
        const found = yield* Effect.provideContext(verified(sink), world.client)
        assert.deepStrictEqual(found, { intact: jobs, differences: [] })
      }
      assert.deepStrictEqual(tree(output), expected)
    })
    yield* world.joined(world.runners.flatMap(({ address }) => address === ended ? [] : [address]))
    yield* check(status)
    const again = yield* world.end((yield* world.submit(request)).id)
    yield* check(again)
    assert.strictEqual(again.report.batches[0]?.exported, 0)
    // An outage is two lines of a log: that it begins, and that it ends.
    for (const { lines } of world.runners) assert.isAtMost(lines.filter((line) => /WARN|ERROR/.test(line)).length, 1)
    return status.seconds
  }))
