/**
 * A GT Studio on two loopback ports: the API, and the storage that its signed URLs point to. For tests of any reader of
 * the platform: it serves every documented endpoint that reads, any number of jobs from a seed, and faults on demand.
 * It counts what it served and knows the expected bytes. It does not create batches or jobs.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Fault from "./Fault.ts"
import * as ContentsOf from "./internal/contents.ts"
import { FaultEngine } from "./internal/faultEngine.ts"
import { Recorder } from "./internal/recorder.ts"
import * as Server from "./internal/server.ts"
import { World } from "./internal/world.ts"
import type * as Scenario from "./Scenario.ts"
import type * as Traffic from "./Traffic.ts"

export type { Batch, Contents } from "./internal/contents.ts"

/** Options of a simulator: what it holds (`Scenario.Options`), and how it serves it. Every one has a default. */
export interface Options extends Scenario.Options {
  /** Port of the API. Default: 0, any that is free. */
  readonly port?: number
  /** Port of the storage. Default: the next after `port`, or any that is free. */
  readonly storagePort?: number
  /** Address to listen at. Default: `127.0.0.1`. */
  readonly host?: string
  /** Waits so long before each answer. Default: 0. */
  readonly latency?: Duration.Input
  /**
   * Responds with 429 past this many requests per second at the API (as many may come at once); with `retryAfter` in seconds.
   * Default: no limit. The platform documents 20 a second for POST, and nothing for GET.
   */
  readonly rateLimit?: { readonly perSecond: number; readonly retryAfter?: number }
  /** Faults from the start; see `Fault`. */
  readonly faults?: ReadonlyArray<Fault.Fault>
  /** A request that brings the API key to the storage is counted, and by default refused with 403. */
  readonly keyAtStorage?: "refuse" | "allow"
  /** Counts requests by job too, which takes memory for every job asked for. Default: false. */
  readonly countJobs?: boolean
  /** Is called with each request when it has been responded to, in that order. Must not throw. */
  readonly onRequest?: (entry: Traffic.Entry) => void
  /** The clock of signatures and rate limits, in milliseconds. Default: `Date.now`. */
  readonly now?: () => number
}

/** Options out of range, or faults that cannot occur. */
export class Misconfigured extends Schema.TaggedError<Misconfigured>()("Misconfigured", { message: Schema.String }) {}

/** A port cannot be listened at. */
export class PortUnavailable extends Schema.TaggedError<PortUnavailable>()("PortUnavailable", {
  cause: Schema.Defect()
}) {
  override get message() {
    const { address, code, message, port } = this.cause as NodeJS.ErrnoException & { address?: string; port?: number }
    if (code === "EADDRINUSE") return `port ${port} of ${address} is taken`
    return code === "EACCES" ? `port ${port} of ${address} is not allowed to this process` : message
  }
}

/** A batch or job that the simulator does not hold was named. */
export class Unknown extends Schema.TaggedError<Unknown>()("Unknown", { message: Schema.String }) {}

/** Fails the start of a simulator, or a change to a running one; `reason` says why. No retry can help. */
export class SimulatorError extends Schema.TaggedError<SimulatorError>()("SimulatorError", {
  operation: Schema.String,
  reason: Schema.Union([Misconfigured, PortUnavailable, Unknown])
}) {
  override get message() {
    return `${this.operation}: ${this.reason.message}`
  }
}

/** A running simulator. It stops when the scope closes that it was started in. */
export interface Running extends ContentsOf.Contents {
  readonly report: Effect.Effect<Traffic.Report>
  /** Sets all counts to 0, those of faults included, as if no fault had occurred yet. */
  readonly reset: Effect.Effect<void>
  /** Gives these jobs (by id) another result, under the same URL. */
  readonly rework: (...jobIds: ReadonlyArray<string>) => Effect.Effect<void, SimulatorError>
  /** Finishes these jobs (by id), or all when none is named. */
  readonly finish: (...jobIds: ReadonlyArray<string>) => Effect.Effect<void, SimulatorError>
  /** Adds jobs at the end of a batch. */
  readonly addJobs: (batchId: string, jobs: number) => Effect.Effect<void, SimulatorError>
  /** Replaces the list of faults. */
  readonly setFaults: (faults: ReadonlyArray<Fault.Fault>) => Effect.Effect<void, SimulatorError>
}

