// Passwords and failed logins.

import type { Budgeted } from '../budget.ts'

const MINUTE = 60_000

export const loginBudgets = {
  passwordChecks: {
    kind: 'pool',
    holds: 'Passwords that are checked or wait for it',
    capacity: 128,
    client: 32,
    network: 64,
    account: 8,
    ceilings: { internet: 0.5 },
    answer: '`454 4.7.0`',
    reason:
      'With 50 ms for each hash on two threads (up to four processors), the last waits three seconds. Half is for clients from which the account has logged in before.',
  },
  wrongCodes: {
    kind: 'rate',
    holds: 'Codes of a second factor that were tried without success',
    per: 'account',
    capacity: 10,
    halfLifeMs: 60 * MINUTE,
    keys: 10_000,
    answer: '`429` at the page of `self_service`',
    reason:
      'Three codes of a million are right at a time. A stranger who knows the password gets some 170 guesses a day, and has found a code after a year with a chance of one in six. The person sees the failed attempts.',
  },
  operatorSessions: {
    kind: 'pool',
    holds: 'Sessions of operators at the status page (`admin.login`)',
    capacity: 100,
    account: 4,
    answer: 'the sign-in is refused for now; of one token the oldest session ends instead',
    reason: 'A session is a few hundred octets, and needs a right token. A node has a few operators.',
  },
  operatorLogins: {
    kind: 'rate',
    holds: 'Sign-ins at the status page with a wrong token',
    per: 'client',
    capacity: 20,
    halfLifeMs: 10 * MINUTE,
    keys: 10_000,
    answer: '`429` at the status page',
    reason: 'A token has 256 random bits, so that no number of guesses finds one; the log has a line for each.',
  },
  failedLoginsOfPair: {
    kind: 'rate',
    holds: 'Failed logins of an account from a client from which it has logged in before',
    per: 'client and account',
    capacity: 20,
    halfLifeMs: 10 * MINUTE,
    keys: 100_000,
    answer: '`454 4.7.0`',
    reason: 'A user mistypes a few times; a mail program with an old password fails more often.',
  },
  failedLoginsOfClient: {
    kind: 'rate',
    holds: 'Failed logins from a client',
    per: 'client',
    capacity: 20,
    halfLifeMs: 10 * MINUTE,
    keys: 100_000,
    answer: '`454 4.7.0`, except for accounts that have logged in from it before',
    reason: 'As for the pair. 100 000 keys take some tens of megabytes under a distributed attack.',
  },
  failedLoginsOfSite: {
    kind: 'rate',
    holds: 'Failed logins from a site (IPv4 /24, IPv6 /48)',
    per: 'site',
    capacity: 100,
    halfLifeMs: 10 * MINUTE,
    keys: 100_000,
    answer: '`454 4.7.0`, except for accounts that have logged in from the client before',
    reason:
      'A /48 has 65 536 clients; without this limit each has its own guesses. A site with many users stays below it.',
  },
  failedLoginsOfAccount: {
    kind: 'rate',
    holds: 'Failed logins of an account from clients from which it has not logged in before',
    per: 'account',
    capacity: 30,
    halfLifeMs: 10 * MINUTE,
    keys: 100_000,
    answer: '`454 4.7.0`, except from clients from which the account has logged in before',
    reason: 'Guesses at one account from many networks. It takes more than five sites to reach it.',
  },
  accountFailuresOfSite: {
    kind: 'rate',
    holds: 'Failures that one site adds to the count of an account',
    per: 'site and account',
    capacity: 5,
    halfLifeMs: 10 * MINUTE,
    keys: 100_000,
    answer: 'further failures count for the client and the site only',
    reason: 'One or two networks must not lock an account out everywhere.',
  },
  stateRequests: {
    kind: 'pool',
    holds:
      'Questions to the state of accounts, bans, greylist and policies that wait for its thread; a session has one at a time',
    capacity: 20_000,
    answer:
      '`451` and `454` where a limit, a hold or a ban must be known; the greylist lets mail pass, and banned clients may connect',
    reason:
      'Some 20 MB. The thread answers thousands in a second, so only a disk that stands still fills it, and for ten seconds at most. The share of a client is that of its sessions (`sessions`).',
  },
  bans: {
    kind: 'pool',
    holds: 'Addresses, networks and accounts that are banned or were banned lately',
    capacity: 100_000,
    answer: 'the rates of failed logins still refuse; bans that have ended give way first',
    reason:
      'Some 30 MB of disk. A site with more failures than `failedLoginsOfSite` has one ban for all of its clients, so that a flood comes from as many sites.',
  },
} as const satisfies Budgeted
