/** Names nested files, such as `0002-mask-frame_7.png`: sortable, unique by index, and harmless whatever a result says. */
import type { JobSink } from "@labelstream/core/sink"

/** Extensions that are kept: what annotation files are made of. Anything else, programs included, becomes `bin`. */
const extensions = new Set(
  "avif bin bmp bz2 csv exr gif gz hdf5 jpeg jpg json jsonl las laz mov mp4 ndjson npy npz obj parquet pcd ply png proto tif tiff tsv txt wav webm webp xml yaml yml zip zst"
    .split(" ")
)

const extensionOf: Readonly<Record<string, string>> = {
  "application/gzip": "gz",
  "application/json": "json",
  "application/xml": "xml",
  "application/zip": "zip",
  "image/bmp": "bmp",
  "image/gif": "gif",
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/tiff": "tif",
  "image/webp": "webp",
  "text/csv": "csv",
  "text/plain": "txt",
  "video/mp4": "mp4"
}

/** The name of a nested file inside the folder of its job; its index in the document makes it unique. */
export const nestedName = ({ content, ref }: JobSink.AttachmentRecord): string => {
  const parts = [String(ref.index).padStart(4, "0"), clean(ref.role)]
  if (ref.frameId !== null) parts.push(clean(ref.frameId))
  return `${parts.join("-")}.${fromUrl(ref.url) ?? extensionOf[content.mediaType ?? ""] ?? "bin"}`
}

const clean = (text: string): string => text.slice(0, 48).toLowerCase().replaceAll(/[^a-z0-9_-]/g, "_")

const fromUrl = (url: string): string | undefined => {
  const extension = /\.([a-z0-9]{2,8})$/.exec(url.replace(/[?#].*$/s, "").toLowerCase())?.[1]
  return extension !== undefined && extensions.has(extension) ? extension : undefined
}
