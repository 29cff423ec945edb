// The style of the pages: for phones and wide screens, light and dark.

export const STYLE = `
:root { color-scheme: light dark; --ink: #1d2126; --soft: #5a636e; --paper: #f6f7f9; --card: #fff; --line: #d9dee4;
  --act: #1f5fbf; --act-ink: #fff; --good: #dff3e4; --bad: #fbe3e1; --warn: #fdf1d3;
  font: 1rem/1.5 system-ui, sans-serif; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7eaee; --soft: #a3adb8; --paper: #14171a; --card: #1d2125; --line: #383f47;
    --act: #8ab4f8; --act-ink: #10233f; --good: #17361f; --bad: #4a1f1c; --warn: #43370f; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); }
a { color: var(--act); }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: .5rem; top: .5rem; }
header, nav ul, main, footer { max-width: 60rem; margin: 0 auto; padding: 0 1rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between; padding-top: 1rem; }
.service { font-weight: 600; margin: 0; }
.person { display: flex; gap: .8rem; align-items: center; color: var(--soft); overflow-wrap: anywhere; }
nav { border-bottom: 1px solid var(--line); margin-top: .5rem; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0 1.2rem; }
nav a { display: block; padding: .6rem 0; text-decoration: none; border-bottom: 3px solid transparent; }
nav a[aria-current] { color: var(--ink); border-color: var(--act); font-weight: 600; }
main { padding-top: 1rem; padding-bottom: 2rem; }
main.narrow { max-width: 26rem; }
footer { padding-bottom: 2rem; color: var(--soft); }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .8rem 0 1rem; }
h2 { font-size: 1.15rem; margin: 0 0 .5rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.2rem; margin: 0 0 1rem; }
section > :last-child { margin-bottom: 0; }
label, legend { display: block; font-weight: 600; margin: .9rem 0 .25rem; padding: 0; }
fieldset { border: 0; padding: 0; margin: .9rem 0 0; } legend { margin-top: 0; }
section form > label:first-of-type { margin-top: 0; }
fieldset label { font-weight: 400; margin: .2rem 0; }
input:not([type=checkbox]), select { display: block; font: inherit; color: inherit; background: var(--card); width: 100%; max-width: 24rem;
  padding: .5rem .6rem; border: 1px solid var(--soft); border-radius: .4rem; }
.hint { color: var(--soft); font-size: .92rem; margin: .25rem 0; max-width: 40rem; }
main > .hint { margin-bottom: 1rem; }
section ul { padding-left: 1.2rem; margin: 0; }
button { font: inherit; font-weight: 600; background: var(--act); color: var(--act-ink); border: 1px solid var(--act);
  border-radius: .4rem; padding: .5rem 1.1rem; margin-top: 1rem; cursor: pointer; }
button.quiet { background: none; color: var(--act); border-color: var(--line); font-weight: 400; padding: .25rem .7rem; margin: 0; }
.note { border-radius: .5rem; padding: .7rem 1rem; margin: 0 0 1rem; }
.note.good { background: var(--good); } .note.bad { background: var(--bad); } .note.warn { background: var(--warn); }
.secret { font: 1.25rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; user-select: all; margin: .5rem 0; }
section ul.codes { columns: 2; max-width: 22rem; padding: 0; list-style: none; font: 1.05rem/1.7 ui-monospace, monospace; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .5rem .9rem .5rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
thead th { border-top: 0; color: var(--soft); font-weight: 400; font-size: .92rem; }
time { white-space: nowrap; }
.soft { color: var(--soft); }
svg.qr { width: 13rem; height: 13rem; background: #fff; border-radius: .4rem; display: block; margin: .8rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 36rem) {
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .6rem; }
  table, tbody, tr, td, th { display: block; } thead { position: absolute; left: -99rem; }
  tr { border-top: 1px solid var(--line); padding: .5rem 0; } td, th { border: 0; padding: .1rem 0; }
  td[data-name]::before { content: attr(data-name) ": "; color: var(--soft); }
}
`
