/** Results of projects that replaced the submission code: any shape at all (documented that it may be any). */
import { fixed, type Ingredients } from "./geometry.ts"

export const annotationCount = (variant: number): number => variant < 2 ? 1 : variant

/** Size of the image, whatever sizes the other kinds have. */
export const size = { width: 600, height: 400 }

/** COCO for most jobs; a bare category, or a list, for some. A padded document is always COCO. */
export const custom = ({ more, random, urls, variant }: Ingredients): unknown => {
  if (more.length === 0 && variant === 0) return { category: random.pick(["cat", "dog"]) }
  if (more.length === 0 && variant === 1) {
    return [{ "odd key \u2028 \"quoted\"": null, depth: [[[[random.fraction()]]]] }]
  }
  return {
    images: [{ id: 1, file_name: "image.png", ...size, coco_url: urls.input("image.png") }],
    annotations: [
      ...Array.from({ length: annotationCount(variant) }, (_, i) => {
        const [x, y, w, h] = [random.below(500), random.below(300), 1 + random.below(100), 1 + random.below(100)]
        return { id: i + 1, image_id: 1, category_id: 1, bbox: [x, y, w, h], area: w * h, iscrowd: 0, segmentation: [] }
      }),
      ...more
    ],
    categories: [{ id: 1, name: "Chair", supercategory: "" }]
  }
}

/** One more COCO annotation, always of the same length. */
export const customItem = (n: number): string =>
  `{"id":${100000000 + n},"image_id":1,"category_id":1,"bbox":[${fixed(n, 1)},${fixed(n, 2)},1.5,1.5],"area":2.25,` +
  `"iscrowd":0,"segmentation":[]}`
