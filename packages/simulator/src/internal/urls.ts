/**
 * The unsigned URLs that results name, and what each names. A URL has its job's code, so that the storage finds the
 * content of any URL without a registry. Hosts and layouts are those of the documented examples.
 */
import * as Ids from "./ids.ts"
import { hash, uuid } from "./random.ts"

/** A file of a job: its result document, a file that the document names, or input media. */
export type Part =
  | { readonly _tag: "document" }
  | { readonly _tag: "mask"; readonly number: number }
  | { readonly _tag: "pointCloud" }
  | { readonly _tag: "labels"; readonly number: number }
  | { readonly _tag: "input"; readonly name: string }

/** The content that a URL names. */
export interface Target extends Ids.Place {
  readonly part: Part
}

const uploads = "playment-data-uploads.s3.ap-south-1.amazonaws.com"
const submissions = "playment-uploads.s3.ap-south-1.amazonaws.com"
const cloudfront = "d5g2iurv6azza.cloudfront.net"
const inputs = "s3.amazonaws.com/example-bucket"

/** The default place of inputs. */
export const bucket = `https://${inputs}`

/** The place of inputs that documents name at the storage's own origin, where they need no signature. */
export const ownBucket = (storageUrl: string): string => `${storageUrl}/${inputs}`

/** Hosts that the platform's attachment endpoint signs for; others it refuses. */
export const hosts: ReadonlySet<string> = new Set([uploads, submissions, cloudfront, "s3.amazonaws.com"])

/** Writes the URLs of one job. */
export interface JobUrls {
  readonly document: string
  /** PNG of an image segmentation. */
  readonly mask: string
  /** PNG of frame `number` (from 1) of a video segmentation. */
  readonly frameMask: (number: number) => string
  /** PCD with label keys of the older point cloud segmentation. */
  readonly pointCloud: string
  /** Label file of frame `number` (from 0) of the newer point cloud segmentation. */
  readonly labels: (number: number) => string
  /** The image of an image annotation: every second one is a JPEG. */
  readonly image: string
  readonly input: (name: string) => string
}

/**
 * Gives the URLs of the job at a place, its inputs below `inputsAt`; every fourth document URL contains `&` and `+`, every
 * other one is `http:`.
 */
export const make = (seed: number, place: Ids.Place, inputsAt = bucket): JobUrls => {
  const code = Ids.code(seed, place.batch, place.index)
  const fixed = (salt: number): string => uuid(hash(seed, salt), hash(seed, salt, 1), hash(seed, salt, 2), salt)
  const folder = (): string =>
    `http://${cloudfront}/cl/${fixed(11)}/pr/${fixed(12)}/bt/${Ids.code(seed, place.batch, 0xffffffff)}/jb/${code}`
  const input = (name: string): string => `${inputsAt}/${code}/${name}`
  const form = hash(seed, place.batch, place.index, 5) % 4
  return {
    document: form === 0
      ? `https://${uploads}/results/${code}/600x400.json&text=Dummy+Result+${place.index + 1}`
      : form === 1
      ? `https://${uploads}/results/${code}.json`
      : `${folder()}/submission_result/${code}.json`,
    mask: `https://${uploads}/clients/${fixed(11)}/projects/${fixed(12)}/batch_export_result/${code}/${
      fixed(13)
    }/source.png`,
    frameMask: (number) => `${folder()}/masks/frame${number}.png`,
    pointCloud: `https://${submissions}/submissions/default/${code}_data.pcd`,
    labels: (number) => `https://${uploads}/labels/${code}/labels-${number}.bin`,
    image: input(
      hash(seed, place.batch, place.index, 14) % 2 === 0 ? "600x400/000/fff.jpg&text=Dummy+Image+1" : "image.png"
    ),
    input
  }
}

/** `host/path` of a URL, without its scheme. */
export const withoutScheme = (url: string): string => url.replace(/^https?:\/\//i, "")

const uuids = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g

const readPart = (path: string): Part | undefined => {
  const number = Number(/(\d+)\.[a-z]+$/.exec(path)?.[1] ?? "0")
  if (path.startsWith(`${inputs}/`)) return { _tag: "input", name: path.split("/").slice(3).join("/") }
  if (path.includes("/results/") || path.includes("/submission_result/")) return { _tag: "document" }
  if (path.endsWith("/source.png")) return { _tag: "mask", number: 0 }
  if (path.includes("/masks/frame")) return { _tag: "mask", number }
  if (path.endsWith("_data.pcd")) return { _tag: "pointCloud" }
  return path.includes("/labels/") ? { _tag: "labels", number } : undefined
}

/** Whether a path is the very one that documents name. */
const isWritten = (urls: JobUrls, part: Part, path: string): boolean => {
  switch (part._tag) {
    case "document":
      return withoutScheme(urls.document) === path
    case "mask":
      return withoutScheme(part.number === 0 ? urls.mask : urls.frameMask(part.number)) === path
    case "pointCloud":
      return withoutScheme(urls.pointCloud) === path
    case "labels":
      return withoutScheme(urls.labels(part.number)) === path
    case "input":
      return withoutScheme(urls.input(part.name)) === path
  }
}

/**
 * Reads what a URL without its scheme (`host/path`) names; undefined when it names nothing of this seed. It must be
 * exactly the one that is written: a client that cuts it at an `&`, or turns `+` into a space, finds nothing.
 */
export const read = (seed: number, path: string): Target | undefined => {
  const part = hosts.has(path.split("/", 1)[0] ?? "") ? readPart(path) : undefined
  if (part === undefined) return undefined
  for (const found of path.match(uuids) ?? []) {
    const place = Ids.readCode(seed, found)
    // the batch's own code in a folder name is also read, as a job that does not exist
    if (place === undefined || place.index === 0xffffffff) continue
    return isWritten(make(seed, place), part, path) ? { ...place, part } : undefined
  }
  return undefined
}
