// A file of answers that is given again after its fleet file exists: what it says now that the fleet file does not say. The fleet file counts,
// so without these problems a changed answer would have no effect and no message.

import { formatProblem } from '../../config/problem.ts'
import type { YamlSource } from '../../config/yaml-source.ts'
import { isMap } from '../../fleet/merge-settings.ts'
import { isAddedBySetup } from '../../setup/fleet-text.ts'

interface GivenAgain {
  readonly answers: YamlSource
  /** Their keys that are not of a fleet file. */
  readonly others: readonly string[]
  readonly fleet: { readonly file: string; readonly value: unknown }
}

type Path = readonly string[]

/** Differences that are listed; a file of another fleet has many. */
const MOST_LISTED = 20
/** Characters of a value in a message. */
const MOST_SHOWN = 60

/** Empty if the fleet file says the same, whatever its order and comments. */
export function answerDifferences({ answers, others, fleet }: GivenAgain): readonly string[] {
  const differences = compare([], answers.value, fleet.value).filter(
    ({ path, wanted, found }) =>
      !(path.length === 1 && others.includes(path[0] ?? '')) && !(wanted === undefined && isAddedBySetup(path, found)),
  )
  const found = differences.map(({ path, wanted: one, found: other }) => {
    if (one === undefined) return answers.at(path, `found nothing, but ${fleet.file} has ${shown(other)}`)
    if (other === undefined) return answers.at(path, `found ${shown(one)}, which ${fleet.file} does not have`)
    return answers.at(path, `found ${shown(one)}, but ${fleet.file} has ${shown(other)}`)
  })
  if (found.length === 0) return []
  const more = found.length > MOST_LISTED ? [`and ${found.length - MOST_LISTED} more differences`] : []
  const advice = `${fleet.file} counts since the first run, so nothing was written: make these changes there and run setup in its folder, or give the answers another folder`
  return [...found.slice(0, MOST_LISTED).map(formatProblem), ...more, advice]
}

interface Difference {
  readonly path: Path
  /** Undefined: one of the files does not have it. */
  readonly wanted: unknown
  readonly found: unknown
}

function compare(path: Path, wanted: unknown, found: unknown): readonly Difference[] {
  // A map that only the fleet file has is taken apart, because setup may have added parts of it.
  if ((isMap(wanted) || wanted === undefined) && isMap(found)) {
    const given = isMap(wanted) ? wanted : {}
    const keys = [...new Set([...Object.keys(given), ...Object.keys(found)])]
    return keys.flatMap((key) => compare([...path, key], given[key], found[key]))
  }
  return JSON.stringify(wanted) === JSON.stringify(found) ? [] : [{ path, wanted, found }]
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text
}
