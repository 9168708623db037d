/**
 * undici's handler for one GET. Collects a small body into one array and answers once, when it is whole; turns into a
 * bounded queue with back-pressure as soon as the body is known, or found, to be longer than the limit.
 *
 * undici calls it from within its parser, which must not be re-entered. So the waiting fiber is never resumed from a
 * callback but in a microtask after it.
 */
import type { Transport } from "@labelstream/core"
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { Dispatcher } from "undici"
import { own } from "./received.ts"
import { fromDispatch, make } from "./transportFailure.ts"

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>[2]
type Answer = Exit.Exit<Transport.TransportResponse, Transport.TransportError>
type BodyPull = Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, Transport.TransportError>

// A queue of this length keeps a fast link busy while the reader works, and 64 of them take 16 MiB.
const queueBytes = 256 * 1024
// Bounds the queue of a peer that sends its bytes one by one: each chunk costs about 200 bytes besides its content.
const queueChunks = 256
// First allocation for a body of unknown length that did not come in one piece; doubled as it grows.
const firstAllocation = 16 * 1024

const maxTimeout = 2 ** 31 - 1

// undici takes 0 for "no timeout".
const timeout = (duration: Duration.Duration) => {
  const millis = Duration.toMillis(duration)
  return millis > maxTimeout ? 0 : Math.max(1, Math.ceil(millis))
}

const never = Number.POSITIVE_INFINITY

const cancelled = new Error("cancelled")

const noHeader = () => undefined

const lookUp = (headers: Headers) => (name: string): string | undefined => {
  if (!Object.hasOwn(headers, name)) return undefined
  const value = headers[name]
  return Array.isArray(value) ? value.join(", ") : value
}

// undici emits Buffers, whose `slice` aliases; that of an array copies.
const plain = (chunk: Uint8Array) => new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)

/** One request and its answer, body as it came: no content encoding is undone here. */
export class Exchange implements Dispatcher.DispatchHandler {
  private readonly memoryLimit: number
  private readonly isChunkOurs: boolean
  private readonly proxy: URL | undefined
  private resume: ((answer: Answer) => void) | undefined
  private controller: Dispatcher.DispatchController | undefined
  private phase: "connecting" | "headers" | "collecting" | "streaming" | "over" = "connecting"

  private status = 0
  private header: (name: string) => string | undefined = noHeader
  private declared: number | undefined
  private received = 0
  /** When a body that is collected must be whole, on the clock of `performance`. */
  private dueAt = never

  // While collecting: the only chunk as it came, or the array that the chunks are copied into.
  private collected: Uint8Array | undefined
  private copied = false

  // While streaming, and after it until the reader has taken all.
  private queue: Array<Uint8Array> = []
  private queued = 0
  private failure: Transport.TransportError | undefined
  private wake: (() => void) | undefined

  /**
   * `isChunkOurs`: whether only the reader of the body can have kept a chunk of it. `proxy`: which proxy may be asked
   * first.
   */
  constructor(memoryLimit: number, isChunkOurs: boolean, proxy?: URL) {
    this.proxy = proxy
    this.memoryLimit = memoryLimit
    this.isChunkOurs = isChunkOurs
  }

  /** Sends the request. `resume` is called once, never before this returns. */
  start(
    dispatcher: Dispatcher,
    request: Transport.TransportRequest,
    resume: (answer: Answer) => void
  ): void {
    this.resume = resume
    const { answerTimeout, url } = request
    if (answerTimeout !== undefined) this.dueAt = performance.now() + Duration.toMillis(answerTimeout)
    try {
      dispatcher.dispatch({
        origin: url.origin,
        path: url.pathname + url.search,
        method: "GET",
        headers: request.headers,
        headersTimeout: timeout(request.headersTimeout),
        bodyTimeout: timeout(request.idleTimeout)
      }, this)
    } catch (cause) {
      this.fail(cause)
    }
  }

