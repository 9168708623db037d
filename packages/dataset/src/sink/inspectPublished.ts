/** Compares what is published with what is there. */
import type { JobSink } from "@labelstream/core/sink"
import { Files, Hash } from "@labelstream/storage"
import type { Place } from "./place.ts"
import { readHeader, readPublished } from "./publication.ts"

const atOnce = 8

/** Yields the published files that are missing or modified. They are of no single job: the next `finish` restores them. */
export async function* inspectPublished(
  place: Place,
  depth: JobSink.InspectDepth
): AsyncGenerator<ReadonlyArray<JobSink.Inspected>> {
  if ((await readHeader(place))?.done !== true) return
  for await (const files of readPublished(place)) {
    const found: Array<JobSink.Inspected> = []
    await Files.forEachLimit(files, atOnce, async (file) => {
      const comparison = await Hash.compare(place.fs, place.output, file, depth === "content")
      if (comparison === "same") return
      const _tag = comparison === "missing" ? "Missing" : "Modified"
      found.push({ _tag, path: file.path })
    })
    yield found
  }
}
