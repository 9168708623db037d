/** Paths that a dataset may have files at. */

const encoder = new TextEncoder()

/** Whether each segment of a path is a name on every file system, and hidden on none. */
export const isSafePath = (path: string): boolean =>
  path.split("/").every((segment) =>
    /^[^\p{Cc}"*:<>?\\|]+$/u.test(segment) && !/^\.|[. ]$/.test(segment) &&
    segment.isWellFormed() && encoder.encode(segment).length <= 255
  )
