import * as Effect from "effect/Effect"
import type { StopFlags } from "../cluster/clusterStop.ts"
import type { Failure } from "../failure.ts"
import { beforeForeignCode } from "../handOver.ts"

export const run = (flags: StopFlags): Effect.Effect<number, Failure> =>
  beforeForeignCode.pipe(
    Effect.andThen(Effect.promise(() => import("../cluster/clusterStop.ts"))),
    Effect.flatMap((stop) => stop.run(flags))
  )
