/** The tracks of a video as CVAT XML. Its shapes are sorted by track and frame, in files if there are many. */
import { nodeFs, SortedLines } from "@labelstream/storage"
import * as Stream from "effect/Stream"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatasetError } from "../../DatasetError.ts"
import type { Sample } from "../../Sample.ts"
import { sizeOf } from "../shared/pixels.ts"
import * as Xml from "../shared/xml.ts"
import { element } from "./cvatShapes.ts"

/** The shape of a track in a frame, as its element. */
type Line = readonly [track: string, label: string, frame: number, shown: string]

/** The attributes of an element that say when it is there. No text of a user comes before them. */
const at = (frame: number, outside: 0 | 1) => `frame="${frame}" keyframe="1" outside="${outside}"`

const padded = (number: number): string => String(number).padStart(10, "0")

/** Makes lines of frames, then XML of the sorted lines. */
const tracker = () => {
  const numbers = new Map<string, number>()
  let [lastFrame, made, written] = [0, 0, 0]
  let before: Line | undefined
  /** The track of a shape. It has one kind of element; a shape without a track id is a track of its own. */
  const trackOf = (track: string | null, label: string, shown: string): string => {
    if (track === null) return padded(made++)
    const id = JSON.stringify([track, label, shown.slice(1, shown.indexOf(" "))])
    const number = numbers.get(id) ?? made++
    numbers.set(id, number)
    return padded(number)
  }
  /** Marks the shape before as gone in the frame after it, if the video has that frame. */
  const gone = (): string => {
    if (before === undefined || before[2] >= lastFrame) return ""
    const [, , frame, shown] = before
    return `${shown.replace(at(frame, 0), () => at(frame + 1, 1))}\n`
  }
  const end = (): string => before === undefined ? "" : `${gone()}</track>\n`
  return {
    linesOf: (sample: Sample): ReadonlyArray<SortedLines.Keyed> => {
      const frame = sample.frame?.index ?? 0
      const size = sizeOf(sample)
      lastFrame = Math.max(lastFrame, frame)
      return sample.shapes.map((shape, index) => {
        const shown = element(shape, size, { frame, keyframe: 1, outside: 0 })
        const track = trackOf(shape.track, shape.label, shown)
        const line: Line = [track, shape.label, frame, shown]
        return { key: `${track}${padded(frame)}${padded(index)}`, line: JSON.stringify(line) }
      })
    },
    write: (text: string): string => {
      const line = JSON.parse(text) as Line
      const [track, label, frame, shown] = line
      const start = before?.[0] === track
        ? frame > before[2] + 1 ? gone() : ""
        : `${end()}<track id="${written++}" label="${Xml.escape(label)}" source="manual">\n`
      before = line
      return `${start}${shown}\n`
    },
    end
  }
}

async function* written(frames: AsyncIterable<Sample>): AsyncGenerator<string> {
  const { end, linesOf, write } = tracker()
  let folder: string | undefined
  async function* lines() {
    for await (const sample of frames) yield linesOf(sample)
  }
  try {
    const makeFolder = async () => folder ??= await mkdtemp(join(tmpdir(), "labelstream-cvat-"))
    for await (const some of SortedLines.sort(nodeFs, lines(), makeFolder)) {
      yield some.map(({ line }) => write(line)).join("")
    }
    yield end()
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}

/** The elements of the tracks of a video's frames. Marks a track that ends before the video as `outside`. */
export const tracksOf = (frames: Stream.Stream<Sample, DatasetError>): Stream.Stream<string, DatasetError> =>
  Stream.fromAsyncIterable(written(Stream.toAsyncIterable(frames)), (cause) =>
    cause instanceof DatasetError
      ? cause
      : new DatasetError({ reason: "output", detail: "the tracks of a video cannot be sorted", cause }))
