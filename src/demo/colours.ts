// Colours for a terminal; plain text otherwise, and when NO_COLOR is set.

import type { Writable } from 'node:stream'
import { styleText } from 'node:util'

type Style = (text: string) => string

export interface Colours {
  readonly bold: Style
  readonly dim: Style
  readonly success: Style
  readonly failure: Style
  readonly name: Style
}

export function coloursFor(out: Writable): Colours {
  const isColoured = (out as { isTTY?: boolean }).isTTY === true && !process.env.NO_COLOR
  const style =
    (format: Parameters<typeof styleText>[0]): Style =>
    (text) =>
      isColoured ? styleText(format, text, { validateStream: false }) : text
  return { bold: style('bold'), dim: style('dim'), success: style('green'), failure: style('red'), name: style('cyan') }
}
