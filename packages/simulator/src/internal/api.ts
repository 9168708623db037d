/** Responses of the API's origin: the content of each endpoint, and the faults of content. No sockets here. */
import type { Kind } from "../Fault.ts"
import type { Job } from "../Scenario.ts"
import * as Signing from "./signing.ts"
import * as Target from "./target.ts"
import * as Tokens from "./tokens.ts"
import * as Urls from "./urls.ts"
import { type Answer, bytes, json, platformError } from "./wire.ts"
import type { BatchState, World } from "./world.ts"

/** What responses depend on besides the request. */
export interface Context {
  readonly world: World
  readonly secret: string
  readonly now: () => number
  readonly apiUrl: () => string
  readonly storageUrl: () => string
}

const unknown = ({ world }: Context, code: string, message: string): Answer =>
  platformError(world.options.notFound, code, message)

const success = (data: unknown): Answer => json(200, { data, success: true })

/** `auth-failure` (documented) for a key that is wrong or missing. */
export const authFailure = ({ world }: Context): Answer =>
  platformError(world.options.authFailure, "auth-failure", "Authentication failed")

/** `unauthorized` in v1 (documented), `resource_error` in v0 (from the SDK). */
export const unknownProject = (context: Context, version: 0 | 1): Answer =>
  version === 1
    ? unknown(context, "unauthorized", "No access to the project")
    : unknown(context, "resource_error", "Project not found")

/** Batches of the project, `GET /v1|v0/projects/:id/details`. */
export const details = ({ world }: Context): Answer =>
  success({
    name: "Project XYZ",
    base: "IMAGE",
    batches: world.batches.map((batch) => {
      const totals = world.totals(batch)
      return {
        id: batch.id,
        name: batch.name,
        description: batch.ordinal === 0 ? "These are the jobs created on 23rd August" : "",
        is_default: false,
        total_jobs: totals.jobs,
        completed_jobs: totals.completedJobs,
        total_frames: totals.frames,
        completed_frames: totals.completedFrames,
        annotations: totals.annotations,
        created_at: `2019-08-${String(1 + batch.ordinal % 28).padStart(2, "0")}T17:55:13.203229+05:30`,
        // only "Complete" is documented
        status: totals.completedJobs === totals.jobs ? "Complete" : "In Progress"
      }
    })
  })

/** Totals of the project, `GET /v0/projects/:id/stats` (from the SDK). */
export const stats = ({ world }: Context): Answer => {
  const totals = world.batches.map((batch) => world.totals(batch))
  const sum = (of: (one: (typeof totals)[number]) => number): number => totals.reduce((n, one) => n + of(one), 0)
  return success({
    name: "Project XYZ",
    base: "IMAGE",
    total_batches: totals.length,
    completed_batches: totals.filter((one) => one.completedJobs === one.jobs).length,
    total_jobs: sum((one) => one.jobs),
    completed_jobs: sum((one) => one.completedJobs),
    total_frames: sum((one) => one.frames),
    completed_frames: sum((one) => one.completedFrames),
    annotations: sum((one) => one.annotations)
  })
}

const status = ({ world }: Context, finished: boolean): string =>
  finished ? "completed" : world.options.unfinishedStatus

const summary = (context: Context, version: 0 | 1, job: Job): unknown => {
  const common = {
    id: job.id,
    reference_id: job.referenceId,
    status: status(context, job.finished),
    frames: job.frames,
    annotations: job.annotations
  }
  return version === 1 ? common : { ...common, priority_weight: 5, tag: "sample-task", viewer_url: "" }
}

const badEntry = (entry: unknown, as: "noId" | "null" | "numberId" | "emptyId"): unknown => {
  if (as === "null") return null
  const { id: _, ...rest } = entry as { readonly id: string }
  return as === "noId" ? rest : { id: as === "numberId" ? 42 : "", ...rest }
}

const lastToken = { absent: {}, null: { next_page_token: null }, empty: { next_page_token: "" } } as const

/** The position at which a listing's page begins; undefined for a bad token. */
export const pageOffset = ({ world }: Context, batch: BatchState, token: string): number | undefined =>
  token === "" ? 0 : Tokens.read(world.options.seed, batch.ordinal, token)

