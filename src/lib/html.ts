// Templates of HTML. Every value is escaped unless it is HTML itself, so that a page cannot forget it.

import { escapeMarkup } from './escape-markup.ts'

export interface Html {
  readonly html: string
}

/** Null and false are nothing. */
export type HtmlValue = Html | string | number | null | false | readonly Html[]

/** Attribute values must be in quotes. */
export function html(texts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return { html: texts.map((text, index) => `${text}${written(values[index] ?? null)}`).join('') }
}

function written(value: HtmlValue): string {
  if (value === null || value === false) return ''
  if (typeof value === 'object') return 'html' in value ? value.html : value.map((one) => one.html).join('\n')
  return escapeMarkup(String(value))
}
