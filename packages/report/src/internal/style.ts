/** How the page looks: one stylesheet, in light and in dark, on paper too. The page's policy has its hash. */

const light = `
  --page: #f4f6f8; --card: #ffffff; --line: #d5dbe1; --text: #17202a; --soft: #52606d; --accent: #0b5cad;
  --good: #1a7f37; --good-soft: #dff3e4; --warn: #8a5a00; --warn-soft: #fdf0d0; --bad: #b42318; --bad-soft: #fde4e1;
  --bar: #3b82c4; --paper: #fbfcfd; --grid: #e3e8ed;
  --c0: #1f6feb; --c1: #c2410c; --c2: #15803d; --c3: #a21caf; --c4: #a16207;
  --c5: #0e7490; --c6: #be123c; --c7: #6d28d9; --c8: #4d7c0f; --c9: #475569;`

const dark = `
  --page: #0f1317; --card: #181d23; --line: #313a44; --text: #e8edf2; --soft: #a3b0bd; --accent: #7ab8ff;
  --good: #56d37a; --good-soft: #12301d; --warn: #f0c257; --warn-soft: #352a0d; --bad: #ff8b80; --bad-soft: #3d1714;
  --bar: #4f9be0; --paper: #12161b; --grid: #242c35;
  --c0: #6ea8fe; --c1: #fb923c; --c2: #4ade80; --c3: #e879f9; --c4: #facc15;
  --c5: #22d3ee; --c6: #fb7185; --c7: #a78bfa; --c8: #a3e635; --c9: #cbd5e1;`

const colors = Array.from({ length: 10 }, (_, i) => `.c${i}{color:var(--c${i})}`).join("\n")

const shapes = `.draw .grid { stroke: var(--grid); stroke-width: 1; fill: none }
.draw g { stroke: currentColor; fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }
.draw .fill { fill: currentColor; fill-opacity: .16 }
.draw .dense { stroke-width: 1; stroke-opacity: .75 }
.draw .dense .fill { fill-opacity: .03 }
.draw .dot { fill: currentColor; stroke: none }
.draw .faint { stroke-opacity: .4; stroke-width: 1.2 }
.draw text { font-size: 11px; fill: var(--text); stroke: var(--paper); stroke-width: 3px; paint-order: stroke;
  stroke-linejoin: round }
.draw .axis { fill: var(--soft) }
.draw .life { stroke: none; fill: currentColor }
.draw .name { font-size: 9px }
.draw .before { text-anchor: end }`

/** What drawings need outside of a page, in light. */
export const drawingStyle = `svg {${light} font-family: sans-serif }
.paper { fill: var(--paper); stroke: var(--line) }
${shapes}
${colors}`

