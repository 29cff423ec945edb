// An intake for tests that takes drafts: it runs the checks of the `message` stage first, as the session hooks do.

import { createIntake } from '../../src/intake/accept-draft.ts'
import { type Acceptance, type Draft, type Intake, mailOf } from '../../src/intake/intake.ts'
import { allActive } from './check-facts.ts'
import type { IntakePorts, IntakeSettings } from '../../src/intake/ports.ts'
import type { Check } from '../../src/policy/check.ts'
import { createChecks } from '../../src/policy/run-checks.ts'

export interface DraftIntake extends Pick<Intake, 'prepare'> {
  accept(draft: Draft): Promise<Acceptance>
}

export function createDraftIntake(
  settings: IntakeSettings,
  ports: IntakePorts,
  checks: readonly Check[] = [],
): DraftIntake {
  const intake = createIntake(settings, ports)
  const { clock, queue, newQueueId, log } = ports
  const runner = createChecks(checks, { clock, log, ...allActive })
  return {
    prepare: (own) => intake.prepare(own),
    accept: async (draft) => {
      const mail = mailOf(draft, { queue, queueId: newQueueId(), evidence: [], at: clock.now() })
      const findings = await runner.run('message', mail)
      return findings.kind === 'refused' ? findings : intake.accept({ draft, mail, findings })
    },
  }
}