/** A page of a batch's jobs, `GET /v1|v0/projects/:id/batch/:id?page_token=`. */
export const jobs = (
  context: Context,
  version: 0 | 1,
  batch: BatchState,
  token: string,
  fault: Kind | undefined
): Answer => {
  const { world } = context
  const { lastPage, pageSize, seed } = world.options
  const offset = pageOffset(context, batch, token)
  if (offset === undefined) return platformError(400, "invalid_request_error", "Invalid pageToken provided")
  if (fault?._tag === "JobsAdded") world.add(batch, fault.jobs)
  const range = (from: number, to: number): Array<unknown> => {
    const out: Array<unknown> = []
    for (let i = from; i < Math.min(to, batch.total); i++) out.push(summary(context, version, world.job(batch, i)))
    return out
  }
  const end = offset + pageSize
  const page = range(offset, end)
  if (fault?._tag === "Overlap") {
    if (offset > 0) page.unshift(...range(Math.max(0, offset - fault.jobs), offset))
    else page.push(...page.slice(0, fault.jobs))
  }
  if (fault?._tag === "BadEntry") {
    const at = page.length >> 1
    page[at] = badEntry(page[at] ?? { id: "" }, fault.as)
  }
  const next = fault?._tag === "RepeatedToken"
    ? { next_page_token: token === "" ? Tokens.make(seed, batch.ordinal, 0) : token }
    : end < batch.total
    ? { next_page_token: Tokens.make(seed, batch.ordinal, end) }
    : lastToken[lastPage]
  // ids of batch and project are empty in the documented examples
  return success({ id: "", project_id: "", name: batch.name, jobs: page, ...next })
}

/** `resource_error` for a batch that is not there (code guessed). */
export const unknownBatch = (context: Context): Answer => unknown(context, "resource_error", "Batch not found")

/** `FS_0006` for a job that is not there (documented for v0). */
export const unknownJob = (context: Context): Answer => unknown(context, "FS_0006", "Feed line unit not found")

const noResult = { empty: { result: "" }, null: { result: null }, absent: {} } as const

/** A job and the URL of its result, `GET /v1|v0/projects/:id/jobs/:id`. */
export const job = (
  context: Context,
  version: 0 | 1,
  batch: BatchState,
  index: number,
  fault: Kind | undefined
): Answer => {
  const { world } = context
  if (fault?._tag === "Reworked") world.rework(batch, index)
  const one = world.job(batch, index)
  const finished = one.finished && fault?._tag !== "Unfinished"
  return success({
    project_id: version === 1 ? world.projectId : "",
    reference_id: one.referenceId,
    job_id: one.id,
    batch_id: batch.id,
    status: status(context, finished),
    ...(version === 1 ? { work_flow_id: world.workFlowId } : {}),
    priority_weight: 5,
    tag: version === 1 ? world.workFlowId : "sample_project",
    ...(finished && fault?._tag !== "NoResult"
      ? { result: world.resultUrl(batch, index) }
      : noResult[world.options.unfinishedResult])
  })
}

const redirect = (context: Context, location: string | undefined): Answer => ({
  status: context.world.options.redirectStatus,
  body: bytes("text/html; charset=utf-8", "Moved\n"),
  ...(location === undefined ? {} : { headers: { location } })
})

/** A redirect to the signed URL, `GET /v1/attachments?url=`; status, lifetime and errors are not documented. */
export const attachment = (
  context: Context,
  hop: number,
  target: string,
  url: string,
  fault: Kind | undefined
): Answer => {
  const { location, redirectHops, urlLifetime } = context.world.options
  if (url === "") return platformError(400, "GE_0001", "url is invalid")
  const path = context.world.withoutOrigin(url)
  const host = path.split("/", 1)[0] ?? ""
  if (path === url || !Urls.hosts.has(host.toLowerCase())) {
    return platformError(400, "FS_0007", "Attachment could not be accessed")
  }
  const sign = (storagePath: string, now: number): string =>
    context.storageUrl() + Signing.signed(context.secret, storagePath, now, urlLifetime)
  const storagePath = Signing.storagePath(path)
  switch (fault?._tag) {
    case "ExpiredUrl":
      return redirect(context, sign(storagePath, context.now() - (urlLifetime + 60) * 1000))
    case "NoLocation":
      return redirect(context, undefined)
    case "RedirectLoop":
      return redirect(context, context.apiUrl() + target)
    case "Missing":
      return redirect(context, sign(`/missing${storagePath}`, context.now()))
    case "Denied":
      return redirect(context, `${sign(storagePath, context.now()).slice(0, -8)}00000000`)
    default: {
      const left = hop > 0 ? hop - 1 : redirectHops + (location === "relative" ? 1 : 0)
      if (left === 0) return redirect(context, sign(storagePath, context.now()))
      const next = `/v1/attachments/hop/${left}?url=${encodeURIComponent(url)}`
      return redirect(context, location === "relative" ? next : context.apiUrl() + next)
    }
  }
}

/** The response of an unknown endpoint. The platform's own form is not documented. */
export const nowhere = (method: string, path: string): Answer =>
  method === "GET" || method === "HEAD"
    ? platformError(404, "resource_error", `No route for ${Target.split(path)[0].slice(0, 200)}`)
    : platformError(405, "GE_0001", "The simulator reads only")
