/** Result documents of video work: annotation (documented), segmentation (places of masks and legend are guessed). */
import type { Random } from "../random.ts"
import { cluster, corners, cuboid, fixed, fixedId, type Ingredients, outline, path, ring, within } from "./geometry.ts"
import { palette } from "./image.ts"

export const frameCount = (variant: number): number => 2 + variant % 4

export const trackerCount = (variant: number): number => 1 + variant % 5

const types = ["rectangle", "line", "polygon", "cuboid", "landmark"] as const

const geometry = (random: Random, type: (typeof types)[number]) => {
  switch (type) {
    case "rectangle":
      return { coordinates: corners(random) }
    case "line":
      return { points: path(random, 4) }
    case "polygon":
      return { points: outline(random, 5), edges: ring(5) }
    case "cuboid":
      return cuboid(random)
    case "landmark":
      return { points: cluster(random, 6) }
  }
}

/** The same a number of steps later: everything moves towards the middle. */
const moved = (one: ReturnType<typeof geometry>, steps: number): ReturnType<typeof geometry> => {
  const [first] = "coordinates" in one ? one.coordinates : Object.values(one.points)
  const step = (from = 0): number => (from < 0.5 ? 0.01 : -0.01) * steps
  const [dx, dy] = [step(first?.x), step(first?.y)]
  const move = <A extends { readonly x: number; readonly y: number }>(point: A): A => ({
    ...point,
    x: within(point.x + dx),
    y: within(point.y + dy)
  })
  if ("coordinates" in one) return { coordinates: one.coordinates.map(move) }
  return { ...one, points: Object.fromEntries(Object.entries(one.points).map(([name, at]) => [name, move(at)])) }
}

const frameName = (i: number): string => `frame${String(i + 1).padStart(3, "0")}`

/** Trackers whose `frames` name the frames they are seen in; one is missing from some frames. */
export const annotation = ({ more, random, urls, variant }: Ingredients) => {
  const frames = frameCount(variant)
  return {
    annotation_data: {
      annotations: [
        ...Array.from({ length: trackerCount(variant) }, (_, tracker) => {
          const type = types[tracker % types.length] ?? "rectangle"
          const label = random.pick(["Cat", "Dog", "lane_divider"])
          const drawn = geometry(random, type)
          const seen = Array.from({ length: frames }, (__, i) => i).filter((i) => i === 0 || (i + tracker) % 3 !== 2)
          return {
            _id: random.uuid(),
            type,
            label,
            frames: Object.fromEntries(seen.map((i) => [frameName(i), {
              _id: random.uuid(),
              label,
              attributes: { pose: { value: random.pick(["standing", "lying"]) }, breed: { value: "Persian" } },
              ...moved(drawn, i),
              type
            }]))
          }
        }),
        ...more
      ]
    },
    video_data: {
      frames: Array.from({ length: frames }, (_, i) => ({
        frame_id: frameName(i),
        src: urls.input(`video/${frameName(i)}.jpg`)
      }))
    }
  }
}

/** One more tracker, seen in the first frame, always of the same length. */
export const annotationItem = (n: number): string => {
  const [x0, y0, x1, y1] = [fixed(n, 1), fixed(n, 2), fixed(n, 3), fixed(n, 4)]
  return `{"_id":"${fixedId(n)}","type":"rectangle","label":"Cat","frames":{"frame001":{"_id":"${fixedId(n + 1)}",` +
    `"label":"Cat","attributes":{"pose":{"value":"standing"}},"coordinates":[{"x":${x0},"y":${y0}},` +
    `{"x":${x1},"y":${y0}},{"x":${x1},"y":${y1}},{"x":${x0},"y":${y1}}],"type":"rectangle"}}}`
}

/** Entries of the legend of a video segmentation. */
export const videoPalette = palette.slice(0, 3)

/** One object tracked through all frames, a mask for each frame, a legend; `attributes` is a list here (documented). */
export const segmentation = ({ more, random, urls, variant }: Ingredients) => {
  const frames = frameCount(variant)
  const track = random.uuid()
  return {
    annotation_data: {
      annotations: [
        ...Array.from({ length: frames }, (_, i) => ({
          _id: random.uuid(),
          attributes: [],
          frame_id: `frame${i + 1}`,
          track_id: track,
          label: "car # 4"
        })),
        ...more
      ],
      masks: Array.from({ length: frames }, (_, i) => ({ frame_id: `frame${i + 1}`, url: urls.frameMask(i + 1) })),
      legend: Object.fromEntries(videoPalette)
    },
    sensor_data: {
      frames: Array.from({ length: frames }, (_, i) => ({
        frame_id: `frame${i + 1}`,
        sensors: [{ sensor_id: "camera", data_url: urls.input(`camera/frame${i + 1}.png`) }]
      }))
    }
  }
}

/** One more annotation in the first frame, always of the same length. */
export const segmentationItem = (n: number): string =>
  `{"_id":"${fixedId(n)}","attributes":[],"frame_id":"frame1","track_id":"${fixedId(n)}","label":"car # 4"}`
