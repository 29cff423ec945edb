// Escapes text of strangers for XML and HTML.

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

/** Text with every character of markup as a reference. */
export function escapeMarkup(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(forbidden, '')
    .replaceAll(/[&<>"']/g, (one) => entities[one] as string)
}
