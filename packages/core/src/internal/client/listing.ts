import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { GtStudioError, MalformedResponse, RepeatedPageToken, type Subject } from "../../GtStudioError.ts"
import type { BatchRef, JobSummary } from "../../Job.ts"
import { isObject } from "../document/exactJson.ts"
import { type Answer, given, refused } from "./answer.ts"
import type { Client } from "./client.ts"
import { textOf } from "./descriptive.ts"
import { readJob } from "./listedJob.ts"

/** A job of the listing that cannot be read. */
export interface MalformedJob {
  /** The job's id if it can be read, otherwise its place, such as `page 3, job 17`. */
  readonly jobId: string
  /** Whether `jobId` is the platform's. */
  readonly identified: boolean
  /** Which field is wrong and what was expected; never the value. */
  readonly error: GtStudioError
}

/** One page of a batch's listing, in the platform's order. */
export interface JobPage {
  /** From 1. */
  readonly number: number
  readonly jobs: ReadonlyArray<JobSummary>
  readonly malformed: ReadonlyArray<MalformedJob>
}

interface RawPage {
  readonly jobs: ReadonlyArray<unknown>
  readonly next: string | null
}

/**
 * Pages of a batch, one read ahead: the request for it has left when the one before is given. Ends on an absent, null or
 * empty token (only the absent form is documented); a token that comes again is an error, since following it would not
 * end.
 */
export const pages = (
  client: Client,
  path: string,
  batch: BatchRef
): Stream.Stream<JobPage, GtStudioError> => {
  const subject: Subject = { operation: "listing", projectId: batch.projectId, batchId: batch.batchId }
  return Stream.suspend(() => {
    const tokens = new Set<string>()
    let number = 0
    return Stream.paginate<string | null, JobPage, GtStudioError>(null, (token) => {
      // The page that named the token is given first: its jobs may stand nowhere else.
      if (token !== null && tokens.has(token)) {
        return Effect.fail(new GtStudioError({ subject, reason: new RepeatedPageToken({ page: number }), attempts: 1 }))
      }
      if (token !== null) tokens.add(token)
      const query = token === null ? "" : `?page_token=${encodeURIComponent(token)}`
      return Effect.map(client.api(`${path}${query}`, subject, readPage), (page) => {
        number++
        return [[decodePage(page.jobs, number, subject)], Option.fromNullOr(page.next)] as const
      })
    }).pipe(
      Stream.bufferArray({ capacity: 1 }),
      // A consumer may keep the thread busy with a page. A transport that writes in a later turn, as undici does, sends
      // the next request first.
      Stream.tap(() => Effect.yieldNow)
    )
  })
}

const readPage = (data: unknown): Answer<RawPage> => {
  if (!isObject(data)) return malformed("data: expected an object")
  const jobs = data["jobs"] ?? []
  if (!Array.isArray(jobs)) return malformed("data.jobs: expected a list")
  const sent = data["next_page_token"] ?? ""
  const token = textOf(sent)
  if (token === null || typeof sent === "string" && token !== sent) {
    return malformed("data.next_page_token: expected a string")
  }
  return given({ jobs, next: token === "" ? null : token })
}

const malformed = (detail: string) => refused({ reason: new MalformedResponse({ detail, syntax: false }), status: 200 })

/** Reads a page job by job, so that a bad one spoils only itself. */
const decodePage = (raw: ReadonlyArray<unknown>, number: number, subject: Subject): JobPage => {
  const jobs: Array<JobSummary> = []
  const bad: Array<MalformedJob> = []
  raw.forEach((item, index) => {
    const job = readJob(item)
    if (Result.isSuccess(job)) {
      jobs.push(job.success)
      return
    }
    const id = idOf(item)
    const place = `page ${number}, job ${index + 1}`
    const detail = `${place}: ${job.failure.message.replaceAll(/\s*\n\s*/g, " ")}`
    bad.push({
      jobId: id ?? place,
      identified: id !== undefined,
      error: new GtStudioError({
        subject: id === undefined ? subject : { ...subject, jobId: id },
        reason: new MalformedResponse({ detail, syntax: false }),
        attempts: 1
      })
    })
  })
  return { number, jobs, malformed: bad }
}

const idOf = (item: unknown): string | undefined => {
  const id = isObject(item) ? item["id"] : undefined
  return typeof id === "string" && id !== "" && id.isWellFormed() ? id : undefined
}
