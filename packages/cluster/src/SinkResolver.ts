import type { JobSink } from "@labelstream/core"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { ClusterError } from "./ClusterError.ts"

/**
 * Makes the sinks that a request names. Every runner must make the same sink of the same target, with the same
 * `JobSink.id`. Fails with `refused` for an unknown sink.
 */
export class SinkResolver extends Context.Service<SinkResolver, {
  readonly resolve: (target: unknown) => Effect.Effect<JobSink.JobSink, ClusterError>
}>()("@labelstream/cluster/SinkResolver") {}
