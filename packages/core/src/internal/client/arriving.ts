/**
 * One attachment on its way into the spool, over all its downloads. Decides whether what arrived is the file: bytes that
 * only may be wrong are, once a second download gives them too.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Content, ContentError } from "../../Content.ts"
import * as Reasons from "../../GtStudioError.ts"
import * as PlainText from "../../PlainText.ts"
import type { Spool } from "../../Spool.ts"
import type { TransportError, TransportResponse } from "../../Transport.ts"
import { type Answer, given, mediaType, type Refusal, refused } from "./answer.ts"
import type { ArrivalWatcher } from "./arrivalWatcher.ts"
import type { DataUri } from "./dataUri.ts"
import { type Fault, FileCheck } from "./fileCheck.ts"
import { gunzipped, isArchive, isPlain } from "./gunzip.ts"

/** A file in the spool, or why the spool did not take it: a full disk is not the platform's fault, and ends the tries. */
export type Received = Result.Result<Content, ContentError>

/** See above. */
export class Arriving {
  private readonly attachment: string
  private readonly subject: () => Reasons.Subject
  private readonly spool: Spool["Service"]
  private readonly watcher: ArrivalWatcher | undefined
  private readonly check: FileCheck
  /** Whether the last body declared its length. */
  private hasLength = true
  /** Hashes of content that may be wrong. */
  private readonly doubted = new Set<string>()

  constructor(
    attachment: string,
    subject: () => Reasons.Subject,
    spool: Spool["Service"],
    watcher: ArrivalWatcher | undefined
  ) {
    this.attachment = attachment
    this.subject = subject
    this.spool = spool
    this.watcher = watcher
    this.check = new FileCheck(attachment)
  }

  /** Keeps a body in the spool until `scope` closes, and watches its bytes on the way. */
  receive(arrived: TransportResponse, scope: Scope.Scope): Effect.Effect<Received, TransportError> {
    const arrival = { mediaType: mediaType(arrived) }
    const { body } = unpacked(this.attachment, arrived)
    this.hasLength = hasLength(arrived)
    this.begin()
    if (body._tag === "Bytes") this.check.take(body.bytes)
    const kept = body._tag === "Bytes"
      ? this.spool.keep(body.bytes, arrival)
      : this.spool.receive(this.watched(body.stream), arrival)
    return Effect.matchEffect(Effect.provideService(kept, Scope.Scope, scope), {
      onSuccess: (content) => Effect.succeed<Received>(Result.succeed(content)),
      onFailure: (error) =>
        error._tag === "ContentError" ? Effect.succeed<Received>(Result.fail(error)) : Effect.fail(error)
    })
  }

  /** What was received, unless it is not the file: then it is given up at once. */
  judge(content: Content, scope: Scope.Closeable): Effect.Effect<Answer<Content>, ContentError> {
    return Effect.flatMapEager(this.fault(content, scope), (fault) => {
      if (fault === undefined) return Effect.succeed(given(content))
      if (this.doubted.has(content.sha256)) {
        if (fault.kind === "unproven") return Effect.succeed(given(content))
        if (fault.kind === "doubt") return this.taken(content, fault)
      }
      this.doubted.add(content.sha256)
      return Effect.as(Scope.close(scope, Exit.void), refused(notTheFile(fault)))
    })
  }

  /** A file inside its own URL. Another download would return the same bytes, so a doubt is no reason to refuse it. */
  inPlace({ bytes, mediaType }: DataUri, scope: Scope.Scope): Effect.Effect<Answer<Content>, ContentError> {
    this.begin()
    this.check.take(bytes)
    return Effect.flatMap(
      Effect.provideService(this.spool.keep(bytes, { mediaType }), Scope.Scope, scope),
      (content) =>
        Effect.flatMap(this.fault(content, scope), (fault) => {
          if (fault === undefined) return Effect.succeed(given(content))
          return fault.kind === "doubt" ? this.taken(content, fault) : Effect.succeed(refused(notTheFile(fault)))
        })
    )
  }

  private begin(): void {
    this.check.begin()
    this.watcher?.begin()
  }

  private watched<E>(body: Stream.Stream<Uint8Array, E>): Stream.Stream<Uint8Array, E> {
    return Stream.mapArray(body, (chunks) => {
      for (const chunk of chunks) {
        this.check.push(chunk)
        this.watcher?.push(chunk)
      }
      return chunks
    })
  }

  /** What speaks against it: the bytes themselves, or what the watcher makes of them. */
  private fault(content: Content, scope: Scope.Scope): Effect.Effect<Fault | undefined, ContentError> {
    const isChecked = this.watcher?.check !== undefined
    const fault = this.check.fault(content.mediaType, this.hasLength || isChecked)
    if (fault !== undefined && fault.kind !== "doubt" || this.watcher?.check === undefined) return Effect.succeed(fault)
    const doubted = Effect.provideService(this.watcher.check(content), Scope.Scope, scope)
    return Effect.map(doubted, (detail) => detail === undefined ? fault : { kind: "doubt", detail })
  }

  /** Doubtful content, which is stored as it came. The log names it. */
  private taken(content: Content, { detail }: Fault): Effect.Effect<Answer<Content>> {
    const { jobId, url = "" } = this.subject()
    const of = jobId === undefined ? "" : ` of job ${jobId}`
    const text = PlainText.message(`${url}${of} is ${detail}: each download gives the same, so it is stored as it came`)
    return Effect.as(Effect.logWarning(PlainText.onOneLine(text)), given({ ...content, doubt: detail }))
  }
}

/** Returns the refusal of a body that is read as it arrives, as far as a body in memory shows one. */
export const refusalOf = (attachment: string, { body, ...response }: TransportResponse): Refusal | undefined => {
  if (body._tag === "Stream") return undefined
  const check = new FileCheck(attachment)
  check.take(body.bytes)
  const fault = check.fault(mediaType({ body, ...response }))
  return fault === undefined || fault.kind === "doubt" ? undefined : notTheFile(fault)
}

/** Whether the end of a body differs from a loss: HTTP/1 has two ways to send a body without its length. */
const hasLength = ({ header }: TransportResponse): boolean =>
  header("content-length") !== undefined ||
  header("transfer-encoding") === undefined && !/\bclose\b/i.test(header("connection") ?? "")

/** The response out of a gzip that no header names, unless the file is an archive. */
export const unpacked = (attachment: string, response: TransportResponse): TransportResponse =>
  isPlain(response) || isArchive(attachment, mediaType(response)) ? response : gunzipped(response)

const notTheFile = ({ detail, kind }: Fault): Refusal => ({
  reason: new Reasons.NotTheFile({ detail, kind: kind === "unproven" ? "doubt" : kind }),
  status: 200
})
