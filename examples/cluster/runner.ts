/** Reads what a runner reports over HTTP. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

const get = (port: number, path: string) =>
  Effect.tryPromise(async (signal) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal })
    return { isWell: answer.ok, body: await answer.text() }
  })

/** Waits until a runner is ready, at most a minute. */
export const isReady = (port: number) =>
  get(port, "/health").pipe(
    Effect.filterOrFail(({ isWell }) => isWell),
    Effect.retry(Schedule.spaced("200 millis")),
    Effect.timeout("1 minute")
  )

/** Jobs that a runner has exported so far, from its metrics. */
export const exported = (port: number) =>
  Effect.map(get(port, "/metrics"), ({ body }) => {
    const value = /^labelstream_jobs_total\{[^}]*outcome="exported"[^}]*\} (\d+)/m.exec(body)?.[1]
    return Number(value ?? 0)
  })
