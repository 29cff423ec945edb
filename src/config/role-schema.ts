// A role is data: what a node listens on, whom it admits there, what it checks, how it resolves, signs and where mail may leave to.
// The schema itself cannot express an open relay: the internet is no origin that may relay.

import { z } from 'zod'
import { count, flag, ipAddress, text } from './values.ts'

const admission = z.enum(['internet', 'peers', 'people', 'machines', 'local'], {
  error: 'one of internet, peers, people, machines, local',
})

const listener = z.strictObject({
  port: z.int().min(0).max(65535).describe('Port on every address, unless the node says otherwise under `listen`.'),
  address: ipAddress.prefault('::').describe('Address to bind; `::` means every address of both families.'),
  tls: z.enum(['none', 'starttls', 'starttls-required', 'implicit']).describe('How TLS starts (RFC 3207, RFC 8314).'),
  admit: z.array(admission).min(1).describe('Who may use this listener, strongest proof first.'),
  peers: z
    .array(text('a role name'))
    .default([])
    .describe('Which peers of the configuration `peers` admits; empty: all of them.'),
  bare_newline: z.enum(['refuse', 'normalise']).default('refuse').describe('A CR or LF alone in the data.'),
})

const handling = z.enum(['resolve', 'hand-over'])

export const roleSchema = z.strictObject({
  role: text('the name of the role').describe('Name of the role, as peers call it.'),
  summary: text('a sentence').describe('What a node of this role is for.'),
  listeners: z.record(z.string(), listener).describe('Listeners by name.'),
  checks: z
    .array(z.enum(['loop', 'verify', 'trust-results', 'sender', 'author', 'spam']))
    .default(['loop'])
    .describe(
      'Checks of a transaction, in order. loop: hop count. verify: SPF, DKIM, DMARC, ARC, and an Authentication-Results field. ' +
        'trust-results: read what the peer in front found. sender: the reverse-path belongs to who sends. author: every From: too. ' +
        'spam: ask rspamd about mail of the internet, if the node has one.',
    ),
  recipients: z
    .strictObject({
      own: handling.default('resolve').describe('Our own domains: resolve here, or hand over to the mx peers.'),
      forwards: handling.default('resolve').describe('Forwards: resolve here, or hand over to the srs peers.'),
      relay: z
        .array(
          z.enum(['peer', 'user', 'machine', 'local'], { error: 'one of peer, user, machine, local (never internet)' }),
        )
        .default([])
        .describe('Origin classes that may send to foreign domains. Everybody else: our domains only.'),
    })
    .prefault({})
    .describe('How forward-paths are treated.'),
  srs: z
    .strictObject({
      reverse: flag.default(false).describe('Turn SRS addresses back, for the null sender only.'),
      rewrite: flag.default(false).describe('Rewrite foreign reverse-paths of mail that leaves for a foreign domain.'),
    })
    .prefault({})
    .describe('Sender rewriting.'),
  sign: z
    .enum(['never', 'earned'])
    .default('never')
    .describe(
      'DKIM: earned signs a From: of ours only when its origin is proven. Our own reports are signed in any case, where there is a key.',
    ),
  headers: z
    .strictObject({
      complete: flag.default(false).describe('Add Date: and Message-ID: where missing (RFC 6409 8).'),
      hide_client: flag.default(false).describe("Leave the client's address, name and program out of the header."),
    })
    .prefault({})
    .describe('Edits of the header section.'),
  internet: z
    .enum(['always', 'bounces', 'never'])
    .describe('May mail leave for the internet from here? bounces: only with the null sender.'),
  max_hops: count('a whole number from 1')
    .default(50)
    .describe('Received: fields at which a mail counts as looping (RFC 5321 6.3).'),
})

export type RoleFile = z.output<typeof roleSchema>
export type ListenerRole = RoleFile['listeners'][string]
