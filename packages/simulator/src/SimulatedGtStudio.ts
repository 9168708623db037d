/**
 * GT Studio in this process, for tests of your own pipelines and exports: the client over a simulator without sockets
 * and files. Content and faults have the options of `Simulator`.
 */
import { GtStudio, type OptionError, SpoolMemory, Transport } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as InProcess from "./internal/inProcess.ts"
import * as Simulator from "./Simulator.ts"

/** What is simulated, and how the client reaches it. Every option has a default. */
export interface Options extends Omit<Simulator.Options, "host" | "port" | "storagePort"> {
  /** Options of the client except key and address, such as `retry`. Default: those of `GtStudio`. */
  readonly client?: Omit<GtStudio.Options, "allowInsecureHttp" | "apiKey" | "baseUrl">
}

/**
 * Provides the client and the {@link Simulator.Simulator} that serves it. Waits (retries, faults, `latency`) go by Effect's
 * clock, so that `TestClock` drives them. Bodies are as with sockets, except that content encodings are not undone. Fails
 * with a `SimulatorError` or an `OptionError` if options are out of range. Each call makes another one.
 *
 * @example
 * ```ts
 * import { GtStudio, JobStream } from "@labelstream/core"
 * import { SimulatedGtStudio, Simulator } from "@labelstream/simulator"
 * import { Effect, Stream } from "effect"
 *
 * const count = Effect.gen(function*() {
 *   const { projectId } = yield* Simulator.Simulator
 *   const [batch] = yield* GtStudio.batches(projectId)
 *   return yield* Stream.runCount(JobStream.rows(batch!))
 * }).pipe(Effect.provide(SimulatedGtStudio.layer({ batches: [{ jobs: 5 }] })))
 * ```
 */
export const layer = (
  { client, ...options }: Options = {}
): Layer.Layer<
  GtStudio.GtStudio | Simulator.Simulator,
  OptionError.OptionError | Simulator.SimulatorError
> =>
  Layer.unwrap(Effect.map(
    Effect.try({ try: () => Simulator.assemble(options), catch: Simulator.expected }),
    ({ members, parts }) => {
      const simulator = Simulator.effectful(members(InProcess.origins))
      const transport = InProcess.transport(parts, parts.latency)
      return GtStudio.layer({
        ...client,
        apiKey: Redacted.make(simulator.apiKey),
        baseUrl: simulator.apiUrl
      }).pipe(
        Layer.provide([Layer.succeed(Transport.Transport, transport), SpoolMemory.layer()]),
        Layer.merge(Layer.succeed(Simulator.Simulator, simulator))
      )
    }
  ))
