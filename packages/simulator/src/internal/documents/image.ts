/** Result documents of image work: annotation (documented but for cuboids), classification (guessed), segmentation. */
import type { Random } from "../random.ts"
import { cluster, corners, cuboid, fixed, fixedId, type Ingredients, more, outline, path, ring } from "./geometry.ts"

/** Rectangles, polygons, lines, cuboids and landmarks of each variant; the first is the documented empty skeleton. */
const lists = [
  [0, 0, 0, 0, 0],
  [1, 0, 0, 0, 0],
  [0, 1, 1, 0, 0],
  [2, 1, 1, 1, 1],
  [3, 0, 0, 0, 1],
  [1, 2, 0, 1, 0],
  [4, 1, 2, 0, 0],
  [2, 2, 2, 2, 2]
] as const

const classes = ["Chair", "Car", "Pedestrian", "Gr\u00fcne Ampel", "\u81ea\u884c\u8eca"]

const many = <A>(count: number, make: (index: number) => A): Array<A> =>
  Array.from({ length: count }, (_, i) => make(i))

const rectangle = (random: Random) => ({
  _id: random.uuid(),
  label: random.pick(classes),
  attributes: {
    Truncation: { value: `${random.below(5) * 25}% Truncated` },
    Occlusion: { value: `${random.below(5) * 25}% Occluded` }
  },
  coordinates: corners(random)
})

export const annotationCount = (variant: number): number =>
  (lists[variant % lists.length] ?? lists[0]).reduce((sum: number, n) => sum + n, 0)

/** `{annotations: {rectangles, polygons, lines, cuboids, landmarks}, image_url}` */
export const annotation = ({ more: padding, random, urls, variant }: Ingredients) => {
  const [rectangles, polygons, lines, cuboids, landmarks] = lists[variant % lists.length] ?? lists[0]
  // a polygon, a line, and a cuboid share their _id, as in the documented examples
  const shared = random.uuid()
  const id = (index: number): string => index === 0 ? shared : random.uuid()
  return {
    annotations: {
      rectangles: [...many(rectangles, () => rectangle(random)), ...padding],
      polygons: many(polygons, (i) => {
        const corner = 3 + random.below(10)
        return {
          _id: id(i),
          label: "face_mask",
          attributes: { covers_nose: { value: random.pick(["Yes", "No"]) } },
          points: outline(random, corner),
          edges: ring(corner)
        }
      }),
      lines: many(lines, (i) => ({
        _id: id(i),
        label: "lane_divider",
        attributes: { raised: { value: random.pick(["Yes", "No"]) } },
        points: path(random, 2 + random.below(11))
      })),
      cuboids: many(cuboids, (i) => ({
        _id: id(i),
        label: "Car",
        attributes: { faces_visible: { value: ["right", "back"] } },
        ...cuboid(random)
      })),
      landmarks: many(landmarks, () => ({
        _id: random.uuid(),
        label: "nose",
        attributes: { Label: { state: "editable", value: "inside image and occluded by other object" } },
        points: cluster(random, 6)
      }))
    },
    image_url: urls.image
  }
}

/** One more rectangle, always of the same length. */
export const annotationItem = (n: number): string => {
  const [x0, y0, x1, y1] = [fixed(n, 1), fixed(n, 2), fixed(n, 3), fixed(n, 4)]
  return `{"_id":"${fixedId(n)}","label":"Chair","attributes":{"Occlusion":{"value":"0% Occluded"}},` +
    `"coordinates":[{"x":${x0},"y":${y0}},{"x":${x1},"y":${y0}},{"x":${x1},"y":${y1}},{"x":${x0},"y":${y1}}]}`
}

/** Attributes on a rectangle over the whole image; no example of a classification result is documented. */
export const classification = ({ more: padding, random, urls }: Ingredients) => ({
  annotations: {
    rectangles: [
      {
        _id: random.uuid(),
        label: "image",
        attributes: {
          time_of_day: { value: random.pick(["day", "night", "dusk"]) },
          weather: { value: random.pick([["rain", "fog"], ["clear"], []]) }
        },
        coordinates: [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 1, y: 1 }, { x: 0, y: 1 }]
      },
      ...padding
    ],
    polygons: [],
    lines: [],
    cuboids: [],
    landmarks: []
  },
  image_url: urls.input("image.png")
})

/** Colors and names of a segmentation's classes and instances (documented examples). */
export const palette: ReadonlyArray<readonly [colour: string, name: string]> = [
  ["#03f561", "car # 4"],
  ["#0400e6", "car"],
  ["#c4e538", "road"],
  ["#ed4c67", "sky"],
  ["#0b0d73", "pedestrian # 1"],
  ["#a3cb38", "lane_marking"]
]

export const segmentationCount = (variant: number): number => 3 + variant % 4

/** `{legend: {hex: name}, url}`; not wrapped (documented). */
export const segmentation = ({ more: padding, urls, variant }: Ingredients) => ({
  legend: Object.fromEntries([
    ...palette.slice(0, segmentationCount(variant)),
    ...padding.map(() => [more, ""] as const)
  ]),
  url: urls.mask
})

const taken: ReadonlySet<number> = new Set(palette.map(([colour]) => Number.parseInt(colour.slice(1), 16)))

/** One more legend entry, always of the same length: an instance with its own color, for `n` below 15,728,640. */
export const segmentationItem = (n: number): string => {
  const down = 0xf00000 - n
  // colors of the palette are replaced by colors that counting down never reaches
  const colour = taken.has(down) ? 0xffffff - [...taken].indexOf(down) : down
  return `"#${colour.toString(16).padStart(6, "0")}":"pebble # ${String(n + 1).padStart(8, "0")}"`
}
