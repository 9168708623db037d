/**
 * Result documents of point cloud work: 3D boxes and 2D-3D linking (skeleton documented, box keys guessed), and
 * segmentation in its older (documented) and newer (places of masks and keys guessed) form.
 */
import type { Random } from "../random.ts"
import { corners, fixed, fixedId, type Ingredients, metres, sensorFrames, sensorMeta } from "./geometry.ts"

export const frameCount = (variant: number): number => 1 + variant % 3

const box = (random: Random, frame: number, track: string) => ({
  _id: random.uuid(),
  label: "car",
  color: "rgb(151,22,15)",
  attributes: {},
  keyFrame: frame === 0,
  frame_id: `frame${String(frame + 1).padStart(3, "0")}`,
  track_id: track,
  type: "3d_bounding_box",
  center: { x: metres(random, 60), y: metres(random, 60), z: metres(random, 2) },
  dimensions: { x: 4.4, y: 1.8, z: 1.5 },
  rotation: { x: 0, y: 0, z: metres(random, 3.14) }
})

/** Elements of the list of 3D boxes: one track through all frames, and a second in the first frame. */
export const boxCount = (variant: number): number => frameCount(variant) + (variant & 1)

const boxes = (random: Random, variant: number) => {
  const track = random.uuid()
  const all = Array.from({ length: frameCount(variant) }, (_, i) => box(random, i, track))
  return (variant & 1) === 1 ? [...all, box(random, 0, random.uuid())] : all
}

/** 3D boxes, a track over frames. */
export const annotation = ({ more, random, size, urls, variant }: Ingredients) => ({
  annotation_data: { annotations: [...boxes(random, variant), ...more] },
  sensor_data: { frames: sensorFrames(urls, frameCount(variant)), sensor_meta: sensorMeta(size) }
})

export const linkingCount = (variant: number): number => boxCount(variant) * 2

/** Each 3D box followed by its 2D box in the camera, linked by `track_id`. */
export const linking = ({ more, random, size, urls, variant }: Ingredients) => ({
  annotation_data: {
    annotations: [
      ...boxes(random, variant).flatMap((one) => [one, {
        _id: random.uuid(),
        label: one.label,
        color: one.color,
        attributes: {},
        keyFrame: one.keyFrame,
        frame_id: one.frame_id,
        track_id: one.track_id,
        sensor_id: "cam-1",
        type: "2d_bounding_box",
        coordinates: corners(random)
      }]),
      ...more
    ]
  },
  sensor_data: { frames: sensorFrames(urls, frameCount(variant)), sensor_meta: sensorMeta(size) }
})

/** One more 3D box in the first frame, always of the same length. */
export const annotationItem = (n: number): string =>
  `{"_id":"${fixedId(n)}","label":"car","color":"rgb(151,22,15)","attributes":{},"keyFrame":true,` +
  `"frame_id":"frame001","track_id":"${fixedId(n)}","type":"3d_bounding_box","center":{"x":${fixed(n, 1)},` +
  `"y":${fixed(n, 2)},"z":0.8},"dimensions":{"x":4.4,"y":1.8,"z":1.5},"rotation":{"x":0,"y":0,"z":${fixed(n, 3)}}}`

/** Points in each segmented cloud. */
export const pointCount = 64

const classNames = ["crosswalk", "MINIVAN # 1", "MINIVAN # 2", "building", "vegetation"]

export const legacyCount = (variant: number): number => 2 + variant % 4

/** `{legend: [...], url}`; `text` and `value` differ by a space in the second, as in the documented example. */
export const legacySegmentation = ({ more, random, urls, variant }: Ingredients) => ({
  legend: [
    ...classNames.slice(0, legacyCount(variant)).map((text, key) => ({
      id: random.uuid(),
      text,
      color: `rgb(${random.below(256)}, ${random.below(256)}, ${random.below(256)})`,
      label_key: key,
      value: key === 1 ? "MINIVAN #1" : text
    })),
    ...more
  ],
  url: urls.pointCloud
})

/** One more legend entry, always of the same length. */
export const legacyItem = (n: number): string => {
  const key = 10000000 + n
  return `{"id":"${fixedId(n)}","text":"pole # ${key}","color":"rgb(100, 100, 100)","label_key":${key},` +
    `"value":"pole # ${key}"}`
}

export const segmentationCount = (variant: number): number => frameCount(variant) * 2

/** Annotations with label keys, a label file for each frame, and the input frames; not wrapped (documented). */
export const segmentation = ({ more, random, urls, variant }: Ingredients) => ({
  annotation_data: {
    annotations: [
      ...Array.from({ length: segmentationCount(variant) }, (_, i) => ({
        _id: random.uuid(),
        _isStationary: i % 2 === 1,
        attributes: {},
        class_id: random.uuid(),
        color: "rgb(71, 153, 193)",
        frame_id: String(i >> 1),
        grouping_config: null,
        label: i % 2 === 0 ? "Vehicle" : "crosswalk",
        label_key: 1 + i % 2
      })),
      ...more
    ],
    masks: Array.from({ length: frameCount(variant) }, (_, i) => ({
      frame_id: String(i),
      label_url: urls.labels(i)
    }))
  },
  sensor_data: {
    frames: sensorFrames(urls, frameCount(variant)).map((frame, i) => ({
      ...frame,
      frame_id: String(i),
      sensors: frame.sensors.slice(0, 1)
    }))
  }
})

/** One more annotation in the first frame, always of the same length. */
export const segmentationItem = (n: number): string =>
  `{"_id":"${fixedId(n)}","_isStationary":false,"attributes":{},"class_id":"${fixedId(0)}",` +
  `"color":"rgb(71, 153, 193)","frame_id":"0","grouping_config":null,"label":"Vehicle","label_key":${10000000 + n}}`
