// How unusual an account is: signs with points. No sign alone reaches the usual limit, so that one odd day stops no one.

import type { AccountSigns, Movement } from '../state/brake-contract.ts'

/** Points of each sign. A sign that is half as strong has half of them. */
export const brakePoints = {
  RECIPIENTS: {
    points: 4,
    what: 'recipients in an hour or a day: from 4 times the usual busy day half, from 10 times all',
  },
  NEW_DOMAINS: { points: 3, what: 'new recipient domains in an hour or a day, measured in the same way' },
  FAILURES: { points: 3, what: 'failed recipients of a day: from 10 and a tenth of all half, from a quarter all' },
  COMPLAINTS: {
    points: 3,
    what: 'messages of the account about which providers have complained within a day: from 2 half, from 5 all',
  },
  SPAM: { points: 4, what: 'mean spam score of at least 5 messages in an hour: from 4 half, from 8 all' },
  NEW_NETWORK: { points: 2, what: 'a client network that the account has used for less than a day, beside others' },
  UNUSUAL_HOUR: { points: 1, what: 'a time of day at which the account sends less than 2 % of its messages' },
  ALIKE: { points: 2, what: 'messages of an hour with the same subject: from 20 half, from 60 all' },
} as const satisfies Readonly<Record<string, { readonly points: number; readonly what: string }>>

export type BrakeSign = keyof typeof brakePoints
export const brakeSigns = Object.keys(brakePoints) as readonly BrakeSign[]

export type BrakePoints = Readonly<Record<BrakeSign, number>>

/** What an account may send at least before a busy day counts as unusual: a person without a history, and a machine. */
export interface LeastUsual {
  readonly recipients: number
  readonly newDomains: number
}

const SOME = 4
const MANY = 10
const LEAST_FAILURES = 10
const SOME_FAILURES = 0.1
const MANY_FAILURES = 0.25
const SOME_COMPLAINTS = 2
const MANY_COMPLAINTS = 5
const LEAST_JUDGED = 5
const SOME_SPAM = 4
const MUCH_SPAM = 8
const RARE_HOUR = 0.02
const SOME_ALIKE = 20
const MANY_ALIKE = 60

export interface BrakeScore {
  readonly score: number
  /** `RECIPIENTS 4 (260 in a day, usual 20), NEW_NETWORK 2`. */
  readonly evidence: string
}

export function brakeScore(signs: AccountSigns, points: BrakePoints, least: LeastUsual): BrakeScore {
  const found = signsOf(signs, least)
    .map(({ sign, part, detail }) => ({ sign, detail, points: part * points[sign] }))
    .filter((one) => one.points > 0)
  return {
    score: found.reduce((sum, one) => sum + one.points, 0),
    evidence: found.map(({ sign, detail, points: own }) => `${sign} ${own} (${detail})`).join(', '),
  }
}

interface Found {
  readonly sign: BrakeSign
  /** 0, 0.5 or 1. */
  readonly part: number
  readonly detail: string
}

function signsOf(signs: AccountSigns, least: LeastUsual): readonly Found[] {
  const { recipients, newDomains, failures, complaints, judged, meanSpam, isNewNetwork } = signs
  const { hourShare, alike, announced } = signs
  const share = recipients.day === 0 ? 0 : failures / recipients.day
  return [
    movement('RECIPIENTS', recipients, Math.max(least.recipients, announced)),
    movement('NEW_DOMAINS', newDomains, Math.max(least.newDomains, announced)),
    {
      sign: 'FAILURES',
      part: failures < LEAST_FAILURES ? 0 : step(share, SOME_FAILURES, MANY_FAILURES),
      detail: `${failures} failed of ${recipients.day} in a day`,
    },
    {
      sign: 'COMPLAINTS',
      part: step(complaints, SOME_COMPLAINTS, MANY_COMPLAINTS),
      detail: `${complaints} in a day`,
    },
    {
      sign: 'SPAM',
      part: judged < LEAST_JUDGED ? 0 : step(meanSpam, SOME_SPAM, MUCH_SPAM),
      detail: `mean score ${meanSpam.toFixed(1)} of ${judged} messages`,
    },
    { sign: 'NEW_NETWORK', part: isNewNetwork ? 1 : 0, detail: 'known for less than a day' },
    {
      sign: 'UNUSUAL_HOUR',
      part: hourShare !== null && hourShare < RARE_HOUR ? 1 : 0,
      detail: `${Math.round((hourShare ?? 0) * 100)} % of its messages`,
    },
    // An announced newsletter has one subject.
    {
      sign: 'ALIKE',
      part: announced > 0 ? 0 : step(alike, SOME_ALIKE, MANY_ALIKE),
      detail: `${alike} with one subject`,
    },
  ]
}

function movement(sign: BrakeSign, { hour, day, usual }: Movement, least: number): Found {
  const base = Math.max(usual, least)
  // A release begins both again, so that the day can be less than the hour.
  const most = Math.max(hour, day)
  return {
    sign,
    part: step(most / base, SOME, MANY),
    detail: `${most} in ${hour === most ? 'an hour' : 'a day'}, usual ${base}`,
  }
}

function step(value: number, some: number, many: number): number {
  if (value >= many) return 1
  return value >= some ? 0.5 : 0
}
