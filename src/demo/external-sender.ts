// Ann, a sender outside the organisation: her provider delivers directly to the mx.

import type { Sent } from '../cli/mail/mail-client.ts'
import { externalAddress } from './demo-addresses.ts'
import { testMessage } from './environment.ts'
import type { Environment } from './environment.ts'

export const ann = 'ann@stranger.example'

/** Sends a message from ann@stranger.example to `mail.to` at the mx. */
export function sendAsAnn(
  environment: Environment,
  mail: { readonly to: string; readonly subject: string; readonly id: string },
): Promise<Sent> {
  return environment.send('ann', {
    node: 'mx',
    port: environment.fleet.ports.smtp,
    security: 'none',
    localAddress: externalAddress,
    name: 'mail.stranger.example',
    from: ann,
    to: [mail.to],
    message: testMessage({ from: `Ann <${ann}>`, ...mail }),
  })
}
