/**
 * The platform in memory: batches of jobs in pages, results, and files that lie in a storage of another origin behind
 * signed links. Any answer can be replaced.
 */
import { Effect, Layer, Redacted } from "effect"
import * as GtStudio from "../../src/GtStudio.ts"
import type { BatchRef } from "../../src/Job.ts"
import type { Spool } from "../../src/Spool.ts"
import { type Asked, FakeTransport, type Handler, type Reply } from "./fakeTransport.ts"
import { MemorySpool } from "./memorySpool.ts"

/** Never to be seen anywhere but at the API. */
export const key = "canary-key-5f1d"
/** Part of every signed link: never to be seen in any text. */
export const signature = "canary-signature-77ac"

export const api = "https://api.test"
export const files = "https://files.test"
export const storage = "https://storage.test"

export interface FakeJob {
  readonly id: string
  /** Default `completed`. */
  readonly status?: string
  /** The result document. Default: a different one for each job. Null: there is no result. */
  readonly document?: unknown
  /** What the listing shows instead of the usual. */
  readonly listed?: unknown
  /** Added to what the listing shows. */
  readonly counts?: { readonly frames?: number; readonly annotations?: number }
}

export interface FakeBatch extends BatchRef {
  jobs: Array<FakeJob>
}

export const ref: BatchRef = { projectId: "p", batchId: "b" }

export const batchOf = (n: number, batchId = "b"): FakeBatch => ({
  projectId: "p",
  batchId,
  jobs: Array.from({ length: n }, (_, index) => ({ id: `${batchId}-${index}` }))
})

export const documentUrl = (jobId: string) => `${files}/${jobId}.json?a=1&b=x+y%20z`

/** What an answer of the API looks like. */
export const ok = (data: unknown): Reply => ({ body: { data, success: true } })

export const error = (status: number, code: string, message = "for reasons"): Reply => ({
  status,
  body: { error: { code, message }, success: false }
})

/** What a request is about: its own word for each kind, with the id of what it asks for. */
export const kindOf = ({ url }: Asked): string => {
  if (url.origin === storage) return `file ${url.searchParams.get("of")}`
  if (url.pathname === "/v1/attachments") return `attachment ${url.searchParams.get("url")}`
  const [, , , , kind, id] = url.pathname.split("/")
  return kind === "batch" ? `page ${id} ${url.searchParams.get("page_token") ?? "first"}` : `${kind} ${id}`
}

export class FakePlatform {
  readonly batches: Array<FakeBatch>
  readonly pageSize: number
  /** Files of the storage other than result documents, by their unsigned URL. */
  readonly blobs = new Map<string, unknown>()
  /** Looked at first: a reply here replaces the usual one. */
  override: (asked: Asked, kind: string) => ReturnType<Handler> | undefined
  readonly transport: FakeTransport
  readonly spool = new MemorySpool()

  constructor(
    batches: Array<FakeBatch>,
    override: FakePlatform["override"] = () => undefined,
    pageSize = 2
  ) {
    this.batches = batches
    this.override = override
    this.pageSize = pageSize
    this.transport = new FakeTransport((asked) => this.override(asked, kindOf(asked)) ?? this.usual(asked))
  }

  /** The requests in order, as `kindOf` names them. */
  get kinds(): ReadonlyArray<string> {
    return this.transport.asked.map(kindOf)
  }

  /** The client with default settings but for the key and the base URL. */
  get gtStudio(): Effect.Effect<GtStudio.GtStudio["Service"]> {
    return this.gtStudioWith({})
  }

  gtStudioWith(options: Partial<GtStudio.Options>): Effect.Effect<GtStudio.GtStudio["Service"]> {
    return GtStudio.GtStudio.use(Effect.succeed).pipe(Effect.provide(this.layer(options)), Effect.orDie)
  }

  /** The client over this platform. Default: retries wait as usual. */
  layer(options: Partial<GtStudio.Options> = {}, spool: Layer.Layer<Spool> = this.spool.layer) {
    return GtStudio.layer({ apiKey: Redacted.make(key), baseUrl: api, ...options }).pipe(
      Layer.provide(this.transport.layer),
      Layer.provide(spool)
    )
  }

  private usual(asked: Asked): Reply {
    const { url } = asked
    if (url.origin === storage) return this.file(url.searchParams.get("of") ?? "")
    if (url.origin !== api) return { status: 404 }
    if (url.pathname === "/v1/attachments") {
      const signed = new URL(storage)
      signed.searchParams.set("of", url.searchParams.get("url") ?? "")
      signed.searchParams.set("sig", signature)
      return { status: 302, headers: { location: signed.href } }
    }
    const [, , , , kind, id = ""] = url.pathname.split("/").map(decodeURIComponent)
    return kind === "batch" ? this.page(id, url.searchParams.get("page_token")) : this.result(id)
  }

  private page(batchId: string, token: string | null): Reply {
    const batch = this.batches.find((known) => known.batchId === batchId)
    if (batch === undefined) return error(400, "resource_error")
    const start = token === null ? 0 : Number(BigInt(token) - 1575822103313046000n)
    const end = start + this.pageSize
    const jobs = batch.jobs.slice(start, end).map(({ counts, id, listed, status }) =>
      listed ?? { id, reference_id: `ref-${id}`, status: status ?? "completed", frames: 1, annotations: 1, ...counts }
    )
    return ok({
      jobs,
      ...(end < batch.jobs.length ? { next_page_token: String(1575822103313046000n + BigInt(end)) } : {})
    })
  }

  private result(id: string): Reply {
    const job = this.job(id)
    if (job === undefined) return error(400, "FS_0006")
    const result = job.document === null ? "" : documentUrl(id)
    return ok({ job_id: id, reference_id: `ref-${id}`, status: job.status ?? "completed", result })
  }

  private file(url: string): Reply {
    const headers = { "content-type": "application/json; charset=utf-8" }
    const blob = this.blobs.get(url)
    if (blob !== undefined) return { headers: { "content-type": "image/png" }, body: blob }
    const job = this.batches.flatMap(({ jobs }) => jobs).find(({ id }) => documentUrl(id) === url)
    return job === undefined ? { status: 404 } : { headers, body: job.document ?? { of: job.id } }
  }

  private job(id: string): FakeJob | undefined {
    return this.batches.flatMap(({ jobs }) => jobs).find((job) => job.id === id)
  }
}