/** A running simulator for programs without Effect; its members throw a SimulatorError where `Running` fails with one. */
export interface Plain extends ContentsOf.Contents {
  readonly report: () => Traffic.Report
  readonly reset: () => void
  readonly rework: (...jobIds: ReadonlyArray<string>) => void
  readonly finish: (...jobIds: ReadonlyArray<string>) => void
  readonly addJobs: (batchId: string, jobs: number) => void
  readonly setFaults: (faults: ReadonlyArray<Fault.Fault>) => void
  /** Stops at once; requests that are open are cut off. */
  readonly close: () => Promise<void>
}

/** A running simulator as a service. */
export class Simulator extends Context.Service<Simulator, Running>()("@labelstream/simulator/Simulator") {}

const checkFaults = (faults: ReadonlyArray<Fault.Fault>): void => {
  const problem = Fault.problem(faults)
  if (problem !== undefined) throw new RangeError(problem)
}

/** Fills in the defaults of the servers' options. */
const servingOptions = (options: Options) => {
  const within = (what: string, value: number, minimum: number, maximum: number): number => {
    if (value >= minimum && value <= maximum) return value
    throw new RangeError(`${what} must be from ${minimum} to ${maximum}, got ${value}`)
  }
  const { rateLimit } = options
  const port = within("port", options.port ?? 0, 0, 65_535)
  return {
    host: options.host ?? "127.0.0.1",
    port,
    storagePort: within("storagePort", options.storagePort ?? (port === 0 ? 0 : port + 1), 0, 65_535),
    latency: within("latency", Duration.toMillis(options.latency ?? 0), 0, 86_400_000),
    rateLimit: rateLimit === undefined ? undefined : {
      perSecond: within("rateLimit", rateLimit.perSecond, 0.001, 1e9),
      retryAfter: rateLimit.retryAfter
    },
    keyAtStorage: options.keyAtStorage ?? "refuse",
    now: options.now ?? Date.now
  }
}

/** Runs code that throws a RangeError for what its caller got wrong. */
const attempt = <A>(operation: string, reason: (message: string) => SimulatorError["reason"], run: () => A): A => {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new SimulatorError({ operation, reason: reason(error.message) })
  }
}

const misconfigured = (message: string) => new Misconfigured({ message })
const unknown = (message: string) => new Unknown({ message })

/** @internal The parts of a simulator, checked; `members` are those of `Plain` and `Running` for its origins. */
export const assemble = (options: Options) => {
  const parts = attempt("start", misconfigured, () => {
    checkFaults(options.faults ?? [])
    const world = new World(options)
    return {
      world,
      faults: new FaultEngine(world.options.seed),
      recorder: new Recorder(options.countJobs ?? false, options.onRequest),
      ...servingOptions(options)
    }
  })
  parts.faults.set(options.faults ?? [])
  return { parts, members: (origins: Server.Origins) => membersOf(parts, origins) }
}

