/** The rules and numbers that formats of tracked boxes share. */
import * as Loss from "../../Loss.ts"
import type { Input, Sample, Shape } from "../../Sample.ts"
import { boxes, carried } from "./carried.ts"

/** Why a sample cannot be part of a sequence; null if it can. */
export const notOfVideo = ({ frame }: Input): string | null => frame === null ? "it is no frame of a video" : null

/** How a shape is written by a format of tracked boxes. */
export const tracked = (shape: Shape): Loss.Carried => {
  const how = carried(shape, boxes)
  return how.how !== "dropped" && shape.track === null ? Loss.dropped("it has no track id") : how
}

/** Numbers tracks by their ids from `start` in the order in which they are met. Holds the ids of one video. */
export const numbering = (start = 1): (track: string) => number => {
  const numbers = new Map<string, number>()
  return (track) => {
    const found = numbers.get(track) ?? start + numbers.size
    numbers.set(track, found)
    return found
  }
}

/** The name of a frame's file where frames go by number: six digits and the ending. */
export const frameFile = ({ file }: Sample, number: number, ending = file.slice(file.lastIndexOf("."))): string =>
  `${String(number).padStart(6, "0")}${ending}`
