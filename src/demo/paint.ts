// Colours for terminals, plain text for everything else (and for NO_COLOR).

import type { Writable } from 'node:stream'
import { styleText } from 'node:util'

type Ink = (text: string) => string

export interface Paint {
  readonly strong: Ink
  readonly faint: Ink
  readonly good: Ink
  readonly bad: Ink
  readonly name: Ink
}

export function paint(out: Writable): Paint {
  const colourful = (out as { isTTY?: boolean }).isTTY === true && !process.env.NO_COLOR
  const ink =
    (format: Parameters<typeof styleText>[0]): Ink =>
    (text) =>
      colourful ? styleText(format, text, { validateStream: false }) : text
  return { strong: ink('bold'), faint: ink('dim'), good: ink('green'), bad: ink('red'), name: ink('cyan') }
}
