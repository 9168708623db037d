/** COCO datasets of images with boxes, and readers of their files. */
import type { JobSink } from "@labelstream/core/sink"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Coco, type DatasetFormat, DatasetSink } from "../../src/index.ts"
import { boxes, job } from "./jobs.ts"
import { unsynced } from "./targets.ts"

type CocoOptions = DatasetFormat.AllOptionsOf<typeof Coco.format.fields>

/** A COCO dataset in a folder. */
export const coco = (directory: string, more: Omit<CocoOptions, "directory"> = {}) =>
  DatasetSink.makeWith(Coco.format, { directory, ...more }, unsynced())

/** The size of each image. */
export const size = [100, 50] as const
/** Bytes that begin as those of a JPEG file. */
export const jpeg = (text: string) => Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from(text)])

/** A job with an image and a box for each label. */
export const labeled = (name: string, labels: ReadonlyArray<string>) =>
  job({ job: `job-${name}`, document: boxes(`${name}.jpg`, labels), files: { [`${name}.jpg`]: jpeg(name) }, size })

/** A published JSON file. */
export const json = (directory: string, path: string) =>
  JSON.parse(readFileSync(join(directory, path), "utf8")) as never

interface CocoFile {
  readonly images: ReadonlyArray<{ readonly id: number; readonly file_name: string; readonly width: number }>
  readonly annotations: ReadonlyArray<{ readonly image_id: number; readonly bbox: ReadonlyArray<number> }>
  readonly categories: ReadonlyArray<{ readonly id: number; readonly name: string }>
}

/** The published annotations. */
export const cocoFile = (directory: string): CocoFile => json(directory, "annotations/instances_train.json")

/** The tags that `inspect` found, sorted. */
export const tags = (found: ReadonlyArray<JobSink.Inspected>) => found.map(({ _tag }) => _tag).sort()
