/**
 * Takes a request through counting, faults, and its response, whether it came by a socket or by a call in this process.
 */
import { randomBytes } from "node:crypto"
import type { IncomingMessage } from "node:http"
import type { Kind } from "../Fault.ts"
import type { Endpoint } from "../Traffic.ts"
import * as Api from "./api.ts"
import type { Asked, FaultEngine } from "./faultEngine.ts"
import type { Origin, Recorder } from "./recorder.ts"
import * as Signing from "./signing.ts"
import * as Storage from "./storage.ts"
import * as TargetReader from "./target.ts"
import { type Answer, inPlace, tooMany } from "./wire.ts"
import type { Target, World } from "./world.ts"

/** What responses depend on. */
export interface HandlerOptions {
  readonly world: World
  readonly faults: FaultEngine
  readonly recorder: Recorder
  readonly rateLimit: { readonly perSecond: number; readonly retryAfter: number | undefined } | undefined
  readonly keyAtStorage: "refuse" | "allow"
  readonly now: () => number
}

/** The members of a request that handlers read. */
export type Request = Pick<IncomingMessage, "headers" | "method" | "url">

/** What is known of a request once it is routed. */
export interface Handled {
  readonly endpoint: Endpoint
  readonly answer: Answer
  readonly fault?: Kind | undefined
  readonly batch?: string | undefined
  readonly job?: string | undefined
}

const partOf = (target: Target | undefined): Asked["part"] =>
  target === undefined
    ? undefined
    : target.part._tag === "document" || target.part._tag === "input"
    ? target.part._tag
    : "nested"

/** Lets through `perSecond` requests a second, with as many (but at least one) saved up at most. */
const makeBucket = (perSecond: number, now: () => number): () => boolean => {
  const most = Math.max(1, perSecond)
  let tokens = most
  let last = now()
  return () => {
    const at = now()
    tokens = Math.min(most, tokens + (at - last) / 1000 * perSecond)
    last = at
    if (tokens < 1) return false
    tokens--
    return true
  }
}

/** Responds to requests to each origin. */
export interface Handlers extends Readonly<Record<Origin, (request: Request) => Handled>> {
  /** Counts an answer that has been sent with this status, 0 for none. */
  readonly sent: (request: Request, handled: Handled, status: number) => void
}

