// Verifies messages in threads, within the budgets of the node. With one processor usual messages are verified here, because a thread would
// only add work. Expensive messages have other threads, so that they do not delay usual ones, and those of a client that has used up its
// allowance have a thread for themselves. A thread runs while messages come: an idle node has none.

import { isIP } from 'node:net'
import { availableParallelism } from 'node:os'
import type { Budgets } from '../budget/budgets.ts'
import { shrinkingShares } from '../budget/shrinking-shares.ts'
import { clientNetwork } from '../lib/ip-address.ts'
import type { Content } from '../message/content.ts'
import type { Authentication, AuthenticationRequest, Authenticator } from './authentication.ts'
import { describeFindings } from './describe-results.ts'
import { lazyAuthenticator } from './lazy-authenticator.ts'
import {
  createVerificationThread,
  type ThreadLimits,
  type ThreadPorts,
  type VerificationThread,
} from './verification-thread.ts'

export interface ThreadedAuthenticator extends Authenticator {
  /** Ends the threads. */
  close(): Promise<void>
}

export interface ThreadedAuthenticatorPorts extends ThreadPorts {
  readonly budgets: Budgets
  /** Processors of the machine; absent: those that this process may use. */
  readonly processors?: number
}

/** The part of its share that a client has while all places are used: strangers can make each verification wait for DNS. */
const LEAST_SHARE = 0.1
/** Milliseconds of a usual message. More would delay others in the same thread, or with one processor the replies of the node. */
const USUAL_MS = 3
/** A start costs 0.1 s of processor time: less than once in five minutes, it is no load. */
const IDLE_MS = 300_000
/** A message waits at most for the work of `verifications` others of this size, and its verification takes up to 20 s. */
const usualLimits: ThreadLimits = { stuckMs: 30_000, idleMs: IDLE_MS }
/** Expensive messages are rare on most nodes, and each can take seconds. */
const expensiveLimits: ThreadLimits = { stuckMs: 60_000, idleMs: IDLE_MS }
/** From this many processors on, usual messages have two threads: the event loop and the queue use the others. */
const PROCESSORS_FOR_TWO = 4
/** The second of them starts when the first one has so many messages: fewer take no longer than some milliseconds. */
const LOAD_FOR_TWO = 8
/** Some parsers of mailauth take time with the square of a field: 15 ms for a From: of 16 KiB, 60 ms for one of 32 KiB. */
const USUAL_HEADER_OCTETS = 16 * 1024
/** Measured on one core of 2024, milliseconds per KiB: the header section once, the header section and the body for each signature. */
const PARSE_MS = 0.05
const HEADER_MS = 0.1
const BODY_MS = 0.03

const signature = /^(?:dkim-signature|arc-message-signature|arc-seal)[ \t]*:/gim

/** Starts a thread for usual messages when one may come (`prepare`), and others when they are needed. */
export function createThreadedAuthenticator(ports: ThreadedAuthenticatorPorts): ThreadedAuthenticator {
  const places = ports.budgets.pool('verifications')
  const allowance = ports.budgets.rate('longVerifications')
  const usual = Array.from({ length: usualThreads(ports.processors ?? availableParallelism()) }, () =>
    createVerificationThread(ports, usualLimits),
  )
  const here = usual.length === 0 ? lazyAuthenticator(ports.resolver) : null
  const first = createVerificationThread(ports, expensiveLimits)
  const second = createVerificationThread(ports, expensiveLimits)
  const verify = (request: AuthenticationRequest): Promise<Authentication | null> => {
    const work = estimateMs(request.content)
    if (work <= USUAL_MS && request.content.header.length <= USUAL_HEADER_OCTETS)
      return here?.authenticate(request) ?? threadFor(usual).verify(request)
    const isAllowed = allowance.take(clientNetwork(request.remoteIp), Math.ceil(work))
    return (isAllowed ? first : second).verify(request)
  }
  return {
    prepare: () => (here ?? usual[0])?.prepare?.(),
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
    close: async () => void (await Promise.all([...usual, first, second].map((thread) => thread.close()))),
  }
}

function usualThreads(processors: number): number {
  if (processors < 2) return 0
  return processors < PROCESSORS_FOR_TWO ? 1 : 2
}

/** @returns the thread for the next message. One that still starts gets no message while another one is ready. */
export function threadFor<Thread extends Pick<VerificationThread, 'load' | 'isReady' | 'prepare'>>(
  threads: readonly Thread[],
): Thread {
  const ready = threads.filter(({ isReady }) => isReady)
  const least = (ready.length > 0 ? ready : threads.slice(0, 1)).reduce((one, other) =>
    other.load < one.load ? other : one,
  )
  if (least.load >= LOAD_FOR_TWO) for (const thread of threads) thread.prepare()
  return least
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
