// Makes a session that of the client that a front end names (XCLIENT), and runs the checks of connect for it.

import type { Refusal } from '../smtp/reply.ts'
import { admit } from './admit.ts'
import type { NamedClient } from './commands/xclient-attributes.ts'
import type { Dialogue } from './session-dialogue.ts'
import { forgetPlaintext } from './session-record.ts'

/** The reply that ends the session if the client is refused, else null. */
export async function becomeClient<Resolution>(
  dialogue: Dialogue<Resolution>,
  { ip, helo }: NamedClient,
): Promise<Refusal | null> {
  const { context, session } = dialogue
  forgetPlaintext(session)
  session.remoteIp = ip
  session.remoteName = null
  session.origin = null
  session.authenticated = false
  // The certificate is that of the front end: it must not make a peer or a machine of its clients.
  session.tls = session.tls && { ...session.tls, certificate: null }
  dialogue.failedAuth = 0
  dialogue.namedHelo = helo
  const refused = await admit(context, session, 'connect')
  return refused ?? (session.tls && (await admit(context, session, 'secured')))
}
