/**
 * A client that changes nothing about a request: the target is sent unchanged, no redirect is followed, and `end` says
 * what the wire did.
 */
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import type { Simulator } from "../../src/index.ts"

export interface Answer {
  /** 0 when no header came. */
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly body: Buffer
  /** How the answer ended: whole, or with which error, or not within the patience. */
  readonly end: "whole" | "impatient" | (string & {})
  readonly milliseconds: number
}

export const get = (
  origin: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
  options: { readonly patience?: number; readonly method?: string } = {}
): Effect.Effect<Answer> =>
  Effect.callback<Answer>((resume) => {
    const began = performance.now()
    const { hostname, port } = new URL(origin)
    const chunks: Array<Buffer> = []
    let response: Http.IncomingMessage | undefined
    let done = false
    const finish = (end: string): void => {
      if (done) return
      done = true
      clearTimeout(timer)
      resume(Effect.succeed({
        status: response?.statusCode ?? 0,
        headers: response?.headers ?? {},
        body: Buffer.concat(chunks),
        end,
        milliseconds: performance.now() - began
      }))
    }
    const request = Http.request({
      hostname,
      port,
      path: target,
      headers,
      method: options.method ?? "GET",
      agent: false
    })
    const timer = setTimeout(() => {
      finish("impatient")
      request.destroy()
    }, options.patience ?? 5000)
    request.on("response", (incoming) => {
      response = incoming
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
      incoming.on("end", () => finish("whole"))
      incoming.on("error", (error: NodeJS.ErrnoException) => finish(error.code ?? error.message))
    })
    request.on("error", (error: NodeJS.ErrnoException) => finish(error.code ?? error.message))
    request.end()
  })

/** What of a simulator a client needs to ask it. */
type Origin = Pick<Simulator.Contents, "apiUrl" | "apiKey" | "projectId">

export const api = (simulator: Origin, target: string) =>
  get(simulator.apiUrl, target, { "x-api-key": simulator.apiKey })

export interface Listed {
  readonly id: string
  readonly reference_id: string
  readonly status: string
  readonly frames: number
  readonly annotations: number
}

/** Every field of `data` that a test reads. */
export interface Data {
  readonly jobs: Array<Listed>
  /** Taken as text where a test reads it; `null` and absent stand in `Object.entries` alone. */
  readonly next_page_token: string
  readonly batches: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly total_jobs: number
  readonly annotations: number
  readonly job_id: string
  readonly batch_id: string
  readonly project_id: string
  readonly reference_id: string
  readonly work_flow_id: string | undefined
  readonly tag: string
  readonly status: string
  readonly result: string
}

export const data = (answer: Answer): Data => JSON.parse(answer.body.toString()).data

export const code = (answer: Answer): string => JSON.parse(answer.body.toString()).error.code

export const firstBatch = (simulator: Pick<Simulator.Contents, "batches">): string => simulator.batches[0]?.id ?? ""

export const pageTarget = (simulator: Origin, batchId: string, token = "", version = "v1"): string =>
  `/${version}/projects/${simulator.projectId}/batch/${encodeURIComponent(batchId)}?page_token=${token}`

export const page = (simulator: Origin, batchId: string, token = "") =>
  api(simulator, pageTarget(simulator, batchId, token))

/** Job ids of a batch, page by page, until no token comes. */
export const listing = Effect.fnUntraced(function*(simulator: Origin, batchId: string) {
  const pages: Array<Array<Listed>> = []
  let token = ""
  do {
    const one = data(yield* page(simulator, batchId, token))
    pages.push(one.jobs)
    const next: string | null | undefined = one.next_page_token
    token = next ?? ""
  } while (token !== "" && pages.length < 50)
  return pages
})

export const jobTarget = (simulator: Origin, jobId: string, version = "v1"): string =>
  `/${version}/projects/${simulator.projectId}/jobs/${encodeURIComponent(jobId)}`

export const job = (simulator: Origin, jobId: string) => api(simulator, jobTarget(simulator, jobId))

export const attachmentTarget = (url: string): string => `/v1/attachments?url=${encodeURIComponent(url)}`

export const attachment = (simulator: Origin, url: string) => api(simulator, attachmentTarget(url))

/** Asks the storage for a location that the API gave, without the key. */
export const follow = (location: string | undefined, headers: Readonly<Record<string, string>> = {}) => {
  const url = location ?? ""
  const origin = new URL(url).origin
  return get(origin, url.slice(origin.length), headers)
}

/** What stands behind an unsigned URL, by way of the redirect. */
export const download = Effect.fnUntraced(function*(simulator: Origin, url: string) {
  const redirect = yield* attachment(simulator, url)
  return yield* follow(redirect.headers.location)
})
