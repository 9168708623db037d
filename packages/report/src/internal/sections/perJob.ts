import * as format from "../format.ts"
import type { PerJob, Summary } from "../gather/summaryModel.ts"
import { type Html, html } from "../html.ts"
import type { Section } from "../section.ts"
import { job } from "./parts.ts"

const nameOf = ({ from, to }: PerJob["bins"][number]): string =>
  from === to ? format.short(from) : `${format.short(from)}\u2013${format.short(to)}`

const chart = ({ bins }: PerJob): Html => {
  const most = Math.max(1, ...bins.map(({ jobs }) => jobs))
  const step = 56
  const width = Math.max(3, bins.length) * step
  const said = bins.filter(({ jobs }) => jobs > 0)
    .map((bin) => `${format.counted(bin.jobs, "job")} with ${nameOf(bin)}`).join(", ")
  return html`<svg class="chart" width="${width}" height="190" viewBox="0 0 ${width} 190" role="img" aria-label="Annotations per job: ${said}">${
    bins.map((bin, at) => {
      const height = bin.jobs === 0 ? 0 : Math.max(2, 130 * bin.jobs / most)
      const x = at * step
      return html`<rect x="${x + 5}" y="${(160 - height).toFixed(1)}" width="${step - 10}" height="${
        height.toFixed(1)
      }" rx="2"/>${
        bin.jobs === 0
          ? null
          : html`<text class="v" x="${x + step / 2}" y="${(154 - height).toFixed(1)}">${format.short(bin.jobs)}</text>`
      }<text x="${x + step / 2}" y="180">${nameOf(bin)}</text>`
    })
  }<line x1="0" x2="${width}" y1="160.5" y2="160.5"/></svg>`
}

/** How many annotations jobs have. */
export const perJob = ({ results }: Summary): Section => {
  const heading = "Annotations per job"
  if (results === null || results.jobs === 0) return { id: "per-job", heading, body: null }
  const { max, maxJob, mean, median } = results.perJob
  const said = results.jobs === 1 ?
    html`The only job has ${format.counted(max, "annotation")}.` :
    html`Half of the jobs have ${format.counted(median, "annotation")} or fewer; the mean is ${format.decimal(mean)}${
      maxJob === null ? "." : html`, the most are ${format.count(max)}, in job ${job(maxJob)}.`
    }`
  const body = html`<p>${said}</p>
<figure>${chart(results.perJob)}<figcaption>Jobs by their number of annotations</figcaption></figure>`
  return { id: "per-job", heading, body }
}
