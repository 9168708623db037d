/**
 * Names the folder of a platform batch, `batch-<id>`. Everything except lower-case letters, digits, `_`, `-`, and inner
 * dots is percent-encoded as UTF-8. So no two batches share a folder, even on file systems that ignore case, and no
 * folder is outside the dataset. It is not a Hive partition (`key=value`): readers guess the type of its column, take
 * the ids `007` and `7` for one number, and fail if the files have a column of that name.
 */
import { createHash } from "node:crypto"

const beginning = "batch-"

/** File systems take names of 255 bytes. */
const longest = 255

/**
 * Returns the folder's name. A batch id whose encoded form is too long for one is named by its beginning, `~` and a hash:
 * no encoded id contains `~`. The files hold the id in full.
 */
export const folderOf = (batchId: string): string => {
  const name = beginning + encode(batchId)
  if (name.length <= longest) return name
  const hash = createHash("sha256").update(batchId).digest("hex").slice(0, 32)
  return `${beginning}${encode(batchId).slice(0, 128).replace(/%.?$/, "")}~${hash}`
}

/** Whether a name is one that `folderOf` gives. */
export const isFolder = (name: string): boolean => /^batch-[a-z0-9_.%~A-F-]*$/.test(name) && name.length <= longest

/** Whether a name is one of a batch's folder in a dataset from before 0.1, which not all readers can read. */
export const isOldFolder = (name: string): boolean => name.startsWith("batch_id=")

const encode = (batchId: string): string => {
  let name = ""
  for (const byte of Buffer.from(batchId, "utf8")) {
    const sign = String.fromCharCode(byte)
    name += /[a-z0-9_-]/.test(sign) ? sign : sign === "." && name !== "" ? "." : percent(byte)
  }
  // Windows drops dots at the end of a name.
  return name.endsWith(".") ? `${name.slice(0, -1)}%2E` : name
}

const percent = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
