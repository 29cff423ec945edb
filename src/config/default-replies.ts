// The program's own rules for replies (src/delivery/default-replies.yaml), beside which an operator's come first.

import { fileURLToPath } from 'node:url'
import { formatProblem } from './problem.ts'
import { type ReplyRuleFile, replyRulesSchema } from './reply-schema.ts'
import { validate } from './validate.ts'
import { loadYaml } from './yaml-source.ts'

const FILE = fileURLToPath(new URL('../delivery/default-replies.yaml', import.meta.url))

/** Throws if the file is damaged: it is a part of the program. */
export function loadDefaultReplies(): readonly ReplyRuleFile[] {
  const yaml = loadYaml(FILE)
  const rules = yaml.kind === 'ok' ? validate(yaml.source, replyRulesSchema) : yaml
  if (rules.kind === 'bad') throw new Error(rules.problems.map(formatProblem).join('\n'))
  return rules.value
}
