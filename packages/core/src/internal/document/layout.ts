/**
 * Where result documents keep what this module reads, as documented or guessed. A small document is read completely. Of
 * a large one only these places are read, and its lists element by element.
 */

/** The lists that may be too long to hold: what their elements are. */
export type ListKind = "shapes" | "annotations" | "legend" | "masks" | "frames" | "sensors" | "meta"

/** What is read at one place. Whatever has another form there counts as an empty list or object. */
export interface Place {
  /** An array here is a list of this kind. */
  readonly list?: ListKind
  /** An object here is read at these keys. */
  readonly object?: Places
  /** An object here is read whole. */
  readonly whole?: boolean
}

/** Places by key; `other` stands for all keys that are not named. */
export interface Places {
  readonly keys: ReadonlyMap<string, Place>
  readonly other?: Place
}

const places = (keys: { readonly [key: string]: Place }, other?: Place): Places => ({
  keys: new Map(Object.entries(keys)),
  ...(other === undefined ? {} : { other })
})

const scalar: Place = {}
const files = { url: scalar, mask_url: scalar, label_url: scalar }
const legend: Place = { list: "legend", whole: true }
const masks: Place = { list: "masks", whole: true }
const frames: Place = { list: "frames" }
const inputs: Place = {
  object: places({ frames, sensors: { list: "sensors" }, sensor_meta: { list: "meta" }, ego_pose: { whole: true } })
}

const body: { readonly [key: string]: Place } = {
  ...files,
  image_url: scalar,
  category: scalar,
  annotations: { object: places({}, { list: "shapes" }) },
  annotation_data: { object: places({ ...files, annotations: { list: "annotations" }, legend, masks, frames }) },
  video_data: inputs,
  sensor_data: inputs,
  legend,
  masks,
  frames
}

/** The whole document: its body is at the top or, by most of the documentation's examples, under `data`. */
export const root: Place = { object: places({ ...body, data: { object: places(body) } }) }
