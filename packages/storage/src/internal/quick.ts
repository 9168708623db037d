/**
 * Runs operations in place while that is quick, and on other threads where it is not. On a local disk most operations
 * take microseconds, and asking another thread takes several times as long; over a network, or on a disk that has
 * fallen behind, one can take milliseconds in which nothing else would continue.
 */

/** From this mean on, in milliseconds, an operation is too slow to wait for. */
const slow = 1
/** The mean goes over about this many calls: one that was merely cut off by another process does not decide. */
const span = 16
/** So many calls are left to other threads before the operation is tried in place again. */
const left = 1000

/** One operation in two forms: `inPlace` returns or throws at once, `elsewhere` does the same on another thread. */
export const quick = <Args extends ReadonlyArray<unknown>, A>(
  inPlace: (...args: Args) => A,
  elsewhere: (...args: Args) => Promise<A>,
  now: () => number = () => performance.now()
): (...args: Args) => Promise<A> => {
  let mean = 0
  let toLeave = 0
  return (...args) => {
    if (toLeave > 0) {
      toLeave--
      return elsewhere(...args)
    }
    const start = now()
    const result = new Promise<A>((resolve) => resolve(inPlace(...args)))
    mean += (now() - start - mean) / span
    if (mean > slow) {
      mean = 0
      toLeave = left
    }
    return result
  }
}
