// The pools and places of delivery, for tests that build parts of it.

import { budgetTable } from '../../src/budget/budget-table.ts'
import { createPool } from '../../src/budget/pool.ts'
import { HostSlots } from '../../src/delivery/slots/host-slots.ts'
import { ReportShare } from '../../src/delivery/slots/report-share.ts'
import { WaitingHops } from '../../src/delivery/slots/waiting-hops.ts'
import type { Clock } from '../../src/lib/clock.ts'

const uncounted = () => undefined

/** @param idle idle connections by address */
export function deliverySlots(clock: Clock, idle: (address: string) => number = () => 0) {
  const { deliverySlots: slots, deliveryReports, deliveryHosts } = budgetTable
  const waiting = new WaitingHops(clock)
  const hosts = createPool(deliveryHosts, uncounted)
  return {
    waiting,
    slots: createPool(slots, uncounted),
    reports: new ReportShare({ pool: createPool(deliveryReports, uncounted), waiting }),
    hostSlots: new HostSlots({ pool: hosts, clock, waiting, idle, start: deliveryHosts }),
  }
}
