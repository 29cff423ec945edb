// The name of an operator in records that the node writes too.

import { BY_NODE } from './ban-contract.ts'

/** A user of the system can have the name under which the node itself acts. */
export function operatorOf(name: string): string {
  return name === BY_NODE ? `operator ${name}` : name
}
