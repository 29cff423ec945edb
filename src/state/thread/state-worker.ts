// The thread that owns the files of shared state. It answers all requests that wait in one message.

import { parentPort, receiveMessageOnPort } from 'node:worker_threads'
import { systemClock } from '../../lib/clock.ts'
import { collectGarbage } from '../../lib/release-memory.ts'
import { createStateEngine } from './state-engine.ts'
import type { FromStateThread, ToStateThread } from './state-messages.ts'

const port = parentPort
if (!port) throw new Error('state-worker.ts runs in a worker thread only')

const engine = createStateEngine({ monotonic: () => systemClock.monotonic() })

port.on('message', (first: ToStateThread) => {
  const messages = [first]
  for (let more = receiveMessageOnPort(port); more; more = receiveMessageOnPort(port))
    messages.push(more.message as ToStateThread)
  for (const message of messages) {
    if (message.kind === 'batch') {
      port.postMessage({ id: message.id, ...engine.answer(message.requests) } satisfies FromStateThread)
    } else if (message.kind === 'release-memory') {
      collectGarbage()
    } else {
      engine.close()
      port.close()
    }
  }
})