  /** Gives the exchange up: closes its connection unless the body has been read to its end. */
  cancel(): void {
    if (this.phase === "over") return
    const controller = this.controller
    this.resume = undefined
    this.phase = "over"
    this.failure = make("Reset", "ABORTED")
    this.queue = []
    this.signal()
    controller?.abort(cancelled)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // A throw drops the request and leaves the connection to the next one; an abort would close the connection.
    if (this.phase === "over") throw cancelled
    this.controller = controller
    this.phase = "headers"
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200 || this.phase !== "headers") return
    this.status = status
    this.header = lookUp(headers)
    const length = status === 204 || status === 304 ? undefined : this.header("content-length")
    this.declared = length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined
    this.phase = "collecting"
    if (this.declared !== undefined && this.declared > this.memoryLimit) this.spill(0)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (chunk.byteLength === 0) return
    this.received += chunk.byteLength
    if (this.phase === "collecting") {
      if (this.dueAt !== never && performance.now() > this.dueAt) {
        this.finish(make("Stalled"))
        return controller.abort(cancelled)
      }
      const before = this.received - chunk.byteLength
      if (this.received <= this.memoryLimit) return this.collect(chunk, before)
      this.spill(before)
    }
    if (this.phase !== "streaming") return
    const bytes = plain(chunk)
    if (this.isChunkOurs) own(bytes)
    this.queue.push(bytes)
    this.queued += chunk.byteLength
    if (this.queued >= queueBytes || this.queue.length >= queueChunks) controller.pause()
    this.signal()
  }

  onResponseEnd(): void {
    if (this.phase === "over") return
    // undici verifies this too; a dispatcher put in its place might not.
    if (this.declared !== undefined && this.received !== this.declared) return this.finish(make("Truncated"))
    if (this.phase === "collecting") {
      const bytes = this.collected === undefined
        ? new Uint8Array(0)
        : this.copied
        ? this.collected.subarray(0, this.received)
        : plain(this.collected)
      this.answer({ _tag: "Bytes", bytes })
    }
    this.finish(undefined)
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, cause: Error): void {
    this.fail(cause)
  }

  private fail(cause: unknown): void {
    if (this.phase === "over") return
    const phase = this.phase === "connecting" || this.phase === "headers" ? this.phase : "body"
    this.finish(fromDispatch(cause, phase, this.proxy))
  }

  private collect(chunk: Uint8Array, before: number): void {
    if (this.collected === undefined) {
      this.collected = chunk
      return
    }
    if (!this.copied || this.received > this.collected.byteLength) {
      const guess = Math.min(Math.max(firstAllocation, 2 * this.received), this.memoryLimit)
      const grown = new Uint8Array(Math.max(this.received, this.declared ?? guess))
      grown.set(this.collected.subarray(0, before))
      this.collected = grown
      this.copied = true
    }
    this.collected.set(chunk, before)
  }

  /** Turns to streaming, with the bytes collected before as the beginning. */
  private spill(before: number): void {
    this.phase = "streaming"
    if (this.collected !== undefined) this.queue.push(plain(this.collected.subarray(0, before)))
    this.queued = before
    this.collected = undefined
    let opened = false
    const pull: BodyPull = Effect.suspend(() => this.take(pull))
    const stream = Stream.fromPull(Effect.suspend(() => {
      if (opened) return Effect.die(new Error("The body of a response can be read once"))
      opened = true
      return Effect.succeed(pull)
    }))
    this.answer({ _tag: "Stream", stream })
  }

  /** What has arrived, or the end, or a wait for either. */
  private take(pull: BodyPull): BodyPull {
    const [first, ...rest] = this.queue
    if (first !== undefined) {
      this.queue = []
      this.queued = 0
      if (this.controller?.paused === true) this.controller.resume()
      return Effect.succeed([first, ...rest])
    }
    if (this.failure !== undefined) return Effect.fail(this.failure)
    if (this.phase === "over") return Cause.done()
    return Effect.callback((resume) => {
      this.wake = () => resume(pull)
      return Effect.sync(() => {
        this.wake = undefined
      })
    })
  }

  private answer(body: Transport.TransportBody): void {
    const { header, resume, status } = this
    this.resume = undefined
    if (resume !== undefined) queueMicrotask(() => resume(Exit.succeed({ status, header, body })))
  }

  private finish(failure: Transport.TransportError | undefined): void {
    const resume = this.resume
    this.phase = "over"
    this.failure = failure
    this.resume = undefined
    this.collected = undefined
    if (failure !== undefined && resume !== undefined) queueMicrotask(() => resume(Exit.fail(failure)))
    this.signal()
  }

  private signal(): void {
    const wake = this.wake
    this.wake = undefined
    if (wake !== undefined) queueMicrotask(wake)
  }
}
