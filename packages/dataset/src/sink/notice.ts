/** Says in a few lines what a person must know about a dataset. */
import { onOneLine } from "@labelstream/core/PlainText"
import type { Summary } from "../Dataset.ts"
import type { StagedOutput } from "./stagedOutput.ts"

const plural = (count: number, one: string) => `${count} ${one}${count === 1 ? "" : "s"}`

/** A sentence begins with a capital letter, and a file's name as it is. */
const capitalized = (text: string): string => /^[a-z]+ /.test(text) ? text[0]!.toUpperCase() + text.slice(1) : text

/** The notice, a line for each sentence; null if there is nothing to say. */
export const noticeOf = (
  { losses, refused, samples, withoutSize }: Summary,
  { missing, notes }: Pick<StagedOutput, "missing" | "notes">,
  { images }: { readonly images?: string | undefined }
): string | null => {
  const sentences: Array<string> = []
  const { named, unnamed } = missing()
  if (named > 0) {
    const what = named === samples
      ? "the dataset has no images"
      : `${named} of ${plural(samples, "image")} are not there`
    const how = images === undefined
      ? "`labelstream export ... --attachments all` downloads images, but not those of COCO results; the option images " +
        "takes them from a folder"
      : `neither the platform nor ${images} gave them`
    sentences.push(`${what}: ${how}`)
  }
  if (unnamed > 0) {
    const how = images === undefined
      ? "the option images takes it from a folder, by reference id"
      : `${images} lacks it`
    sentences.push(`${plural(unnamed, "result")} of segmentation do not name their image: ${how}`)
  }
  if (withoutSize.count > 0) {
    const named = withoutSize.names.slice(0, 3).join(", ")
    sentences.push(
      `${plural(withoutSize.count, "sample")} left out because the size is not known (${named}): ` +
        "`labelstream export ... --attachments all` or the option images gives it"
    )
  }
  for (const [why, count] of refused) sentences.push(`${plural(count, "sample")} left out: ${why}`)
  sentences.push(...notes)
  const annotations = losses.filter(({ shape }) => !["attribute", "sample", "track"].includes(shape))
  const sum = (of: "kept" | "approximated" | "dropped") => annotations.reduce((total, entry) => total + entry[of], 0)
  const [approximated, dropped] = [sum("approximated"), sum("dropped")]
  if (approximated + dropped > 0) {
    const all = sum("kept") + approximated + dropped
    sentences.push(
      `of ${plural(all, "annotation")}, ${approximated} are approximated and ${dropped} dropped: see loss.json`
    )
  }
  return sentences.length === 0 ? null : sentences.map(capitalized).map(onOneLine).join("\n")
}