/** The stylesheet of the page. */
export const style = `
:root {${light}
  color-scheme: light dark;
}
@media screen and (prefers-color-scheme: dark) { :root {${dark}
} }
*, *::before, *::after { box-sizing: border-box }
html { scroll-behavior: smooth; scroll-padding-top: 4rem; -webkit-text-size-adjust: 100% }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto } }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Open Sans", Arial, sans-serif }
.skip { position: absolute; left: -999rem }
.skip:focus { left: 1rem; top: 1rem; z-index: 2; background: var(--card); padding: .5rem 1rem; border-radius: 6px }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.wrap { max-width: 1120px; margin: 0 auto; padding: 0 1.25rem }
header .wrap { padding-top: 2rem; padding-bottom: 1rem }
h1 { font-size: 1.85rem; line-height: 1.2; margin: 0; letter-spacing: -.015em; overflow-wrap: anywhere }
h2 { font-size: 1.25rem; margin: 0 0 .25rem; letter-spacing: -.01em }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere }
p { margin: .35rem 0 }
.soft { color: var(--soft) }
.small { font-size: .867rem }
.title { display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: center }
.pill { display: inline-block; padding: .12rem .7rem; border-radius: 99px; font-weight: 600; font-size: .867rem;
  white-space: nowrap }
.good { color: var(--good); background: var(--good-soft) }
.warn { color: var(--warn); background: var(--warn-soft) }
.bad { color: var(--bad); background: var(--bad-soft) }
nav { position: sticky; top: 0; z-index: 1; background: var(--page); border-bottom: 1px solid var(--line) }
nav ul.wrap { display: flex; gap: .25rem 1.25rem; list-style: none; margin: 0 auto; overflow-x: auto; padding-top: .15rem }
nav a { display: block; padding: .5rem 0; color: var(--text); text-decoration: none; white-space: nowrap }
nav a:hover { color: var(--accent); text-decoration: underline }
a { color: var(--accent) }
main.wrap { padding-top: 1.25rem; padding-bottom: 2rem }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.25rem 1.4rem;
  margin-bottom: 1.25rem }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(136px, 1fr)); gap: .9rem 1.5rem; margin: .75rem 0 0 }
.tiles div { border-left: 3px solid var(--line); padding-left: .75rem }
.tiles dt { color: var(--soft); font-size: .867rem }
.tiles dd { margin: 0; font-size: 1.6rem; line-height: 1.25; font-weight: 650; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums }
.tiles dd span { display: block; font-size: .8rem; font-weight: 400; color: var(--soft); letter-spacing: 0 }
.tiles dd .date { font-size: 1.2rem; line-height: 1.667; font-weight: 650; color: var(--text); white-space: nowrap }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 1.25rem 2rem }
.scroll { overflow-x: auto; margin-top: .75rem }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
caption { text-align: left; color: var(--soft); font-size: .867rem; padding-bottom: .4rem }
th, td { text-align: left; padding: .38rem .75rem .38rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: break-word }
tbody th { font-weight: 500; min-width: 9.5rem; max-width: 24rem }
tbody th.n { min-width: 0 }
.narrow { max-width: 26rem }
.tall { min-width: 12rem }
thead th { color: var(--soft); font-weight: 600; font-size: .8rem; vertical-align: bottom; overflow-wrap: normal }
tr > :last-child { padding-right: 0 }
tbody tr:last-child > * { border-bottom: 0 }
.n { text-align: right; white-space: nowrap }
.nowrap { white-space: nowrap }
.wide { min-width: 15rem }
.more { color: var(--soft); margin: .5rem 0 0 }
details { border: 1px solid var(--line); border-radius: 8px; padding: .5rem .9rem; margin-top: .75rem }
summary { cursor: pointer; font-weight: 600 }
td.bar { width: 28%; min-width: 5rem; vertical-align: middle }
svg { display: block }
.bar svg { width: 100%; height: 10px }
.bar rect { fill: var(--bar) }
code { font: .867rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere }
.stack { width: 100%; height: 14px; border-radius: 7px; margin-top: 1.1rem }
.key { display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; list-style: none; padding: 0; margin: .5rem 0 0;
  font-size: .867rem }
.key li { display: flex; gap: .4rem; align-items: baseline; min-width: 0; overflow-wrap: anywhere }
.key svg { flex: none; width: 11px; height: 11px; position: relative; top: 1px }
.f-good { fill: var(--good) } .f-warn { fill: var(--warn) } .f-bad { fill: var(--bad) } .f-soft { fill: var(--soft) }
.chart { max-width: 100%; height: auto; margin-top: .5rem }
.chart rect { fill: var(--bar) }
.chart text { fill: var(--soft); font-size: 12px; text-anchor: middle }
.chart .v { fill: var(--text); font-weight: 600 }
.chart line { stroke: var(--line) }
.notice { border-left: 4px solid var(--warn); background: var(--warn-soft); padding: .6rem .9rem; border-radius: 4px;
  margin: .75rem 0 0; overflow-wrap: anywhere }
.gallery { display: grid; grid-auto-flow: dense; align-items: start; grid-template-columns: repeat(auto-fill, minmax(min(100%, 460px), 1fr)); gap: 1.1rem;
  margin-top: 1rem }
article { border: 1px solid var(--line); border-radius: 10px; padding: .9rem 1rem; min-width: 0 }
article.long { grid-column: 1 / -1 }
figure { margin: .6rem 0 0; min-width: 0 }
.when { max-width: 640px }
figcaption { font-size: .8rem; color: var(--soft); margin-top: .2rem; overflow-wrap: anywhere }
.strip { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 190px), 1fr)); gap: .7rem }
.strip.one { grid-template-columns: 1fr }
.strip.few { grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)) }
.draw { max-width: 100%; height: auto; background: var(--paper); border: 1px solid var(--line); border-radius: 6px }
${shapes}
img.mask { display: block; max-width: 100%; height: auto; background: var(--paper); border: 1px solid var(--line);
  border-radius: 6px; image-rendering: pixelated }
.over { position: relative; width: fit-content; max-width: 100%; border: 1px solid var(--line); border-radius: 6px;
  overflow: hidden }
.over .below { position: absolute; width: 100%; height: 100% }
.over .draw, .over .mask { position: relative; border: 0; border-radius: 0; background: none }
.over .draw { filter: drop-shadow(0 0 1px var(--paper)) drop-shadow(0 0 1px var(--paper)) }
.over .draw .fill { fill-opacity: 0 }
.over .mask { opacity: .55 }
.classes { display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; list-style: none; padding: 0; margin: .2rem 0 0;
  font-size: .867rem; color: var(--text) }
.classes span { color: var(--soft); margin-left: .5rem }
${colors}
footer { color: var(--soft); font-size: .867rem; padding-bottom: 2.5rem }
@media (max-width: 560px) {
  .wrap { padding: 0 .8rem }
  section { padding: 1rem .9rem }
  h1 { font-size: 1.45rem }
  .tiles { grid-template-columns: repeat(2, 1fr) }
  td.bar, td:empty { display: none }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  table, tbody, caption { display: block }
  tbody tr { display: flex; flex-wrap: wrap; gap: .1rem 1rem; padding: .45rem 0; border-bottom: 1px solid var(--line) }
  tbody tr:last-child { border-bottom: 0 }
  tbody th, tbody td { display: block; border: 0; padding: 0; min-width: 0; max-width: 100%; overflow-wrap: anywhere }
  tbody th, tbody .wide, tbody .tall { flex: 1 0 100%; text-align: left; white-space: normal }
  tbody td::before { content: attr(data-column) " "; color: var(--soft); font-size: .8rem }
  .strip { grid-template-columns: repeat(auto-fill, minmax(min(100%, 140px), 1fr)) }
  .draw text { font-size: 18px }
  .draw .name { font-size: 15px }
  .strip:not(.few) .draw text, .when .draw text { font-size: 14px }
}
@media print {
  nav, .skip { display: none }
  body { background: #fff }
  section, article { break-inside: avoid-page; border-color: #ccc }
}
`
