// Writes XML elements whose text can come from strangers.

/** An element, or text between elements. */
export type Markup = { readonly xml: string }

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

// XML 1.0 2.2 allows no control characters but these, not even as references.
// oxlint-disable-next-line no-control-regex -- control characters are what is removed
const forbidden = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu

/** Text with every character of markup as a reference. Also for HTML. */
export function escapeMarkup(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(forbidden, '')
    .replaceAll(/[&<>"']/g, (one) => entities[one] as string)
}

/** `content`: text to escape, or elements, one on each line. */
export function element(
  name: string,
  content: string | number | readonly Markup[],
  attributes: Readonly<Record<string, string>> = {},
): Markup {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeMarkup(value)}"`)
  const start = `<${name}${written.join('')}>`
  if (typeof content !== 'object') return { xml: `${start}${escapeMarkup(String(content))}</${name}>` }
  const lines = content.map(({ xml }) => xml.replaceAll(/^/gm, '  '))
  return { xml: lines.length === 0 ? `${start}</${name}>` : `${start}\n${lines.join('\n')}\n</${name}>` }
}

/** A document with its declaration. @param doctype the line after the declaration, if the format has one */
export function xmlDocument({ xml }: Markup, doctype?: string): string {
  const head = ['<?xml version="1.0" encoding="UTF-8"?>', ...(doctype === undefined ? [] : [doctype])]
  return `${head.join('\n')}\n${xml}\n`
}
