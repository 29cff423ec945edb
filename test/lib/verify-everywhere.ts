// The differential run of tests with messages: each is verified in five ways, whose findings must be the same. The reference is mailauth's
// own `dkimVerify` with its own key look-ups; the others are the streaming and the in-memory path, here and in a thread.

import { buffer } from 'node:stream/consumers'
import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import { expect } from 'vitest'
import type { Resolver } from '../../src/dns/resolver.ts'
import type { Authentication, AuthenticationRequest, Authenticator } from '../../src/filter/authentication.ts'
import { createVerificationThread } from '../../src/filter/verification-thread.ts'
import { createAuthenticator } from '../../src/filter/verify-message.ts'
import type { VerifyContent } from '../../src/filter/signature-verifier.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { openMessage } from '../../src/message/content.ts'

const verifyWithMailauth: VerifyContent = (content, { sender, curTime, keys: { resolver } }) => {
  const message = openMessage(content)
  const result = dkimVerify(message, { resolver, sender, strict: true, curTime: new Date(curTime) })
  return { result, stop: () => message.destroy() }
}

let asked: Resolver | null = null
/** One thread for all tests of a file; its resolver is that of the last authenticator. */
const thread = createVerificationThread(
  {
    resolver: { resolve: (name, type, ask) => (asked as Resolver).resolve(name, type, ask) },
    clock: systemClock,
    log: { error: (fields) => expect.fail(JSON.stringify(fields)) },
  },
  { stuckMs: 60_000, idleMs: 60_000 },
)

/** An authenticator for one test at a time; it fails if the ways differ. */
export function verifyEverywhere(resolver: Resolver): Authenticator {
  asked = resolver
  const ports = { resolver, clock: systemClock }
  const reference = createAuthenticator({ ...ports, verify: verifyWithMailauth })
  const here = createAuthenticator(ports)
  return {
    authenticate: async (request) => {
      const found = await reference.authenticate(request)
      const whole = await inMemory(request)
      const others: readonly [string, Promise<Authentication | null>][] = [
        ['here, as a stream', here.authenticate(request)],
        ['here, in memory', here.authenticate(whole)],
        ['here, again, with the keys of before', here.authenticate(whole)],
        ['in a thread, as a stream', thread.verify(request)],
        ['in a thread, from memory', thread.verify(whole)],
      ]
      for (const [way, other] of others) expect(await other, way).toEqual(found)
      return found
    },
  }
}

async function inMemory(request: AuthenticationRequest): Promise<AuthenticationRequest> {
  const octets = await buffer(request.content.openBody())
  return { ...request, content: { ...request.content, octets } }
}
