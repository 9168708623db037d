/** Turns errors of PostgreSQL and the network into the sink's errors: what a code means, and what to do. */
import { JobSink } from "@labelstream/core/sink"
import { Failure } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import type { SqlError } from "effect/sql/SqlError"

/** The kind of this sink. */
export const sinkName = "postgres"

/** A failure that the sink itself found. */
export const problem = (
  step: Failure.Where["step"],
  reason: JobSink.SinkErrorReason,
  detail: string
): Effect.Effect<never, JobSink.SinkError> =>
  Effect.fail(new JobSink.SinkError({ sink: sinkName, step, reason, detail }))

/** The error of the sink for a failed statement. `name` says which database it was. */
export const toSinkError = (name: string, where: Failure.Where) => (error: SqlError): JobSink.SinkError =>
  new JobSink.SinkError({ sink: sinkName, ...where, ...explain(name, where, error), cause: error.reason })

/** The SQLSTATE, or the system's code; "" if there is none. */
export const codeOf = ({ reason: { cause } }: SqlError): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : ""

/** Whether the session is gone and with it its transaction, so that only a new connection helps. */
export const isLost = (error: SqlError): boolean =>
  error.reason._tag === "ConnectionError" || /^(57P0[1-5]|25P0[34]|08)/.test(codeOf(error))

/** Whether the transaction collided with another one, and can succeed if it is repeated. */
export const collided = (error: SqlError): boolean =>
  ["UniqueViolation", "DeadlockError", "SerializationError"].includes(error.reason._tag)

/** Whether the values of a record cannot be stored. */
export const isOfValues = (error: SqlError): boolean => /^(22|23|54)/.test(codeOf(error))

type Explained = { readonly reason: JobSink.SinkErrorReason; readonly detail: string }

const explain = (name: string, where: Failure.Where, error: SqlError): Explained => {
  const { cause } = error.reason
  // The driver's message says what it did; its cause says why that failed.
  const message = cause instanceof Error ? cause.message : error.reason.message
  const code = codeOf(error)
  switch (error.reason._tag) {
    case "AuthenticationError":
      return { reason: "misconfigured", detail: `${name} refuses the user or the password: correct the URL` }
    case "AuthorizationError":
      return {
        reason: "misconfigured",
        detail: `${name} does not let this user do that: grant it rights to the schema`
      }
    case "StatementTimeoutError":
      return {
        reason: "unavailable",
        detail:
          `${name} ended a statement that took too long: run again when it is less busy, or raise its statement_timeout`
      }
    case "LockTimeoutError":
      return {
        reason: "unavailable",
        detail: `rows of ${name} are held by another transaction: let it end and run again`
      }
  }
  if (code === "3D000") {
    return { reason: "misconfigured", detail: `${name} has no such database: create it, or correct the URL` }
  }
  const unfit = unfitFor(message, code)
  if (unfit !== undefined) return { reason: "misconfigured", detail: `${name} ${unfit}` }
  if (isLost(error) || /^(57P|E[A-Z])/.test(code)) {
    const why = where.step === "check" || where.step === "open" ? `: ${shortened(message)}` : ""
    return { reason: "unavailable", detail: `${name} does not respond: check that it runs and can be reached${why}` }
  }
  if (collided(error)) {
    return { reason: "unavailable", detail: `${name} is busy with other writers for too long: run again` }
  }
  if (code === "2BP01") {
    const detail =
      `your views depend on columns that must change in ${name}: drop them, run again, and create them again`
    return { reason: "misconfigured", detail: `${detail}: ${shortened(message)}` }
  }
  if (code === "25006") {
    return { reason: "misconfigured", detail: `${name} is read-only: is it a standby? Give the primary` }
  }
  if (code === "53100") return { reason: "unavailable", detail: `the disk of ${name} is full: free some and run again` }
  if (/^(53|58)/.test(code)) {
    return { reason: "unavailable", detail: `${name} cannot do that now: ${shortened(message)}` }
  }
  if (/^(42P01|42703|42P10|3F000)$/.test(code)) {
    return { reason: "corrupt", detail: `the tables in ${name} are not those that a run made: ${shortened(message)}` }
  }
  if (code.startsWith("XX")) return { reason: "corrupt", detail: `${name} is damaged: ${shortened(message)}` }
  if (isOfValues(error)) {
    return { reason: "rejected", detail: `its values do not fit the tables: ${shortened(message)}` }
  }
  return { reason: "unavailable", detail: `${name}: ${shortened(message)}` }
}

/** Why no connection can be made with this URL, by the message and the code of the driver or Node.js. */
const unfitFor = (said: string, code: string): string | undefined => {
  if (/CERT|UNABLE_TO_(GET|VERIFY)/.test(code)) {
    return `has a certificate that is not trusted (${code}): give its CA's file in NODE_EXTRA_CA_CERTS, or correct the host`
  }
  if (said.includes("does not support TLS")) return "has no TLS: turn it on there, or take sslmode out of the URL"
  return / in URL: "/.test(said) ? `cannot be reached: ${shortened(said)}` : undefined
}

/** A server's message can be long, because it may repeat values. */
const shortened = (message: string) => message.length > 200 ? `${message.slice(0, 200)}...` : message
