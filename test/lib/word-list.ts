// Words that do not occur in plain technical English, for the test of the whole tree. Each rule says what to write instead. The list
// finds the frequent faults only: a reviewer finds the rest.

/** One rule. The pattern is applied to one line of prose. */
interface Rule {
  readonly pattern: RegExp
  readonly instead: string
}

export interface Finding {
  /** From 1. */
  readonly line: number
  readonly found: string
  readonly instead: string
}

const nameTheActor = 'name the actor: the node, the client, the peer, the operator, the sender'
const useStandardTerm = 'use the standard term'
const usePresentTense = 'use the present tense'

const rules: readonly Rule[] = [
  // The actor of a sentence is a thing of the system, never an indefinite person.
  { pattern: /\b(?:nobody|somebody|anybody|everybody|whoever|whomever)\b/i, instead: nameTheActor },
  { pattern: /\b(?:he|him|his|himself|she)\b/i, instead: nameTheActor },
  { pattern: /\b(?:those|people|the one|one|ones) who\b/i, instead: nameTheActor },
  { pattern: /(?:^|[.:;(] )who (?!.*\?)/i, instead: nameTheActor },
  { pattern: /(?:^|[.:;(] )One (?:can|cannot|may|must|has|wants|does)\b/, instead: nameTheActor },
  { pattern: /\bone's\b/i, instead: nameTheActor },

  // Verbs of speech and story tenses.
  { pattern: /\b(?:tell|tells|telling|told)\b/i, instead: 'report, show, inform, distinguish, or log' },
  { pattern: /\b(?:had|shall)\b/i, instead: usePresentTense },
  { pattern: /\b(?:goes|go|going|went) on\b/i, instead: 'continue' },
  { pattern: /\b(?:comes|come|coming|came|bring|brings|brought) home\b/i, instead: 'return' },

  // Old or literary connectives.
  { pattern: /\banew\b/i, instead: 'again' },
  { pattern: /\bbesides\b/i, instead: 'also, or in addition to' },
  { pattern: /\bmeanwhile\b/i, instead: 'say which event comes first' },
  {
    pattern: /\b(?:lest|whence|whereupon|thereby|hitherto|henceforth)\b/i,
    instead: 'because, so that, or from then on',
  },
  { pattern: /\bin vain\b/i, instead: 'without success' },
  { pattern: /\bby choice\b/i, instead: 'optional' },
  { pattern: /\bfor want of\b/i, instead: 'because … is missing' },
  { pattern: /\bwithout a break\b/i, instead: 'continuously' },
  { pattern: /\bas (?:it|they) must\b/i, instead: 'correctly' },
  { pattern: /\bof (?:its|their|our|one's) own\b/i, instead: 'own, separate, or nothing' },
  {
    pattern:
      /[,;:] for (?:it|they|there|that|this|nothing|the \w+|an? \w+) (?:is|are|was|were|has|have|can|may|must|does|would)\b/i,
    instead: 'because',
  },

  // Metaphors and invented words.
  { pattern: /\brooms?\b/i, instead: 'module, or space' },
  { pattern: /\b(?:wish|wishes|wished)\b/i, instead: 'request, or pending action' },
  { pattern: /\b(?:mend|mends|mended)\b/i, instead: 'fix' },
  { pattern: /\b(?:fore|unfore)seen\b/i, instead: 'expected, or unexpected' },
  { pattern: /\b(?:everyday life|work-bench|mourners)\b/i, instead: useStandardTerm },
  { pattern: /\b(?:an?|the|its|whose) (?:ear|door)\b/i, instead: useStandardTerm },
  { pattern: /\blet in\b/i, instead: 'admitted, or allowed' },
  { pattern: /\b(?:lies|lie) (?:in|on|below|under) the\b/i, instead: 'is in, or is stored in' },
  { pattern: /\bstands? (?:in|on|at) the\b/i, instead: 'is in' },
]

/** The faults of a text, line by line. Only the prose of a line counts: see `proseOf`. */
export function findWords(file: string, text: string): Finding[] {
  let inCodeBlock = false
  return text.split('\n').flatMap((line, index) => {
    if (file.endsWith('.md') && /^\s*```/.test(line)) inCodeBlock = !inCodeBlock
    if (inCodeBlock) return []
    return proseOf(file, line).flatMap((prose) =>
      rules.flatMap(({ pattern, instead }) => {
        const found = pattern.exec(prose)?.[0].trim()
        return found === undefined ? [] : [{ line: index + 1, found, instead }]
      }),
    )
  })
}

/**
 * The parts of a line that a person reads as a sentence. In code: comments, and string literals of several words. In Markdown: all but
 * code. In other files: the whole line.
 */
function proseOf(file: string, line: string): string[] {
  if (/\.(?:ts|cjs)$/.test(file)) {
    const comment = /(?:^|\s)\/\/ (.*)$|^\s*\/?\*+ ?(.*)$/.exec(line)
    const code = comment ? line.slice(0, comment.index) : line
    const literals = code.match(/'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|"(?:[^"\\]|\\.)*"/g) ?? []
    const texts = literals.map((literal) => literal.slice(1, -1).replace(/\$\{[^}]*\}|\S+@\S+/g, '…'))
    return [comment?.[1] ?? comment?.[2] ?? '', ...texts.filter((text) => text.includes(' '))]
  }
  if (file.endsWith('.md')) return [line.replace(/`[^`]*`/g, '…').replace(/\]\([^)]*\)/g, ']')]
  return [line]
}
