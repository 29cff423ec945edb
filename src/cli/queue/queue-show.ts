// waypost queue show: one message with its recipients, header and events. Exit code 1 if it is not in the queue.

import { isUtf8 } from 'node:buffer'
import { describeEvent, stepLines, time } from '../../observe/describe-event.ts'
import type { ShownMessage } from '../../queue/contract/queue-reader.ts'
import { FAILED, json, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import { readNodeWaits } from './node-waits.ts'
import { messageLines, type WaitView, withWait } from './queue-list.ts'
import type { NodePlace } from '../place/node-place.ts'
import { withQueueReader } from './with-queue.ts'

export function queueShow(
  options: NodePlace & { readonly queueId: string; readonly json?: boolean; readonly now: number },
  io: Io,
): Promise<number> | number {
  return withQueueReader(options, io, async (reader, directory) => {
    const shown = await reader.show(options.queueId)
    if (!shown) {
      line(io.stderr, `${options.queueId} is not in the queue; see \`waypost trace ${options.queueId}\``)
      return FAILED
    }
    const view = { node: await readNodeWaits(directory), now: options.now }
    if (options.json)
      json(io.stdout, { ...withWait(shown, view), header: shown.header.toString('latin1'), body: undefined })
    else for (const text of shownLines(shown, view)) line(io.stdout, text)
    return OK
  })
}

function shownLines(shown: ShownMessage, view: WaitView): string[] {
  const header = headerText(shown.header).trimEnd().split('\r\n')
  return [
    ...messageLines(shown, view),
    `    origin ${shown.origin.kind}, expires ${time(shown.expiresAt)}`,
    '',
    ...header.map((text) => `    ${text}`),
    '',
    ...shown.events.flatMap((event) => [
      `  ${time(event.at)}  ${describeEvent(event)}`,
      ...stepLines(event).map((step) => `      ${step}`),
    ]),
  ]
}

/** As UTF-8 (RFC 6532), or each octet as a character if it is not UTF-8. */
function headerText(header: Buffer): string {
  return isUtf8(header) ? header.toString() : header.toString('latin1')
}
