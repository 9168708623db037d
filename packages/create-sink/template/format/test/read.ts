/** Reads a dataset as its users do, without the code that wrote it. */
import type { FormatKit } from "@labelstream/dataset/testing"

interface Line {
  readonly image: string
  readonly boxes: ReadonlyArray<{ readonly class: string }>
}

const text = (bytes: Uint8Array | undefined) => new TextDecoder("utf-8", { fatal: true }).decode(bytes)

const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1, path.lastIndexOf("."))

export const read = (files: ReadonlyMap<string, Uint8Array>): FormatKit.ReadBack => {
  const lines = [...files].filter(([path]) => path.endsWith(".jsonl"))
    .flatMap(([, bytes]) => text(bytes).split("\n").filter((line) => line !== ""))
    .map((line) => JSON.parse(line) as Line)
  return {
    classes: JSON.parse(text(files.get("classes.json"))) as ReadonlyArray<string>,
    samples: new Map(lines.map(({ boxes, image }) => [nameOf(image), boxes.map((box) => box.class)]))
  }
}
