// Writes XML elements whose text can come from strangers.

import { escapeMarkup } from '../lib/escape-markup.ts'

/** An element, or text between elements. */
export type Markup = { readonly xml: string }

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
