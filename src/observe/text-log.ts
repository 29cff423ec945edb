// The log of a node as text for people: `TIME NODE LEVEL MESSAGE; FIELD=VALUE`, and for an event of the ledger the sentence of `trace`.

import { printable } from '../lib/printable.ts'
import { describeEvent, stepLines } from './describe-event.ts'
import type { LineWriter, LineWriterSettings, LogLevel, LogOutput } from './event-log.ts'

/** Values without these characters need no quotation marks. */
const plainValue = /^[^\s"=;]+$/

/** Writes one line for each event or message, however many lines a text has. */
export function textLines({ base, clock }: Omit<LineWriterSettings, 'level'>, output: LogOutput): LineWriter {
  const node = Object.values(base).join(' ')
  const put = (level: LogLevel, text: string): void =>
    output.write(`${new Date(clock.now()).toISOString()} ${node} ${level} ${printable(text)}\n`)
  return {
    line: (level, fields, message) => put(level, [message, ...Object.entries(fields).map(fieldText)].join('; ')),
    event: (level, event, privacy) => {
      const treated = privacy.event(event)
      const head = treated.queueId ?? treated.session
      const sentence = [describeEvent(treated), ...stepLines(treated)].join('; ')
      put(level, head === undefined || head === null ? sentence : `${head}: ${sentence}`)
    },
  }
}

function fieldText([name, value]: readonly [string, unknown]): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return `${name}=${plainValue.test(text) ? text : JSON.stringify(text)}`
}
