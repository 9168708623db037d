/** What queries of an export must find, from what the simulator says of its documents, images, and masks. */
import { countDocuments } from "./countJson.ts"
import type { Load } from "./exportedTables.ts"

type Row = ReadonlyArray<string | number>

const decoder = new TextDecoder()

/** The jobs of a load with the text of their documents; none of a load that is torn. */
const documentsOf = ({ batchId, simulator, torn }: Load): ReadonlyArray<readonly [id: string, text: string]> =>
  torn !== undefined ? [] : Array.from(
    simulator.jobs(batchId),
    ({ id }) => [id, decoder.decode(simulator.expectedDocument(batchId, id))] as const
  )

const labelsOf = (documents: Iterable<string>) => Object.entries(countDocuments(documents).labels)

/** Rows of each label, over all loads. */
export const labels = (loads: ReadonlyArray<Load>): ReadonlyArray<Row> =>
  labelsOf(loads.flatMap((load) => documentsOf(load).map(([, text]) => text)))

/** Rows of each label, load by load. */
export const labelsByBatch = (loads: ReadonlyArray<Load>): ReadonlyArray<Row> =>
  loads.flatMap((load) => labelsOf(documentsOf(load).map(([, text]) => text)).map((row) => [load.batchId, ...row]))

/** Jobs whose documents have no annotation. */
export const emptyJobs = (loads: ReadonlyArray<Load>): ReadonlyArray<Row> =>
  loads.flatMap((load) => {
    const { batchId, simulator, torn } = load
    return Array.from(simulator.jobs(batchId), ({ id }) => id).filter((id) =>
      torn !== undefined || documentsOf(load).some(([job, text]) => job === id && labelsOf([text]).length === 0)
    ).map((id) => [batchId, id])
  })

interface Tracker {
  readonly _id?: string
  readonly track_id?: string
  readonly frame_id?: string
  readonly frames?: object
}

/** How many frames each track is in. */
export const tracks = (loads: ReadonlyArray<Load>): ReadonlyArray<Row> =>
  loads.flatMap((load) =>
    documentsOf(load).flatMap(([job, text]) => {
      const { data, ...rest } = JSON.parse(text) as Record<string, object>
      const { annotation_data: found } = (data ?? rest) as {
        readonly annotation_data?: { annotations: Array<Tracker> }
      }
      const frames = new Map<string, Set<string>>()
      for (const { _id = "", frame_id, frames: seen, track_id = _id } of found?.annotations ?? []) {
        const names = seen === undefined ? [frame_id ?? ""] : Object.keys(seen)
        if (seen !== undefined || track_id !== _id) {
          frames.set(track_id, new Set([...frames.get(track_id) ?? [], ...names]))
        }
      }
      return Array.from(frames, ([track, names]): Row => [load.batchId, job, track, names.size])
    })
  )

/** The rectangles that the images of a load show, in pixels. */
export const boxes = (loads: ReadonlyArray<Load>) =>
  loads.flatMap(({ batchId, simulator, torn }) =>
    Array.from(simulator.jobs(batchId))
      .filter(({ kind }) => kind !== "custom" && torn === undefined)
      .flatMap(({ id }) => simulator.expectedInputs(batchId, id))
      .flatMap(({ shapes, url }) =>
        shapes.filter(({ type }) => type === "rectangle").map(({ label, points }) => {
          const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)]
          const [x, y] = [Math.min(...xs), Math.min(...ys)]
          return { url, label, x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y }
        })
      )
  )

/** Reference ids of several jobs, with how many have each. */
export const sharedReferences = (loads: ReadonlyArray<Load>): ReadonlyArray<Row> => {
  const jobs = new Map<string, number>()
  for (const { batchId, simulator } of loads) {
    for (const { referenceId } of simulator.jobs(batchId)) jobs.set(referenceId, (jobs.get(referenceId) ?? 0) + 1)
  }
  return Array.from(jobs).filter(([, count]) => count > 1)
}

/** Addresses of the masks that have pixels of a class. */
export const masksWith = (loads: ReadonlyArray<Load>, label: string): ReadonlyArray<string> =>
  loads.flatMap(({ batchId, simulator }) =>
    Array.from(simulator.jobs(batchId)).flatMap(({ id }) =>
      simulator.expectedAttachments(batchId, id)
        .filter(({ counts, size }) =>
          size !== undefined && Object.keys(counts).some((name) => name.replace(/ # \d+$/, "") === label)
        )
        .map(({ url }) => url)
    )
  )
