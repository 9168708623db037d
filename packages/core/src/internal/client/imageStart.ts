/**
 * The first 64 KiB of a file at its own address, which is enough for the header of an image. It is the customer's file and
 * not the platform's: no key is sent, wherever the address leads.
 */
import * as Effect from "effect/Effect"
import * as Reasons from "../../GtStudioError.ts"
import { firstBytes } from "../../ImageHeader.ts"
import { retryAfterMillis, TransportError, type TransportResponse } from "../../Transport.ts"
import { firstOf } from "../firstBytes.ts"
import { type Answer, given, refused, transientStatus } from "./answer.ts"
import { attachmentSubject } from "./attachments.ts"
import { answerTime, type Client, failure, type Limits } from "./client.ts"
import { isRedirect, maxRedirects, redirectedTo, tooManyRedirects } from "./redirect.ts"

const limits: Limits = { memory: firstBytes, time: answerTime }
const range = `bytes=0-${firstBytes - 1}`

/** Origins that are remembered as unreachable. */
const mostOrigins = 1000

/** Failures of a host as a whole. */
const ofHost: ReadonlyArray<TransportError["failure"]> = ["Connect", "Tls", "Proxy", "Timeout"]

/** The beginnings of files, as a client gets them. */
export class ImageStarts {
  private readonly client: Client
  /** Origins that gave no answer for as long as the patience lasts: thousands of files would each wait as long. */
  private readonly unreachable = new Map<string, Reasons.Reason>()

  constructor(client: Client) {
    this.client = client
  }

  get(address: string, about: Reasons.About): Effect.Effect<Uint8Array, Reasons.GtStudioError> {
    const subject = () => attachmentSubject(address, about)
    const url = URL.parse(address)
    if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
      const reason = new Reasons.BadRequest({ detail: "the file's address is not one of http or https" })
      return Effect.fail(failure(subject(), { reason }, 1))
    }
    return Effect.suspend(() => {
      const reason = this.unreachable.get(url.origin)
      if (reason !== undefined) return Effect.fail(failure(subject(), { reason }, 1))
      return Effect.tapError(this.client.persist(subject, this.follow(url, 0), false), (error) =>
        Effect.sync(() => {
          if (error.reason._tag !== "ConnectionFailed" || !ofHost.includes(error.reason.failure)) return
          if (this.unreachable.size >= mostOrigins) this.unreachable.clear()
          this.unreachable.set(url.origin, error.reason)
        }))
    })
  }

  private follow(url: URL, redirects: number): Effect.Effect<Answer<Uint8Array>, TransportError> {
    const request = this.client.exchange(
      url,
      "storage",
      false,
      limits,
      (response) => arrive(response, url),
      undefined,
      undefined,
      range
    )
    return Effect.flatMap(request, (answer) => {
      if (answer._tag === "Refused") return Effect.succeed(answer)
      if (!(answer.value instanceof URL)) return Effect.succeed(given(answer.value))
      return redirects === maxRedirects
        ? Effect.succeed(tooManyRedirects)
        : this.follow(answer.value, redirects + 1)
    })
  }
}

/** The first bytes, or where a redirect leads. */
const arrive = (
  response: TransportResponse,
  url: URL
): Effect.Effect<Answer<Uint8Array | URL>, TransportError> => {
  const { body, status } = response
  if (isRedirect(status)) return Effect.succeed(redirectedTo(response, url))
  if (status !== 200 && status !== 206) {
    return Effect.clockWith((clock) => {
      const after = retryAfterMillis(response, clock.currentTimeMillisUnsafe())
      const reason = transientStatus(status, after) ??
        new Reasons.BadRequest({ detail: `its host responds with HTTP ${status}` })
      return Effect.succeed(refused({ reason, status }))
    })
  }
  if (body._tag === "Bytes") return Effect.succeed(given(body.bytes))
  // A host that knows no ranges sends all of the file: its connection is given up.
  return Effect.map(
    Effect.timeoutOrElse(firstOf(body.stream), {
      duration: answerTime,
      orElse: () => Effect.fail(new TransportError({ failure: "Stalled" }))
    }),
    given
  )
}
