// Ann, who is nobody to us: her mails come straight from her own provider's address to our mx.

import type { Sent } from '../cli/mail-client.ts'
import { strangerAddress } from './demo-addresses.ts'
import { letter } from './stage.ts'
import type { Stage } from './stage.ts'

export const ann = 'ann@stranger.example'

/** Sends one of her mails to one address of ours. */
export function annWrites(
  stage: Stage,
  mail: { readonly to: string; readonly subject: string; readonly id: string },
): Promise<Sent> {
  return stage.send('ann', {
    node: 'mx',
    port: stage.fleet.ports.smtp,
    security: 'none',
    localAddress: strangerAddress,
    name: 'mail.stranger.example',
    from: ann,
    to: [mail.to],
    message: letter({ from: `Ann <${ann}>`, ...mail }),
  })
}
