import * as Effect from "effect/Effect"
import * as format from "./format.ts"
import type { Summary } from "./gather/summaryModel.ts"
import { Html, html, shorten } from "./html.ts"
import type { Section } from "./section.ts"
import { attention } from "./sections/attention.ts"
import { batches } from "./sections/batches.ts"
import { gallery } from "./sections/gallery.ts"
import { labels } from "./sections/labels.ts"
import { overview, state } from "./sections/overview.ts"
import { perJob } from "./sections/perJob.ts"
import { runs } from "./sections/runs.ts"
import { style } from "./style.ts"

const sha256 = (text: string): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))),
    (hash) => btoa(String.fromCharCode(...new Uint8Array(hash)))
  )

/** The page may load nothing and run no script, whatever it holds. */
const policy = (styleHash: string): string =>
  `default-src 'none'; style-src 'sha256-${styleHash}'; img-src data:; base-uri 'none'; form-action 'none'`

const subtitle = ({ batches, results, stages }: Summary): string => {
  const jobs = stages.pending + stages.unfinished + stages.stored + stages.failed
  return [
    format.counted(batches.top.length + batches.more, "batch", "batches"),
    format.counted(jobs, "job"),
    ...(results === null ? [] : [format.counted(results.annotations, "annotation")])
  ].join(" \u00b7 ")
}

/** The whole page. */
export const page = (summary: Summary, title: string): Effect.Effect<string> =>
  Effect.map(sha256(style), (styleHash) => {
    const sections: ReadonlyArray<Section> = [
      overview(summary),
      attention(summary),
      labels(summary),
      perJob(summary),
      gallery(summary),
      batches(summary),
      runs(summary)
    ].filter(({ body }) => body !== null)
    const { tone, word } = state(summary)
    const name = shorten(title, 200)
    return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(styleHash)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${name}</title>
<style>${new Html(style)}</style>
</head>
<body>
<a class="skip" href="#overview">Skip to the content</a>
<header><div class="wrap">
<div class="title"><h1><bdi>${name}</bdi></h1><span class="pill ${tone}">${word}</span></div>
<p class="soft">${subtitle(summary)}</p>
</div></header>
<nav aria-label="Parts of this page"><ul class="wrap">
${sections.map(({ heading, id }) => html`<li><a href="#${id}">${heading}</a></li>`)}
</ul></nav>
<main class="wrap">
${
      sections.map(({ body, heading, id }) =>
        html`<section id="${id}" aria-labelledby="${id}-heading">
<h2 id="${id}-heading">${heading}</h2>
${body}
</section>
`
      )
    }</main>
<footer class="wrap"><p>Made by Labelstream from what is stored, without the network. This file needs nothing else
and runs no script.</p></footer>
</body>
</html>
`.text
  })
