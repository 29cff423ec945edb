// Verifies usual messages at once and expensive ones in threads, within the budgets of the node. The expensive messages of a client that has
// used up its allowance go to a second thread, so that they do not delay those of others.

import { isIP } from 'node:net'
import type { Budgets } from '../budget/budgets.ts'
import { shrinkingShares } from '../budget/shrinking-shares.ts'
import { clientNetwork } from '../lib/ip-address.ts'
import type { Content } from '../message/content.ts'
import type { Authentication, AuthenticationRequest, Authenticator } from './authentication.ts'
import { describeFindings } from './describe-results.ts'
import { lazyAuthenticator } from './lazy-authenticator.ts'
import { createVerificationThread, type ThreadPorts } from './verification-thread.ts'

export interface ThreadedAuthenticator extends Authenticator {
  /** Ends the threads. */
  close(): Promise<void>
}

export interface ThreadedAuthenticatorPorts extends ThreadPorts {
  readonly budgets: Budgets
}

/** The part of its share that a client has while all places are used: strangers can make each verification wait for DNS. */
const LEAST_SHARE = 0.1
/** Milliseconds of work that the event loop does in passing. A message in a thread costs about as much for the messages between threads. */
const USUAL_MS = 3
/** Some parsers of mailauth take time with the square of a field: 15 ms for a From: of 16 KiB, 60 ms for one of 32 KiB. */
const USUAL_HEADER_OCTETS = 16 * 1024
/** Measured on one core of 2024, milliseconds per KiB: the header section once, the header section and the body for each signature. */
const PARSE_MS = 0.05
const HEADER_MS = 0.1
const BODY_MS = 0.03

const signature = /^(?:dkim-signature|arc-message-signature|arc-seal)[ \t]*:/gim

/** Starts a thread when it is needed. */
export function createThreadedAuthenticator(ports: ThreadedAuthenticatorPorts): ThreadedAuthenticator {
  const places = ports.budgets.pool('verifications')
  const allowance = ports.budgets.rate('longVerifications')
  const here = lazyAuthenticator(ports.resolver)
  const threads = { first: createVerificationThread(ports), second: createVerificationThread(ports) }
  const verify = (request: AuthenticationRequest): Promise<Authentication | null> => {
    const work = estimateMs(request.content)
    if (work <= USUAL_MS && request.content.header.length <= USUAL_HEADER_OCTETS) return here.authenticate(request)
    const isAllowed = allowance.take(clientNetwork(request.remoteIp), Math.ceil(work))
    return (isAllowed ? threads.first : threads.second).verify(request)
  }
  return {
    authenticate: async (request) => {
      const { remoteIp } = request
      const shares = shrinkingShares(places, { client: places.client, least: LEAST_SHARE })
      const place = places.take({ purpose: 'internet', ...(isIP(remoteIp) !== 0 && { ip: remoteIp, shares }) })
      if (place.kind === 'short') return unverified(request, 'too many messages are being verified')
      try {
        return (await verify(request)) ?? unverified(request, 'the verification was interrupted')
      } finally {
        place.release()
      }
    },
    close: async () => void (await Promise.all([threads.first.close(), threads.second.close()])),
  }
}

/** Milliseconds that the verification takes, roughly. The body of a message without a signature is not read. */
export function estimateMs({ header, bodySize }: Content): number {
  const signatures = header.toString('latin1').match(signature)?.length ?? 0
  return (header.length * (PARSE_MS + signatures * HEADER_MS) + bodySize * signatures * BODY_MS) / 1024
}

/** Temporary errors in every part: the node must ask the client to try again. */
function unverified(request: AuthenticationRequest, shortage: string): Authentication {
  const capped = { header: request.content.header, dkimSkipped: null, arcSkipped: null }
  const dmarc = { kind: 'unavailable', reason: shortage } as const
  return { ...describeFindings(request, { capped, spf: null, signatures: null, arc: null, dmarc }), shortage }
}
