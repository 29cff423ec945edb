// The style of the status page: for phones and wide screens, light and dark. Colours have a contrast of at least 4.5 to 1 (WCAG 1.4.3).

export const STYLE = `
:root { color-scheme: light dark; --ink: #1b2027; --soft: #57606c; --paper: #f3f5f8; --card: #fff; --line: #dbe1e8; --head: #fff;
  --act: #1a57b5; --act-ink: #fff; --hover: #eaf0fa; --good: #176c36; --good-bg: #e1f4e7; --warn: #7a4b00; --warn-bg: #fdf0d2;
  --bad: #a3211b; --bad-bg: #fce4e2; --plain: #37537d; --plain-bg: #e6edf8;
  --mono: ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --soft: #a2adba; --paper: #101317; --card: #191d23; --line: #313943; --head: #161a1f;
    --act: #8fb8fb; --act-ink: #0d2143; --hover: #222a36; --good: #79d697; --good-bg: #15301f; --warn: #f0bd62; --warn-bg: #3a2c0c;
    --bad: #ff9c94; --bad-bg: #431b18; --plain: #a9c4ee; --plain-bg: #1c2a40; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); }
a { color: var(--act); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; border-radius: .2rem; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: .5rem; top: .5rem; background: var(--card); padding: .5rem; z-index: 2; }
.unseen { position: absolute; left: 0; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
header, nav ul, main, footer { max-width: 84rem; margin: 0 auto; padding: 0 1.5rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; justify-content: space-between; padding-top: .9rem; padding-bottom: .2rem; }
.node { font-weight: 650; font-size: 1.05rem; margin: 0; overflow-wrap: anywhere; } .node a { color: inherit; text-decoration: none; }
.tag { font-size: .8rem; font-weight: 500; border: 1px solid var(--line); border-radius: 1rem; padding: .1rem .6rem; color: var(--soft); margin-left: .3rem; background: var(--card); }
.tools { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; } .find { display: flex; gap: .4rem; }
.find input { width: 20rem; max-width: 60vw; } .who { display: flex; gap: .6rem; align-items: center; color: var(--soft); font-size: .92rem; } .who form { margin: 0; }
nav { border-bottom: 1px solid var(--line); } nav ul { list-style: none; display: flex; gap: 0 1.4rem; overflow-x: auto; }
nav a { display: block; padding: .7rem 0 .6rem; text-decoration: none; border-bottom: 3px solid transparent; white-space: nowrap; color: var(--soft); }
nav a:hover { color: var(--ink); } nav a[aria-current] { color: var(--ink); border-color: var(--act); font-weight: 600; }
main { padding-top: 1.2rem; padding-bottom: 1.5rem; } footer { padding-bottom: 2rem; color: var(--soft); font-size: .9rem; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 1rem; font-weight: 650; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 0; font-weight: 620; } h3 { font-size: .95rem; margin: 1rem 0 .4rem; font-weight: 620; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .7rem; padding: 1rem 1.2rem; margin: 0 0 1.1rem; min-width: 0; }
.card > :last-child { margin-bottom: 0; } .head { display: flex; flex-wrap: wrap; gap: .3rem 1rem; justify-content: space-between; align-items: baseline; margin-bottom: .7rem; }
.head p { margin: 0; }
.columns { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.1rem; align-items: start; }
.soft { color: var(--soft); } .small { font-size: .88rem; } p { margin: 0 0 .7rem; } bdi, .break { overflow-wrap: anywhere; }
code, .mono { font-family: var(--mono); font-size: .88em; overflow-wrap: anywhere; }
input, select { font: inherit; color: inherit; background: var(--card); padding: .4rem .6rem; height: 2.4rem; border: 1px solid #808b98; border-radius: .45rem; max-width: 100%; min-width: 0; }
button, .button { font: inherit; font-weight: 600; background: var(--act); color: var(--act-ink); border: 1px solid var(--act); border-radius: .45rem; padding: .4rem .9rem; cursor: pointer; text-decoration: none; display: inline-block; position: relative; }
button.quiet, .button.quiet { background: none; color: var(--act); border-color: var(--line); font-weight: 500; padding: .2rem .65rem; }
button.danger, .button.danger { background: none; color: var(--bad); border-color: var(--bad); font-weight: 500; padding: .2rem .65rem; }
button.quiet:hover, .button.quiet:hover { background: var(--hover); }
.acts { display: flex; flex-wrap: wrap; gap: .4rem; } label { display: block; font-weight: 600; margin: 0 0 .25rem; }
.fields { display: flex; flex-wrap: wrap; gap: .7rem 1rem; align-items: end; margin: 0; } .fields > div { min-width: 0; }
.stack > * + * { margin-top: .9rem; } .stack input:not([type=hidden]) { display: block; width: 100%; max-width: 32rem; }
main.narrow, .narrow { max-width: 40rem; }
.note { border-radius: .5rem; padding: .7rem 1rem; margin: 0 0 1rem; } .note.plain { background: var(--plain-bg); }
.note.good { background: var(--good-bg); } .note.bad { background: var(--bad-bg); } .note.warn { background: var(--warn-bg); }
.badge { display: inline-block; border-radius: 1rem; padding: .05rem .6rem; font-size: .87rem; font-weight: 550; white-space: nowrap; }
.path .badge { white-space: normal; overflow-wrap: anywhere; }
.badge.good { color: var(--good); background: var(--good-bg); } .badge.warn { color: var(--warn); background: var(--warn-bg); }
.badge.bad { color: var(--bad); background: var(--bad-bg); } .badge.plain { color: var(--plain); background: var(--plain-bg); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .5rem 1rem .5rem 0; border-top: 1px solid var(--line); overflow-wrap: break-word; }
th:last-child, td:last-child { padding-right: 0; } thead th { border-top: 0; color: var(--soft); font-weight: 500; font-size: .88rem; padding-top: 0; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; width: 1%; white-space: nowrap; } tbody tr:hover { background: var(--hover); }
td .acts { flex-wrap: nowrap; } td .button { white-space: nowrap; } table + .fields { margin-top: 1rem; } .spans { margin-bottom: 1.1rem; } .spans [aria-current] { background: var(--act); color: var(--act-ink); border-color: var(--act); }
@media (min-width: 40.01rem) { td:has(bdi) { min-width: 9.5rem; } } @media (min-width: 66rem) { td bdi.whole, td a.mono { white-space: nowrap; } .columns td bdi.whole { white-space: normal; } } .fields + p { margin-top: .7rem; }
time { white-space: nowrap; } dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
.attention { list-style: none; margin: 0; padding: 0; } .attention li { display: grid; grid-template-columns: 5.7rem 1fr; gap: .2rem .8rem; padding: .6rem 0; border-top: 1px solid var(--line); }
.attention li:first-child { border-top: 0; padding-top: 0; } .attention p { margin: 0; }
.flow { list-style: none; margin: 0 0 1.1rem; padding: 0; display: grid; grid-template-columns: repeat(5, 1fr); gap: 2.2rem; }
.flow > li { position: relative; background: var(--card); border: 1px solid var(--line); border-radius: .7rem; padding: .8rem 1rem; min-width: 0; border-top: 3px solid var(--plain); }
.flow > li.good { border-top-color: var(--good); } .flow > li.warn { border-top-color: var(--warn); } .flow > li.bad { border-top-color: var(--bad); }
.flow > li + li::before { content: ""; position: absolute; left: -2.2rem; top: 50%; width: 2.2rem; height: 2px; background: #808b98; }
.flow > li + li::after { content: ""; position: absolute; left: -.75rem; top: calc(50% - 4px); border: 5px solid transparent; border-left: 8px solid #808b98; }
.flow h2 { font-size: .9rem; color: var(--soft); font-weight: 550; } .flow .big { font-size: 1.7rem; line-height: 1.2; font-weight: 650; margin: .2rem 0 0; font-variant-numeric: tabular-nums; }
.flow .big small { font-size: .8rem; font-weight: 450; color: var(--soft); } .flow ul { list-style: none; padding: 0; margin: .5rem 0 0; font-size: .88rem; color: var(--soft); } .flow li li { overflow-wrap: anywhere; }
.part { margin: 1.6rem 0 .8rem; font-size: 1.2rem; overflow-wrap: anywhere; } .card .lane { margin-bottom: .4rem; } h4 { margin: 0; font-size: .95rem; font-weight: 620; overflow-wrap: anywhere; }
.lane { list-style: none; margin: .5rem 0 0; padding: 0; display: flex; align-items: center; gap: 2.2rem; } .lane > li { position: relative; flex: 3 1 0; min-width: 0; display: grid; gap: .6rem; } .lane > li.end { flex: 2.4 1 0; }
.lane > li + li::before { content: ""; position: absolute; left: -2.2rem; top: 50%; width: 2.2rem; height: 2px; background: #808b98; }
.lane > li + li::after { content: ""; position: absolute; left: -.75rem; top: calc(50% - 4px); border: 5px solid transparent; border-left: 8px solid #808b98; }
.box { border: 1px solid var(--line); border-top: 3px solid var(--plain); border-radius: .6rem; padding: .6rem .8rem; min-width: 0; } .box p, .end p, .goal p { margin: .1rem 0; overflow-wrap: anywhere; }
.box.good { border-top-color: var(--good); } .box.warn { border-top-color: var(--warn); } .box.bad { border-top-color: var(--bad); } .box .tag { margin-left: 0; white-space: nowrap; }
.end > p, .goal { border: 1px dashed #808b98; border-radius: .6rem; padding: .5rem .7rem; min-width: 0; } .end > p + p { border: 0; padding: 0 .2rem; }
.spark { display: block; width: 100%; height: 2rem; margin-top: .4rem; } .spark polyline { fill: none; stroke: var(--plain); stroke-width: 1.5; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.spark polygon { fill: var(--plain); opacity: .15; } td .spark { width: 9rem; height: 1.6rem; margin: 0; }
.spark.good polyline { stroke: var(--good); } .spark.good polygon { fill: var(--good); } .spark.warn polyline { stroke: var(--warn); } .spark.warn polygon { fill: var(--warn); }
.spark.bad polyline { stroke: var(--bad); } .spark.bad polygon { fill: var(--bad); }
.bar { display: block; width: 8rem; height: .55rem; border-radius: .3rem; margin-top: .35rem; } .bar .good { fill: var(--good); } .bar .warn { fill: #d9971e; } .bar .bad { fill: var(--bad); }
.path { list-style: none; margin: 0; padding: 0; } .path > li { position: relative; padding: 0 0 1.2rem 2.2rem; }
.path > li::before { content: ""; position: absolute; left: .55rem; top: 1.2rem; bottom: -.2rem; width: 2px; background: #808b98; } .path > li:last-child::before { display: none; }
.path > li::after { content: ""; position: absolute; left: .1rem; top: .25rem; width: .85rem; height: .85rem; border-radius: 50%; border: 2px solid var(--card); background: var(--plain); box-shadow: 0 0 0 2px var(--plain); }
.path > li.good::after { background: var(--good); box-shadow: 0 0 0 2px var(--good); } .path > li.warn::after { background: var(--warn); box-shadow: 0 0 0 2px var(--warn); } .path > li.bad::after { background: var(--bad); box-shadow: 0 0 0 2px var(--bad); }
.path h3 { margin: 0; } .path p { margin: .15rem 0; } .branches { list-style: none; margin: .6rem 0 0; padding: 0; display: grid; gap: .6rem; }
.branches > li { border: 1px solid var(--line); border-left: 4px solid var(--plain); border-radius: .5rem; padding: .6rem .9rem; }
.branches > li.good { border-left-color: var(--good); } .branches > li.warn { border-left-color: var(--warn); } .branches > li.bad { border-left-color: var(--bad); }
.events td:first-child { white-space: nowrap; } .events ul { margin: .3rem 0 0; padding-left: 1.1rem; color: var(--soft); font-size: .9rem; }
pre { overflow: auto; max-height: 26rem; margin: 0; font: .85rem/1.5 var(--mono); background: var(--paper); border: 1px solid var(--line); border-radius: .5rem; padding: .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
details > summary { cursor: pointer; color: var(--act); } .pages { display: flex; gap: .6rem; margin: 1rem 0 0; }
.marks { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .4rem; }
.list { margin: 0; padding-left: 1.1rem; } .plainlist { list-style: none; margin: 0; padding: 0; }
@media (max-width: 64rem) { .flow { grid-template-columns: 1fr; gap: 1.4rem; } .columns { grid-template-columns: 1fr; }
  .flow > li + li::before { left: 1.8rem; top: -1.4rem; width: 2px; height: 1.4rem; } .flow > li + li::after { left: calc(1.8rem - 4px); top: -.6rem; border: 5px solid transparent; border-top: 8px solid #808b98; }
  .lane { flex-direction: column; align-items: stretch; gap: 1.4rem; } .lane > li + li::before { left: 1.8rem; top: -1.4rem; width: 2px; height: 1.4rem; } .lane > li + li::after { left: calc(1.8rem - 4px); top: -.6rem; border: 5px solid transparent; border-top: 8px solid #808b98; }
  .flow > li { display: grid; grid-template-columns: minmax(7rem, 1fr) 1.4fr; gap: .1rem 1rem; } .flow .spark { grid-column: 2; grid-row: 1 / 3; height: 3rem; margin: 0; } .flow ul { grid-column: 1 / 3; } }
@media (max-width: 40rem) {
  header, nav ul, main, footer { padding-left: 1rem; padding-right: 1rem; } .find { flex: 1; } .find input { flex: 1; width: auto; max-width: none; } .tools { width: 100%; }
  .card { padding: .9rem 1rem; } dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .6rem; }
  table, tbody, tr, td { display: block; } thead { position: absolute; left: -99rem; } tr { border-top: 1px solid var(--line); padding: .5rem 0; } tbody tr:first-child { border-top: 0; }
  td, td.number { border: 0; padding: .12rem 0; text-align: left; width: auto; white-space: normal; } td .acts { flex-wrap: wrap; } .flow .big small { display: block; } td[data-name]:not([data-name=""])::before { content: attr(data-name) ": "; color: var(--soft); font-size: .88rem; }
  td:empty { display: none; } td .spark { display: inline-block; vertical-align: middle; } .bar { display: inline-block; margin: 0 0 0 .3rem; } .attention li { grid-template-columns: 1fr; }
  .fields { display: block; } .fields > div + div, .fields > button { margin-top: .7rem; } .fields input, .fields select { width: 100%; }
}
@media (prefers-reduced-motion: no-preference) { main.fresh { animation: fresh .4s; } @keyframes fresh { from { opacity: .75; } } }
@media print { nav, .tools, .acts { display: none; } }
`
