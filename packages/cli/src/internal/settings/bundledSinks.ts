/** The sinks that come with the command. */

/** Dataset formats: sinks of one package, which have no package each. Imports are written out, for bundlers. */
const formats: Readonly<Record<string, () => Promise<unknown>>> = {
  coco: () => import("@labelstream/dataset/coco"),
  cvat: () => import("@labelstream/dataset/cvat"),
  datumaro: () => import("@labelstream/dataset/datumaro"),
  huggingface: () => import("@labelstream/dataset/huggingface"),
  kitti: () => import("@labelstream/dataset/kitti"),
  labelme: () => import("@labelstream/dataset/labelme"),
  labelstudio: () => import("@labelstream/dataset/labelstudio"),
  masks: () => import("@labelstream/dataset/masks"),
  mot: () => import("@labelstream/dataset/mot"),
  semantickitti: () => import("@labelstream/dataset/semantickitti"),
  voc: () => import("@labelstream/dataset/voc"),
  webdataset: () => import("@labelstream/dataset/webdataset"),
  yolo: () => import("@labelstream/dataset/yolo"),
  "yolo-ndjson": () => import("@labelstream/dataset/yolo-ndjson")
}

/** Sinks that come with the command; each is loaded when it is used. */
export const bundled: Readonly<Record<string, () => Promise<unknown>>> = {
  "@labelstream/sink-files": () => import("@labelstream/sink-files"),
  "@labelstream/sink-sqlite": () => import("@labelstream/sink-sqlite"),
  "@labelstream/sink-parquet": () => import("@labelstream/sink-parquet"),
  "@labelstream/sink-postgres": () => import("@labelstream/sink-postgres"),
  ...Object.fromEntries(Object.entries(formats).map(([name, load]) => [`@labelstream/sink-${name}`, load]))
}

/** Where a program finds a bundled sink. */
export const packageOf = (name: string): string => {
  const format = name.replace(/^@labelstream\/sink-/, "")
  return Object.hasOwn(formats, format) ? `@labelstream/dataset/${format}` : name
}

/** The names under which the sinks that come with the command are known. */
export const bundledNames = Object.keys(bundled).map((name) => name.replace("@labelstream/sink-", ""))
