import * as Effect from "effect/Effect"
import type { RunnerFlags } from "../cluster/clusterRunner.ts"
import type { Failure } from "../failure.ts"
import { beforeForeignCode } from "../handOver.ts"

/** What a runner loads later, a sink or the cluster itself, shares `effect` with it. */
export const run = (flags: RunnerFlags): Effect.Effect<number, Failure> =>
  beforeForeignCode.pipe(
    Effect.andThen(Effect.promise(() => import("../cluster/clusterRunner.ts"))),
    Effect.flatMap((runner) => runner.run(flags))
  )
