/**
 * Why GT Studio, or the storage that it points to, did not return what was requested. One error with a tagged reason, from
 * which alone the client decides whether a retry can help.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { TaggedError } from "./internal/taggedError.ts"
import * as PlainText from "./PlainText.ts"
import { TransportFailure } from "./Transport.ts"

/**
 * `never`: the response will stay the same. `later`: the same in this run, until a person changes something. `few`: worth two
 * more attempts. `budget`: worth retries while the retry budget lasts.
 */
type Patience = "never" | "later" | "few" | "budget"

/** The API key is missing or wrong (HTTP 401, `auth-failure`, `core.webutil.token_auth`; documented). */
export class InvalidKey extends TaggedError<InvalidKey>()("InvalidKey", {}) {
  get patience(): Patience {
    return "never"
  }
  override get message() {
    return "the platform does not accept the API key: check GT_STUDIO_API_KEY"
  }
}

/** The key may not see this project, batch or job (HTTP 403, `unauthorized`, `core.webutil.auther`; documented). */
export class Forbidden extends TaggedError<Forbidden>()("Forbidden", {}) {
  get patience(): Patience {
    return "never"
  }
  override get message() {
    return "this API key has no access here: check the project id, and that the key belongs to its organization"
  }
}

/** The project, batch or job does not exist (HTTP 404, `resource_error`, `FS_0006`). */
export class NotFound extends TaggedError<NotFound>()("NotFound", {}) {
  get patience(): Patience {
    return "never"
  }
  override get message() {
    return "the platform does not know it: check the ids"
  }
}

/** GT Studio refuses the request as it is (HTTP 4xx with a code of the documented table). */
export class BadRequest extends TaggedError<BadRequest>()("BadRequest", { detail: Schema.String }) {
  get patience(): Patience {
    return "never"
  }
  override get message() {
    return `GT Studio refuses the request: ${this.detail}. Check the ids`
  }
}

/** Too many requests (HTTP 429, or 503 that names a time to wait). */
export class Throttled extends TaggedError<Throttled>()("Throttled", {
  /** What `Retry-After` asks for, in milliseconds; null if the platform named no time. */
  retryAfterMillis: Schema.NullOr(Schema.Finite)
}) {
  get patience(): Patience {
    return "budget"
  }
  override get message() {
    return "the platform asks for fewer requests"
  }
}

/** A server error of GT Studio (HTTP 408, 443, 444, 5xx; `FS_0000`, `FS_0008`, `api_error` at any status; documented). */
export class ServerError extends TaggedError<ServerError>()("ServerError", { detail: Schema.String }) {
  get patience(): Patience {
    return "budget"
  }
  override get message() {
    return `GT Studio had a server error: ${this.detail}. Run again later`
  }
}

/** The connection could not be made, broke, stalled, or delivered less than it declared. */
export class ConnectionFailed extends TaggedError<ConnectionFailed>()("ConnectionFailed", {
  failure: TransportFailure,
  code: Schema.optionalKey(Schema.String),
  /** The host of the request, with its port if that is not the default one. */
  host: Schema.optionalKey(Schema.String),
  /** Host and port of the proxy that the environment names for it. */
  proxy: Schema.optionalKey(Schema.String)
}) {
  get patience(): Patience {
    if (this.failure === "Tls") return "later"
    // Busy and broken proxies recover; the others have decided.
    return this.failure === "Proxy" && /^PROXY_(?!408|429|5)/.test(this.code ?? "") ? "later" : "budget"
  }
  override get message() {
    const code = this.code === undefined ? "" : ` (${this.code})`
    const [to, from] = this.host === undefined ? ["", ""] : [` to ${this.host}`, ` from ${this.host}`]
    switch (this.failure) {
      case "Connect":
        return `no connection${to}${code}: check the host and the network`
      case "Tls": {
        const behind = this.proxy === undefined ? "" : ` through the proxy ${this.proxy}`
        return `no secure connection${to}${behind}${code}: if a proxy or your own authority signs its certificate, name ` +
          "the authority's file in NODE_EXTRA_CA_CERTS; else check the host and this machine's clock"
      }
      case "Proxy":
        return this.refusedByProxy()
      case "Reset":
        return `the connection${to} broke${code}`
      case "Truncated":
        return `the body${from} ended before its declared length`
      case "Stalled":
        return `the body${from} stopped arriving`
      case "Timeout":
        return `no answer${from} in time`
      case "Protocol":
        return `the response${from} is not valid HTTP${code}`
    }
  }

  private refusedByProxy(): string {
    const proxy = `the proxy ${this.proxy ?? ""}`.trim()
    const status = /^PROXY_(\d+)$/.exec(this.code ?? "")?.[1]
    const host = this.host ?? "the host"
    if (status === undefined) {
      const code = this.code === undefined ? "" : ` (${this.code})`
      return `no connection to ${proxy}${code}: check HTTPS_PROXY and HTTP_PROXY, or except ${host} with NO_PROXY`
    }
    if (status === "407") {
      return `${proxy} asks for a user and a password (HTTP 407): set HTTPS_PROXY to http://USER:PASSWORD@HOST:PORT`
    }
    return `${proxy} does not connect to ${host} (HTTP ${status}): have the host allowed there, or except it with NO_PROXY`
  }
}

/** The answer is not the JSON that it should be. */
export class MalformedResponse extends TaggedError<MalformedResponse>()("MalformedResponse", {
  /** Which field is wrong and what was expected; never the value. */
  detail: Schema.String,
  /** Broken JSON may arrive whole the next time; JSON of another shape will not change. */
  syntax: Schema.Boolean
}) {
  get patience(): Patience {
    return this.syntax ? "few" : "never"
  }
  override get message() {
    return `the response cannot be read: ${this.detail}. If it stays so, update this software or report it`
  }
}

