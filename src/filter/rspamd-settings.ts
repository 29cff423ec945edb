// What the node has verified already, for rspamd: the symbols of its SPF, DKIM, DMARC and ARC modules, and that these need not run. rspamd
// takes both in the Settings field of a request (its plugins/lua/settings.lua). A rule of the operator's own settings in rspamd goes before
// this field; then rspamd verifies the message itself.

import type { Authentication, AuthResult } from './authentication.ts'

/** The modules that would look everything up again. */
const CHECKS = ['SPF_CHECK', 'DKIM_CHECK', 'DMARC_CHECK', 'ARC_CHECK']
/** Signatures that are listed. Further ones do not change the score of rspamd. */
const MAX_SIGNATURES = 10
/** What a domain and a selector are made of. Anything else is the text of a stranger, and is left out. */
const plainName = /^[a-z0-9_.-]{1,255}$/i

type Symbols = Record<string, { readonly score: 1; options: string[] }>

const spfSymbols: Readonly<Partial<Record<AuthResult, string>>> = {
  pass: 'R_SPF_ALLOW',
  fail: 'R_SPF_FAIL',
  softfail: 'R_SPF_SOFTFAIL',
  neutral: 'R_SPF_NEUTRAL',
  none: 'R_SPF_NA',
  temperror: 'R_SPF_DNSFAIL',
  permerror: 'R_SPF_PERMFAIL',
}

/** With the sign that rspamd writes behind the domain in DKIM_TRACE, which its lists of good signers read. */
const dkimSymbols: Readonly<Partial<Record<AuthResult, readonly [symbol: string, sign: string]>>> = {
  pass: ['R_DKIM_ALLOW', '+'],
  fail: ['R_DKIM_REJECT', '-'],
  temperror: ['R_DKIM_TEMPFAIL', '?'],
  permerror: ['R_DKIM_PERMFAIL', '~'],
  neutral: ['R_DKIM_PERMFAIL', '~'],
  policy: ['R_DKIM_PERMFAIL', '~'],
}

const arcSymbols: Readonly<Partial<Record<AuthResult, string>>> = {
  pass: 'ARC_ALLOW',
  fail: 'ARC_REJECT',
  none: 'ARC_NA',
  temperror: 'ARC_DNSFAIL',
  permerror: 'ARC_INVALID',
}

/** The value of the Settings field, ASCII. Null if the node could not verify the message: then rspamd does it. */
export function settingsOf(authentication: Authentication): string | null {
  if (authentication.shortage !== undefined) return null
  const symbols: Symbols = {}
  const add = (name: string | undefined, ...options: string[]) => {
    if (name !== undefined) (symbols[name] ??= { score: 1, options: [] }).options.push(...options)
  }
  const { spf, dkim, arc } = authentication
  add(spfSymbols[spf.result], ...named(spf.domain))
  addSignatures(dkim, add)
  add(dmarcSymbol(authentication.dmarc), ...named(authentication.dmarc.domain))
  add(arcSymbols[arc.result])
  return JSON.stringify({ symbols_disabled: CHECKS, symbols })
}

function addSignatures(
  dkim: Authentication['dkim'],
  add: (name: string | undefined, ...options: string[]) => void,
): void {
  const signed = dkim.filter(({ result }) => result !== 'none')
  if (signed.length === 0) add('R_DKIM_NA')
  for (const { result, domain, selector } of signed.slice(0, MAX_SIGNATURES)) {
    const [symbol, sign] = dkimSymbols[result] ?? []
    const isPlain = plainName.test(domain) && plainName.test(selector)
    add(symbol, ...(isPlain ? [`${domain}:s=${selector}`] : []))
    if (isPlain) add('DKIM_TRACE', `${domain}:${sign}`)
  }
}

function dmarcSymbol({ result, policy }: Authentication['dmarc']): string | undefined {
  if (result === 'fail') {
    if (policy === 'reject') return 'DMARC_POLICY_REJECT'
    return policy === 'quarantine' ? 'DMARC_POLICY_QUARANTINE' : 'DMARC_POLICY_SOFTFAIL'
  }
  const others: Readonly<Partial<Record<AuthResult, string>>> = {
    pass: 'DMARC_POLICY_ALLOW',
    none: 'DMARC_NA',
    temperror: 'DMARC_DNSFAIL',
    permerror: 'DMARC_BAD_POLICY',
  }
  return others[result]
}

function named(domain: string | null): readonly string[] {
  return domain !== null && plainName.test(domain) ? [domain] : []
}
