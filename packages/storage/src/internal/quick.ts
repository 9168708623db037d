/**
 * Runs operations in place while they are quick, and on other threads while they are not. On a local disk most
 * operations take microseconds, and a thread switch takes several times as long. Over a network, or on a busy disk, one
 * can take milliseconds that would block everything else. So would thousands of quick ones in a row: now and then one
 * waits until the event loop has taken a turn.
 */

/** From this mean on, in milliseconds, an operation is too slow to wait for. */
const slow = 1
/** The mean covers about this many calls, so that one interrupted call does not decide. */
const span = 16
/** How many calls go to other threads before the operation is tried in place again. */
const left = 1000
/** The longest time, in milliseconds, in which calls in place leave no turn to timers, signals, and sockets. */
const longest = 20

/** One operation in two forms: `inPlace` returns or throws at once, `elsewhere` does the same on another thread. */
export const quick = <Args extends ReadonlyArray<unknown>, A>(
  inPlace: (...args: Args) => A,
  elsewhere: (...args: Args) => Promise<A>,
  now: () => number = () => performance.now()
): (...args: Args) => Promise<A> => {
  let mean = 0
  let toLeave = 0
  let turn = now()
  const run = (args: Args): Promise<A> => {
    const start = now()
    const result = new Promise<A>((resolve) => resolve(inPlace(...args)))
    mean += (now() - start - mean) / span
    if (mean > slow) {
      mean = 0
      toLeave = left
    }
    return result
  }
  return (...args) => {
    if (toLeave > 0) {
      toLeave--
      return elsewhere(...args)
    }
    if (now() - turn < longest) return run(args)
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      turn = now()
      return run(args)
    })
  }
}