/**
 * A storage responds with HTTP 200, but not with the file: a web page, an error, nothing, or bytes that end too early
 * and differ with each download.
 */
export class NotTheFile extends TaggedError<NotTheFile>()("NotTheFile", {
  /** What came instead, with its article; never its text. */
  detail: Schema.String,
  /**
   * `page`: a web page, as proxies and portals answer for long. `error`: nothing, or an error. `doubt`: bytes that cannot
   * be used; they are the file if they come twice.
   */
  kind: Schema.Literals(["page", "error", "doubt"])
}) {
  get patience(): Patience {
    return this.kind === "page" ? "few" : "budget"
  }
  override get message() {
    return `instead of the file came ${this.detail}: a proxy may be in the way`
  }
}

/** The listing named a page token that it had named before: following it would not end. */
export class RepeatedPageToken extends TaggedError<RepeatedPageToken>()("RepeatedPageToken", {
  /** Number of the page that named it, from 1. */
  page: Schema.Int
}) {
  get patience(): Patience {
    return "never"
  }
  override get message() {
    return `page ${this.page} of the listing points back to an earlier page: run again later, or ask GT Studio's support`
  }
}

/** A redirect without a usable `Location`, or more redirects than are followed. */
export class BadRedirect extends TaggedError<BadRedirect>()("BadRedirect", { detail: Schema.String }) {
  get patience(): Patience {
    return "never"
  }
  override get message() {
    return this.detail
  }
}

/** The storage refuses the signed URL (HTTP 401 or 403): it has expired, or the file is not to be had. */
export class SignedUrlRejected extends TaggedError<SignedUrlRejected>()("SignedUrlRejected", {}) {
  get patience(): Patience {
    return "few"
  }
  override get message() {
    return "the storage rejects the signed URL, also a fresh one: the file may be gone or not readable. Ask GT Studio's support about this job"
  }
}

/** The file behind an attachment is not there (HTTP 404 or 410 at the storage, `FS_0007`). */
export class AttachmentMissing extends TaggedError<AttachmentMissing>()("AttachmentMissing", {}) {
  get patience(): Patience {
    return "few"
  }
  override get message() {
    return "the file is not in GT Studio's storage"
  }
}

/** A conversion has no platform to ask, and its source does not give the job back. */
export class NotReplayable extends TaggedError<NotReplayable>()("NotReplayable", { source: Schema.String }) {
  get patience(): Patience {
    return "never"
  }
  override get message() {
    return `${this.source} does not give it back: its bytes were not kept there, or are no longer those that were stored`
  }
}

/** All reasons. */
export const Reason = Schema.Union([
  InvalidKey,
  Forbidden,
  NotFound,
  BadRequest,
  Throttled,
  ServerError,
  ConnectionFailed,
  MalformedResponse,
  NotTheFile,
  RepeatedPageToken,
  BadRedirect,
  SignedUrlRejected,
  AttachmentMissing,
  NotReplayable
])

export type Reason = typeof Reason.Type

/** What was being done, and for which part of the platform's data. */
export const Subject = Schema.Struct({
  operation: Schema.Literals(["project", "listing", "job", "attachment"]),
  projectId: Schema.optionalKey(Schema.String),
  batchId: Schema.optionalKey(Schema.String),
  jobId: Schema.optionalKey(Schema.String),
  /** The attachment's unsigned URL without its query. */
  url: Schema.optionalKey(Schema.String)
})

export type Subject = typeof Subject.Type

/** Whom a request is about, for its error. */
export type About = Omit<Subject, "operation" | "url">

/** A request to GT Studio failed, and retries did not help. Its text and fields hold neither the key nor a signed URL. */
export class GtStudioError extends TaggedError<GtStudioError>()("GtStudioError", {
  subject: Subject,
  reason: Reason,
  /** HTTP status of the last response, if there was one. */
  status: Schema.optionalKey(Schema.Int),
  /** The platform's own error code, such as `FS_0000`, if it sent one. */
  code: Schema.optionalKey(Schema.String),
  /** Attempts, from 1. */
  attempts: Schema.Int,
  /**
   * True where going on is useless, and an export stops at once: the API accepted nothing with this key and refused 5
   * requests, or refused 100 in a row as unauthenticated. Access refused to one job or batch is that one's failure.
   */
  isFatal: Schema.Boolean.pipe(Schema.withConstructorDefault(Effect.succeed(false)))
}) {
  override get message() {
    const { operation, projectId, batchId, jobId, url } = this.subject
    const of = jobId !== undefined
      ? `job ${jobId}`
      : batchId !== undefined
      ? `batch ${batchId}`
      : projectId !== undefined
      ? `project ${projectId}`
      : undefined
    const asked = operation === "attachment" ? `attachment ${url ?? ""}`.trim() : operation
    const isNamed = of !== undefined && (operation === "project" || operation === "job")
    const what = isNamed ? [of] : [asked, of].filter((part) => part)
    const facts = [
      this.status === undefined ? "" : `HTTP ${this.status}`,
      this.code ?? "",
      this.attempts > 1 ? `tried ${this.attempts} times` : ""
    ].filter((fact) => fact !== "")
    const said = facts.length === 0 ? "" : ` [${facts.join(", ")}]`
    return PlainText.message(`${what.join(" of ")}: ${this.reason.message}${said}`)
  }
  /** Whether the same request may succeed at another time: a later run then retries it. */
  get isRetryable() {
    return this.reason.patience !== "never"
  }
  /** Whether the API refused access to a batch, job or project. Where it refuses every batch, no export is possible. */
  get isRefusal() {
    return this.reason._tag === "InvalidKey" || this.reason._tag === "Forbidden"
  }
}