/** Makes the handlers. Origins are read with each request, as they may not be known yet. */
export const make = (
  options: HandlerOptions,
  origins: { readonly apiUrl: () => string; readonly storageUrl: () => string }
): Handlers => {
  const { faults, recorder, world } = options
  const context: Api.Context = {
    world,
    secret: randomBytes(16).toString("hex"),
    now: options.now,
    ...origins
  }
  const limit = options.rateLimit
  const allowed = limit === undefined ? () => true : makeBucket(limit.perSecond, options.now)
  const jobOf = (target: Target | undefined): string | undefined =>
    target === undefined ? undefined : world.jobId(target.state, target.index)

  const meet = (asked: Asked, answer: (fault: Kind | undefined) => Answer): Pick<Handled, "answer" | "fault"> => {
    const fault = faults.meet(asked)
    return { fault, answer: inPlace(fault, options.now()) ?? answer(fault) }
  }

  const api = (request: Request): Handled => {
    const raw = request.url ?? "/"
    const [path, query] = TargetReader.split(raw)
    const route = TargetReader.route(path)
    if (route._tag === "other" || request.method !== "GET") {
      recorder.asked("other")
      return { endpoint: "other", answer: Api.nowhere(request.method ?? "GET", path) }
    }
    const endpoint = route._tag
    recorder.asked(endpoint)
    if (!allowed()) {
      const retryAfter = limit?.retryAfter
      return { endpoint, answer: tooMany(retryAfter === undefined ? undefined : String(retryAfter)) }
    }
    const guarded = (answer: (fault: Kind | undefined) => Answer) => (fault: Kind | undefined): Answer => {
      if (request.headers["x-api-key"] !== world.options.apiKey) return Api.authFailure(context)
      if ("project" in route && route.project !== world.projectId) return Api.unknownProject(context, route.version)
      return answer(fault)
    }
    switch (route._tag) {
      case "details":
      case "stats": {
        const asked: Asked = { endpoint: route._tag, key: `v${route.version}`, about: () => ({}) }
        const answer = route._tag === "details" ? Api.details : Api.stats
        return { endpoint, ...meet(asked, guarded(() => answer(context))) }
      }
      case "jobs": {
        const batch = world.batch(route.batch)
        const token = TargetReader.parameter(query, "page_token")
        const offset = batch === undefined ? undefined : Api.pageOffset(context, batch, token)
        const page = offset === undefined ? undefined : Math.floor(offset / world.options.pageSize) + 1
        const asked: Asked = {
          endpoint: "jobs",
          key: `${route.batch} ${token}`,
          page,
          about: () => ({ batch: route.batch })
        }
        return {
          endpoint,
          batch: route.batch,
          ...meet(
            asked,
            guarded((fault) =>
              batch === undefined ? Api.unknownBatch(context) : Api.jobs(context, route.version, batch, token, fault)
            )
          )
        }
      }
      case "job": {
        const found = world.locate(route.job)
        const asked: Asked = {
          endpoint: "job",
          key: route.job,
          about: () => ({ batch: found?.batch.id, job: route.job })
        }
        return {
          endpoint,
          batch: found?.batch.id,
          job: route.job,
          ...meet(
            asked,
            guarded((fault) =>
              found === undefined
                ? Api.unknownJob(context)
                : Api.job(context, route.version, found.batch, found.index, fault)
            )
          )
        }
      }
      case "attachment": {
        const url = TargetReader.attachmentUrl(query)
        const target = world.target(world.withoutOrigin(url))
        const asked: Asked = {
          endpoint: "attachment",
          key: `${route.hop} ${url}`,
          part: partOf(target),
          about: () => ({ batch: target?.state.id, job: jobOf(target) })
        }
        return {
          endpoint,
          batch: target?.state.id,
          job: recorder.wantsJobs ? jobOf(target) : undefined,
          ...meet(asked, guarded((fault) => Api.attachment(context, route.hop, raw, url, fault)))
        }
      }
    }
  }

  const storage = (request: Request): Handled => {
    recorder.asked("storage")
    const [path, query] = TargetReader.split(request.url ?? "/")
    const bearsKey = Storage.bearsKey(request.headers, request.url ?? "/", world.options.apiKey)
    recorder.storageHeaders(Object.keys(request.headers), bearsKey)
    const key = Signing.readStoragePath(path) ?? ""
    const target = world.target(key)
    const asked: Asked = {
      endpoint: "storage",
      key,
      part: partOf(target),
      about: () => ({ batch: target?.state.id, job: jobOf(target) })
    }
    const handled = {
      endpoint: "storage",
      batch: target?.state.id,
      job: recorder.wantsJobs ? jobOf(target) : undefined
    } as const
    if (bearsKey && options.keyAtStorage === "refuse") {
      recorder.refused("key")
      return { ...handled, answer: Storage.accessDenied() }
    }
    if (request.method !== "GET") return { ...handled, answer: Storage.xml(405, "MethodNotAllowed", "GET only") }
    // the customer's bucket is public: only what the platform holds needs its signature
    const isPublic = target?.part._tag === "input" && query === ""
    const refusal = isPublic ? undefined : Storage.refusal(context, path, query)
    if (refusal !== undefined) {
      recorder.refused(refusal.why)
      return { ...handled, answer: refusal.answer }
    }
    return {
      ...handled,
      ...meet(asked, (fault) =>
        fault?._tag === "Missing"
          ? Storage.noSuchKey()
          : fault?._tag === "Denied"
          ? Storage.accessDenied()
          : Storage.ranged(Storage.object(context, target), request.headers.range))
    }
  }

  return {
    api,
    storage,
    sent: ({ method = "GET", url = "/" }, { answer, batch, endpoint, fault, job }, status) => {
      if (fault === undefined) recorder.sent(answer.body.length)
      recorder.answered({
        endpoint,
        method,
        target: url,
        status,
        ...(batch === undefined ? {} : { batch }),
        ...(job === undefined ? {} : { job }),
        ...(fault === undefined ? {} : { fault: fault._tag })
      })
    }
  }
}
