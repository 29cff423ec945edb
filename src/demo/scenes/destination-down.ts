// (g) A destination is down. The mail waits, is tried again and delivered when the host is back.

import { fieldValues, PATIENCE_MS, proof } from '../stage.ts'
import type { Scene } from '../stage.ts'
import { annWrites } from '../stranger.ts'
import { until } from '../until.ts'

export const destinationDown: Scene = {
  letter: 'g',
  title: 'A destination is down, and comes back',
  about:
    'ada@ forwards to inbox.example.net, whose host is off. The queue keeps the mail, tries again and delivers it.',
  run: async (stage) => {
    await stage.moody.stop()
    const id = stage.newId('g', 'stranger.example')
    await annWrites(stage, { to: 'ada@example.org', subject: 'No hurry', id })
    const deferrals = () => stage.way(id).filter(({ event }) => event.kind === 'deferred')
    await until(() => deferrals().length > 0, PATIENCE_MS)
    const waited = deferrals().length
    stage.say('  (the host of inbox.example.net is switched on)')
    const moody = await stage.moody.start()
    const mail = await moody.waitFor((one) => fieldValues(one.message, 'Message-ID').includes(id), PATIENCE_MS)
    return [
      proof('the srs node deferred it', waited > 0, `${waited} ${waited === 1 ? 'attempt' : 'attempts'} failed`),
      proof('it was delivered when the host was back', mail.to.includes('ada@inbox.example.net'), mail.to.join(', ')),
    ]
  },
}
