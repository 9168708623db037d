import * as Effect from "effect/Effect"
import type { StopFlags } from "../clusterStop.ts"
import type { Failure } from "../failure.ts"
import { beforeForeignCode } from "../handOver.ts"

export const run = (flags: StopFlags): Effect.Effect<number, Failure> =>
  beforeForeignCode.pipe(
    Effect.andThen(Effect.promise(() => import("../clusterStop.ts"))),
    Effect.flatMap((stop) => stop.run(flags))
  )
