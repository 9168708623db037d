/**
 * The inputs of a document, one row of `media` each, and what an annotation refers to among them: the position of its
 * frame, and the input that it is drawn on. One entry is held per frame and sensor.
 */
import type { ResultType } from "../../AnnotationModel.ts"
import { halfCharacter, isWellFormed } from "./json.ts"
import type { InputRef, Problem } from "./openDocument.ts"
import type { FrameInput } from "./scan/frames.ts"

/** What a document says of an input, or of a file that stands for one. */
export interface Input extends InputRef, Pick<FrameInput, "pose" | "intrinsics" | "timestamp" | "path"> {
  readonly frameIndex: number | null
  readonly egoPose: string | null
}

/** A frame: its position in the job, null if that is not known, and the inputs that are in it. */
export interface Place {
  readonly index: number | null
  // Mostly a frame has one input: an array for each would be most of what is held.
  inputs: number | Array<number> | undefined
}

/** The inputs of a document in its order, and its frames. */
export class InputMedia {
  readonly inputs: Array<Input> = []
  private readonly byName = new Map<string, Place>()
  private readonly byPosition: Array<Place> = []
  private readonly nowhere: Place = { index: null, inputs: undefined }
  private readonly allOnCloud: boolean
  /** The frame that has inputs, as long as there is one. */
  private only: Place | undefined
  private several = false

  constructor(type: ResultType) {
    this.allOnCloud = type === "point_cloud_segmentation"
  }

  /** Adds an input of a frame that {@link frame} or {@link listed} gave. */
  add(input: Input, place: Place): void {
    const index = this.inputs.push(input) - 1
    if (place.inputs === undefined) {
      if (this.only !== undefined) this.several = true
      this.only = place
      place.inputs = index
    } else if (typeof place.inputs === "number") place.inputs = [place.inputs, index]
    else place.inputs.push(index)
  }

  /** The frame of a list of frames; the first of a name says where the others are. */
  listed(frameId: string | null, index: number): Place {
    const place = (frameId === null ? this.byPosition[index] : this.byName.get(frameId)) ?? { index, inputs: undefined }
    this.byPosition[index] ??= place
    if (frameId !== null) this.byName.set(frameId, place)
    return place
  }

  /** The frame of a file; one that no list of frames has is known by its name alone. */
  named(frameId: string | null): Place {
    if (frameId === null) return this.nowhere
    const place = this.byName.get(frameId) ?? { index: null, inputs: undefined }
    this.byName.set(frameId, place)
    return place
  }

  /** The frame of an annotation that names it, or that has a position in a list of the annotation's own frames. */
  frame(frameId: string | null, position: number | null): Place {
    if (frameId !== null) return this.byName.get(frameId) ?? unlisted
    if (position === null) return this.nowhere
    return this.byPosition[position] ?? (this.byPosition.length > 0 ? unlisted : { index: position, inputs: undefined })
  }

  /**
   * The input that an annotation in a frame is drawn on: that of its sensor; without a sensor the frame's only input,
   * or with `onCloud` its only point cloud. Text says why there is none.
   */
  of(place: Place, sensorId: string | null, onCloud: boolean): number | string {
    const { inputs, nowhere } = this
    // Inputs without a frame belong to all frames.
    const among = place.inputs ?? nowhere.inputs ?? (place === nowhere && !this.several ? this.only?.inputs : undefined)
    if (among === undefined) return place === nowhere ? "names no frame" : "its frame has no input"
    if (typeof among === "number") {
      const named = sensorId === null ? null : inputs[among]!.sensorId
      return named === null || named === sensorId ? among : noSensor
    }
    let found: number | undefined
    for (const index of among) {
      const { kind, sensorId: named } = inputs[index]!
      if (sensorId === null ? kind !== "point_cloud" || !(onCloud || this.allOnCloud) : named !== sensorId) continue
      if (found !== undefined) return tooMany
      found = index
    }
    return found ?? (sensorId === null ? tooMany : noSensor)
  }

  /** Whether the document itself names inputs, so that an annotation without one is a problem. */
  get isNamed(): boolean {
    return this.inputs.length > 0 && this.inputs[0]!.url !== null
  }

  /** Inputs whose row cannot hold all of their text. */
  problems(): Array<Problem> {
    const problems: Array<Problem> = []
    for (const input of this.inputs) {
      if (!isWhole(input)) problems.push({ path: input.path.toWellFormed(), reason: halfCharacter })
    }
    return problems
  }
}

/** A frame that the document does not list. */
const unlisted: Place = { index: null, inputs: undefined }

const noSensor = "its frame has no input of its sensor"
const tooMany = "its frame has several inputs that it may be drawn on"

/** Whether all texts that the document chose have a form in UTF-8; those that are JSON text have. */
const isWhole = ({ frameId, sensorId, timestamp, url }: Input): boolean =>
  isWellFormed(url) && isWellFormed(frameId) && isWellFormed(sensorId) && isWellFormed(timestamp)
