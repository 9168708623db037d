/** Tells what a killed commit has left in a sink's place from damage and from files that nobody stored. */
import type { JobSink } from "@labelstream/core"

/** Calls what `isPending` says is part of an unfinished commit by its name, whatever it was taken for. */
export const tell = (
  found: ReadonlyArray<JobSink.Inspected>,
  isPending: (path: string) => boolean
): ReadonlyArray<JobSink.Inspected> =>
  found.map((item): JobSink.Inspected => {
    if (item._tag === "Intact" || !isPending(item.path)) return item
    return { ...item, _tag: "Leftover" }
  })
