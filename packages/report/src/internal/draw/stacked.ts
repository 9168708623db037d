import { escaped } from "../html.ts"
import { drawingStyle } from "../style.ts"

const size = "width=\"(?<w>[\\d.]+)\" height=\"(?<h>[\\d.]+)\""

/** The drawings and images in the markup of a job, in their order. */
const drawn = new RegExp(
  `<svg class="draw" ${size}[^>]*>(?<body>.*?)</svg>|<img class="mask"[^>]*?${size} src="(?<mask>[^"]+)"[^>]*>|` +
    "<img class=\"below\"[^>]*? src=\"(?<below>[^\"]+)\"[^>]*>",
  "gs"
)

const gap = 8

/** The drawings in the markup of a job as one SVG image, one below the other; undefined if there is none. */
export const stacked = (markup: string, title: string): string | undefined => {
  const parts: Array<string> = []
  let [width, height] = [0, 0]
  let below: string | undefined
  for (const { groups = {} } of markup.matchAll(drawn)) {
    if (groups["below"] !== undefined) {
      below = groups["below"]
      continue
    }
    const [w, h] = [Number(groups["w"]), Number(groups["h"])]
    const place = `x="0" y="${height}" width="${w}" height="${h}"`
    const image = (url: string, opacity: string) =>
      `<image ${place} ${opacity}preserveAspectRatio="none" href="${url}"/>`
    parts.push(below === undefined ? `<rect class="paper" ${place}/>` : image(below, ""))
    parts.push(
      groups["mask"] === undefined
        ? `<svg class="draw" ${place} viewBox="0 0 ${w} ${h}">${groups["body"] ?? ""}</svg>`
        : image(groups["mask"], below === undefined ? "" : "opacity=\".55\" ")
    )
    below = undefined
    width = Math.max(width, w)
    height += h + gap
  }
  if (parts.length === 0) return undefined
  const whole = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${whole} role="img"><title>${
    escaped(title)
  }</title><style>${drawingStyle}</style>${parts.join("\n")}</svg>\n`
}