const membersOf = (
  { faults, recorder, world }: Pick<Server.ServerOptions, "faults" | "recorder" | "world">,
  origins: Server.Origins
): Omit<Plain, "close"> => {
  const locate = (jobId: string) => {
    const found = world.locate(jobId)
    if (found === undefined) throw new RangeError(`no job ${JSON.stringify(jobId)}`)
    return found
  }
  // a spread would read the getter of the batches once and for all
  return Object.defineProperties({} as Omit<Plain, "close">, {
    ...Object.getOwnPropertyDescriptors(ContentsOf.make(world, origins)),
    ...Object.getOwnPropertyDescriptors(
      {
        report: () => recorder.report(),
        reset: () => {
          recorder.reset()
          faults.reset()
        },
        rework: (...jobIds) =>
          attempt("rework", unknown, () => {
            for (const { batch, index } of jobIds.map(locate)) world.rework(batch, index)
          }),
        finish: (...jobIds) =>
          attempt("finish", unknown, () => {
            for (const { batch, index } of jobIds.map(locate)) world.finish(batch, index)
            if (jobIds.length === 0) { for (const batch of world.batches) world.finish(batch) }
          }),
        addJobs: (batchId, jobs) =>
          attempt("addJobs", unknown, () => {
            world.add(world.requireBatch(batchId), jobs)
          }),
        setFaults: (list) =>
          attempt("setFaults", misconfigured, () => {
            checkFaults(list)
            faults.set(list)
          })
      } satisfies Omit<Plain, keyof ContentsOf.Contents | "close">
    )
  })
}

/**
 * Starts a simulator for programs without Effect. Rejects with a SimulatorError when options are out of range or a port
 * is taken.
 */
export const startPromise = async (options: Options = {}): Promise<Plain> => {
  const { close, members } = await served(options)
  return Object.defineProperties({} as Plain, {
    ...Object.getOwnPropertyDescriptors(members),
    close: { value: close, enumerable: true }
  })
}

const served = async (options: Options) => {
  const { members, parts } = assemble(options)
  const servers = await Server.open(parts).catch((cause: unknown) => {
    throw new SimulatorError({ operation: "start", reason: new PortUnavailable({ cause }) })
  })
  return { members: members(servers), close: servers.close }
}

/** @internal What is not a SimulatorError is thrown again, and so a defect. */
export const expected = (error: unknown): SimulatorError => {
  if (error instanceof SimulatorError) return error
  throw error
}

const change = (run: () => void): Effect.Effect<void, SimulatorError> => Effect.try({ try: run, catch: expected })

/** @internal The members of a simulator as effects. */
export const effectful = (plain: Omit<Plain, "close">): Running =>
  Object.defineProperties({} as Running, {
    ...Object.getOwnPropertyDescriptors(plain),
    ...Object.getOwnPropertyDescriptors(
      {
        report: Effect.sync(plain.report),
        reset: Effect.sync(plain.reset),
        rework: (...jobIds) => change(() => plain.rework(...jobIds)),
        finish: (...jobIds) => change(() => plain.finish(...jobIds)),
        addJobs: (batchId, jobs) => change(() => plain.addJobs(batchId, jobs)),
        setFaults: (list) => change(() => plain.setFaults(list))
      } satisfies Omit<Running, keyof ContentsOf.Contents>
    )
  })

/**
 * Starts a simulator that runs until the scope closes; then both ports close at once and open requests are cut off.
 * Fails when options are out of range or a port is taken.
 *
 * @example
 * ```ts
 * import { Simulator } from "@labelstream/simulator"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const simulator = yield* Simulator.start({ seed: 7, batches: [{ jobs: 101 }] })
 *   const [batch] = simulator.batches
 *   // point a client at simulator.apiUrl with simulator.apiKey, then look at:
 *   return [batch?.id, yield* simulator.report]
 * }).pipe(Effect.scoped)
 * ```
 */
export const start = Effect.fn("Simulator.start")(function*(options: Options = {}) {
  const { members } = yield* Effect.acquireRelease(
    Effect.tryPromise({ try: () => served(options), catch: expected }),
    ({ close }) => Effect.promise(close)
  )
  return effectful(members)
}) satisfies (options?: Options) => Effect.Effect<Running, SimulatorError, Scope.Scope>

/** Provides a running {@link Simulator} for as long as the layer lives. Each call of `layer` makes another one. */
export const layer = (options: Options = {}): Layer.Layer<Simulator, SimulatorError> =>
  Layer.effect(Simulator, start(options))
