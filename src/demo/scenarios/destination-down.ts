// (g) A destination is down. The queue retries the message and delivers it when the host is up again.

import { fieldValues, ARRIVAL_TIMEOUT_MS, expectation } from '../environment.ts'
import type { Scenario } from '../environment.ts'
import { sendAsAnn } from '../external-sender.ts'
import { until } from '../until.ts'

export const destinationDown: Scenario = {
  letter: 'g',
  title: 'A destination is down for a while',
  about:
    'ada@ forwards to inbox.example.net, whose host is down. The queue keeps the message and retries until delivery succeeds.',
  run: async (environment) => {
    await environment.failingHost.stop()
    const id = environment.newId('g', 'stranger.example')
    await sendAsAnn(environment, { to: 'ada@example.org', subject: 'No hurry', id })
    const deferrals = async () => (await environment.trace(id)).filter(({ event }) => event.kind === 'deferred').length
    await until(async () => (await deferrals()) > 0, ARRIVAL_TIMEOUT_MS)
    const attempts = await deferrals()
    environment.print('  (the host of inbox.example.net starts)')
    const host = await environment.failingHost.start()
    const mail = await host.waitFor((one) => fieldValues(one.message, 'Message-ID').includes(id), ARRIVAL_TIMEOUT_MS)
    return [
      expectation(
        'the srs node deferred the message',
        attempts > 0,
        `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} failed`,
      ),
      expectation(
        'the message was delivered when the host was up',
        mail.to.includes('ada@inbox.example.net'),
        mail.to.join(', '),
      ),
    ]
  },
}
