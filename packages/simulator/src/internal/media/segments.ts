/** A street in segments, one for each entry of a legend: what segmentation masks hold, and the images of such jobs show. */
import * as Random from "../random.ts"
import type { Face, Point } from "./scene.ts"
import type { Size } from "./shapes.ts"

/** Segments by name in fractions of the image, in painting order. None covers another but for the road, and none the left edge. */
const street = (
  random: Random.Random,
  frame: number
): ReadonlyArray<readonly [name: string, outline: ReadonlyArray<Point>]> => {
  const vary = (from: number, reach: number): number => from + random.fraction() * reach
  const horizon = vary(0.4, 0.05)
  const box = (x: number, y: number, w: number, h: number): ReadonlyArray<Point> => [
    [x, y],
    [x + w, y],
    [x + w, y + h],
    [x, y + h]
  ]
  const vehicle = (x: number, y: number): ReadonlyArray<Point> => [
    [x, y + 0.08],
    [x + 0.05, y],
    [x + 0.15, y],
    [x + 0.2, y + 0.08],
    [x + 0.2, y + 0.16],
    [x, y + 0.16]
  ]
  const step = frame * 0.01
  return [
    ["sky", box(0.0625, 0, 0.9375, vary(0.2, 0.1))],
    ["road", [[vary(0.3, 0.05), horizon], [vary(0.6, 0.05), horizon], [1, 0.95], [0.0625, 0.95]]],
    ["lane_marking", box(vary(0.64, 0.01), vary(0.6, 0.05), 0.03, 0.3)],
    ["car", vehicle(vary(0.12, 0.05), vary(0.6, 0.1))],
    ["car # 4", vehicle(vary(0.37, 0.02) + step, vary(0.55, 0.1))],
    ["pedestrian # 1", box(vary(0.72, 0.05) + step, vary(0.5, 0.05), 0.04, 0.25)]
  ]
}

/**
 * Paints the entries of a legend that appear in the street; the rest stays unlabeled. `key` decides where they are,
 * `frame` (from 0) how far moving things have come.
 */
export const segments = (
  legend: ReadonlyArray<readonly [color: string, name: string]>,
  { height, width }: Size,
  key: number,
  frame: number
): ReadonlyArray<Face> =>
  street(Random.make(key), frame).flatMap(([name, outline]) => {
    const color = legend.find(([, label]) => label === name)?.[0]
    return color === undefined ? [] : [{
      color: (0xff000000 | Number.parseInt(color.slice(1), 16)) >>> 0,
      points: outline.map(([x, y]): Point => [x * width, y * height])
    }]
  })
