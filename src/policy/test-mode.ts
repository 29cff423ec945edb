// Test mode of a check: it runs, what it would refuse is recorded, and it changes nothing.

import type { Refusal } from '../smtp/reply.ts'
import type { CheckRefusal } from './check-meter.ts'
import type { TestScope } from './check-table.ts'
import type { Finding, Mail } from './check.ts'
import { accept, refuse } from './verdict.ts'

/** The checks in test mode, by name, with what that turns off. */
export type TestedChecks = ReadonlyMap<string, TestScope>

export const noTestedChecks: TestedChecks = new Map()

/** A refusal that test mode turned into an acceptance. */
export interface TestRefusal {
  readonly check: string
  readonly reply: Refusal
}

/** What one check says to later ones about the operator's own lists. */
type Said = Pick<Finding, 'trust' | 'unlessAllowed'>
type Known = Partial<Pick<Mail, 'trust'>>

/** The checks of a stage of which some are in test mode. */
export interface Trial {
  /** The facts that a check sees. A part of a check in test mode sees what an earlier part of it said. */
  factsFor<F extends object>(check: string, facts: F): F
  /** The part of a finding that acts: all of it if the check acts. */
  actingPart(check: string, finding: Finding): Finding
  /** What would have been refused so far. */
  refusals(): readonly TestRefusal[]
  /** The same at the end of the stage, with refusals that only a message on the allow list would have passed. */
  end(facts: object): readonly TestRefusal[]
}

/** @param refused called for each refusal that has no effect */
export function createTrial(
  tested: TestedChecks,
  refused: (refusal: Pick<CheckRefusal, 'check' | 'verdict'>) => void,
): Trial {
  const refusals: TestRefusal[] = []
  const said = new Map<string, Said>()
  const note = (check: string, reply: Refusal, verdict: CheckRefusal['verdict']) => {
    refusals.push({ check, reply })
    refused({ check, verdict })
  }
  return {
    factsFor: (check, facts) => {
      const own = said.get(check)
      return own === undefined ? facts : { ...facts, ...own }
    },
    actingPart: (check, finding) => {
      const scope = tested.get(check)
      if (scope === undefined) return finding
      const acting = inTestMode(scope, finding)
      const { verdict, trust, unlessAllowed } = finding
      if (verdict.kind !== 'accept' && acting.verdict.kind === 'accept') note(check, verdict.reply, verdict.kind)
      if (acting !== finding && (trust || unlessAllowed))
        said.set(check, { ...said.get(check), ...(trust && { trust }), ...(unlessAllowed && { unlessAllowed }) })
      return acting
    },
    refusals: () => refusals,
    end: (facts: Known) => {
      for (const [check, { trust = facts.trust, unlessAllowed: reply }] of said)
        if (reply && trust?.kind !== 'allowed' && !refusals.some((one) => one.check === check))
          note(check, reply, refuse(reply).kind)
      return refusals
    },
  }
}

/** The whole finding if it is a refusal that test mode does not turn off. */
function inTestMode(scope: TestScope, finding: Finding): Finding {
  const { verdict, events } = finding
  if (scope === 'whole') return events === undefined ? { verdict: accept } : { verdict: accept, events }
  return verdict.kind !== 'accept' && verdict.testable ? { ...finding, verdict: accept } : finding
}
