// Sessions of a balancer itself, in which it asks whether the node works. The checks of connect, TLS and EHLO wait until the client starts
// something for which they matter: a health check needs no look-up of a name, and a listener for known clients answers it as well.

import type { Refused } from '../../policy/verdict.ts'
import type { ListenerContext } from '../context.ts'
import type { AdmissionAnswer, ServerHooks } from '../server-hooks.ts'
import type { SessionRecord } from '../session-record.ts'
import type { Session } from '../../smtp/session.ts'

/** The context of one such session. It logs no lost connection: a balancer ends its checks as it likes. */
export function ownConnectionContext<Resolution>(context: ListenerContext<Resolution>): ListenerContext<Resolution> {
  const { log } = context
  return {
    ...context,
    hooks: lateAdmission(context.hooks),
    log: { info: () => {}, bug: (error, at, fields) => log.bug(error, at, fields) },
  }
}

/** Hooks of one session whose admission runs before its first AUTH or MAIL. */
function lateAdmission<Resolution>(hooks: ServerHooks<Resolution>): ServerHooks<Resolution> {
  let wasAdmitted = false
  const admit = async (session: Session): Promise<Refused | null> => {
    if (wasAdmitted) return null
    const stages = session.tls ? (['connect', 'secured'] as const) : (['connect'] as const)
    for (const stage of stages) {
      const answer = await hooks[stage](session)
      if (answer.kind !== 'accept') return answer
      apply(session as SessionRecord, answer)
    }
    const greeted = session.helo === null ? null : await hooks.helo(session)
    if (greeted !== null && greeted.kind !== 'accept') return greeted
    wasAdmitted = true
    return null
  }
  const later = async ({ origin, remoteName }: Session): Promise<AdmissionAnswer> => {
    return { kind: 'accept', origin, remoteName }
  }
  return {
    ...hooks,
    connect: later,
    secured: (session) => (wasAdmitted ? hooks.secured(session) : later(session)),
    helo: (session) => (wasAdmitted ? hooks.helo(session) : Promise.resolve({ kind: 'accept' })),
    authenticate: async (session, credentials) => {
      const refused = await admit(session)
      return refused ? { kind: 'refused', reply: refused.reply } : hooks.authenticate(session, credentials)
    },
    mail: async (session, reversePath, parameters) =>
      (await admit(session)) ?? hooks.mail(session, reversePath, parameters),
  }
}

function apply(session: SessionRecord, { origin, remoteName }: Exclude<AdmissionAnswer, Refused>): void {
  session.origin = origin
  session.remoteName = remoteName
}
