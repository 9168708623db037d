/** Paints what a document says is in an image: filled shapes in the color of their class on a dark ground. */
import { hash } from "../random.ts"
import { type Face, rectangle, type Scene } from "./scene.ts"
import type { Shape, Size } from "./shapes.ts"

const opaque = (rgb: number): number => (0xff000000 | rgb) >>> 0

/** All bright, so that none can be taken for the ground. */
const classColors: Readonly<Record<string, number>> = {
  Chair: 0xf94144,
  Car: 0xf3722c,
  car: 0x80b918,
  Pedestrian: 0xf9c74f,
  "Gr\u00fcne Ampel": 0x52d273,
  "\u81ea\u884c\u8eca": 0x2ec4b6,
  face_mask: 0x4cc9f0,
  lane_divider: 0xf1f1f1,
  nose: 0xff70a6,
  Cat: 0xffa62b,
  Dog: 0xb388eb
}

/** The color that shapes of a class are painted in, as 0xAARRGGBB. */
export const classColor = (label: string): number => opaque(classColors[label] ?? 0xffffff)

/** The color as results and style sheets write it. */
export const hexColor = (color: number): string => `#${(color & 0xffffff).toString(16).padStart(6, "0")}`

/** Two dark tones that depend on the job: the lower three quarters, and the sky above them. */
const ground = ({ height, width }: Size, key: number): { readonly below: number; readonly sky: Face } => {
  const channel = (salt: number): number => 16 + hash(key, salt) % 56
  const below = channel(1) << 16 | channel(2) << 8 | channel(3)
  return { below: opaque(below), sky: rectangle(opaque(below + 0x181820), 0, 0, width, height / 4) }
}

/** Makes the scene of an image; `key` decides its ground. */
export const picture = (size: Size, key: number, faces: ReadonlyArray<Face>): Scene => {
  const { below, sky } = ground(size, key)
  return { ...size, background: below, faces: [sky, ...faces] }
}

/** The faces of shapes, in the colors of their classes. */
export const facesOf = (shapes: ReadonlyArray<Shape>): ReadonlyArray<Face> =>
  shapes.flatMap(({ faces, label }) => faces.map((points): Face => ({ color: classColor(label), points })))
