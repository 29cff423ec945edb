// Sections of docs/benchmarks.md that a benchmark writes without changing the rest of the page.

/** The page with this section in place of its old one, or at its end. `heading`: the line with `## `. */
export function withSection(page: string, heading: string, section: string): string {
  const start = page.indexOf(heading)
  if (start < 0) return `${page.trimEnd()}\n\n${section.trimEnd()}\n`
  const next = page.indexOf('\n## ', start)
  const rest = next < 0 ? '' : page.slice(next + 1)
  return `${page.slice(0, start)}${section.trimEnd()}\n${rest === '' ? '' : `\n${rest}`}`
}

/** The section in a page, or null. */
export function sectionOf(page: string, heading: string): string | null {
  const start = page.indexOf(heading)
  if (start < 0) return null
  const next = page.indexOf('\n## ', start)
  return page.slice(start, next < 0 ? page.length : next)
}
