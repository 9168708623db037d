import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"
import { forEachInLanes } from "./lanes.ts"

/** Makes interruptible again what runs within work that is not. */
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

export interface Options<A, B, E> {
  /** Elements that are worked on at a time. */
  readonly lanes: number
  /** How far work may run ahead of an element that takes long: elements in all, and bytes of those that are done. */
  readonly ahead: { readonly elements: number; readonly bytes: number }
  /** Not interrupted, but for what it restores: what is done is handed on, and there is no gap. */
  readonly work: (element: A, restore: Restore) => Effect.Effect<B, E>
  readonly bytesOf: (done: B) => number
  /** Takes what was made of the elements, one at a time and in their order. */
  readonly handOn: (done: B) => Effect.Effect<unknown, E>
}

/**
 * Works on a stream in lanes and hands on what comes of it in the order of the stream. An element that takes long holds
 * back what follows it, but not the work on it: only where handing on is what takes long does work keep to its lanes.
 */
export class InOrder<A, B, E> {
  private readonly options: Options<A, B, E>
  /** What is done before its turn, by its place in the stream. */
  private readonly early = new Map<number, B>()
  private earlyBytes = 0
  private begun = 0
  /** Place of the element whose turn it is. */
  private turn = 0
  private isHandingOn = false
  private readonly room = Latch.makeUnsafe()

  constructor(options: Options<A, B, E>) {
    this.options = options
  }

  /** Works on all elements of a stream, after those of the one before. The first failure ends everything, as in lanes. */
  run<E2>(stream: Stream.Stream<A, E2>): Effect.Effect<void, E | E2> {
    const { lanes, work } = this.options
    return forEachInLanes(
      Stream.mapEffect(stream, (element) => this.begin(element)),
      lanes,
      ({ element, place }) =>
        Effect.uninterruptibleMask((restore) => Effect.flatMap(work(element, restore), (done) => this.end(place, done)))
    )
  }

  /** Hands on, in order, what is done and has not had its turn: for a run that ended before its end. */
  get rest(): Effect.Effect<void, E> {
    return Effect.suspend(() => {
      const places = Array.from(this.early.keys()).sort((a, b) => a - b)
      return Effect.forEach(places, (place) => this.handOn(place), { discard: true })
    })
  }

  /** Gives an element its place, as soon as it may be begun. */
  private begin(element: A) {
    return Effect.map(
      Effect.whileLoop({
        while: () => !this.hasRoom,
        body: () => {
          this.room.closeUnsafe()
          return this.room.await
        },
        step: () => {}
      }),
      () => ({ element, place: this.begun++ })
    )
  }

  private get hasRoom(): boolean {
    const { ahead, lanes } = this.options
    const begun = this.begun - this.turn
    return begun < lanes || (!this.isHandingOn && begun < ahead.elements && this.earlyBytes < ahead.bytes)
  }

  private end(place: number, done: B): Effect.Effect<void, E> {
    this.early.set(place, done)
    this.earlyBytes += this.options.bytesOf(done)
    if (this.isHandingOn || place !== this.turn) return Effect.void
    this.isHandingOn = true
    return Effect.map(
      Effect.whileLoop({
        while: () => this.early.has(this.turn),
        body: () => this.handOn(this.turn),
        step: () => {
          this.turn++
          this.room.openUnsafe()
        }
      }),
      () => {
        this.isHandingOn = false
        this.room.openUnsafe()
      }
    )
  }

  private handOn(place: number): Effect.Effect<unknown, E> {
    const done = this.early.get(place) as B
    this.early.delete(place)
    this.earlyBytes -= this.options.bytesOf(done)
    return this.options.handOn(done)
  }
}
