// The text of manual pages. test/peers/manual-pages.test.ts reads all of them with mandoc.

import { Command } from 'commander'
import { expect, it } from 'vitest'
import { manPages } from './man-pages.ts'

function sample(): Command {
  const program = new Command('post').description('Waypost: a program').version('1.2.3')
  const queue = program.command('queue').description('look at `it`')
  queue
    .command('list')
    .description('list messages\n\nExit code 1: .hidden is not there.')
    .argument('<id>', 'one of them')
    .argument('[more...]')
    .requiredOption('-c, --config <file>', 'a file in C:\\x', 'node.yaml')
    .option('--state', 'its state')
  program.command('run').description('run '.repeat(30).trim())
  return program
}

const page = (name: string) => manPages(sample(), '2026-11-30').get(name) ?? ''

it('makes one page of the program and one of each command', () => {
  expect([...manPages(sample(), '2026-11-30').keys()]).toEqual(['post.1', 'post-queue.1', 'post-run.1'])
  expect(page('post.1')).toContain('.TH POST 1 "2026-11-30" "Waypost 1.2.3"\n.SH NAME\npost \\- a program\n')
})

it('describes arguments, options, defaults and duties', () => {
  expect(page('post-queue.1')).toContain('.SH NAME\npost\\-queue \\- look at it\n')
  expect(page('post-queue.1')).toContain('.B post queue list\n.RI "" id\n.RI [ more ...]\n.RI [ option ...]\n')
  expect(page('post-queue.1')).toContain('.TP\n.I id\nOne of them.\n')
  expect(page('post-queue.1')).toContain(
    '.TP\n\\fB\\-c\\fR, \\fB\\-\\-config\\fR \\fIfile\\fR\nA file in C:\\ex.\nDefault: node.yaml.\nRequired.\n',
  )
  expect(page('post-queue.1')).toContain('.TP\n\\fB\\-\\-state\\fR\nIts state.\n')
})

it('has no line that is too long, and none that is a request by chance', () => {
  const lines = page('post-run.1').split('\n')
  expect(lines.filter((line) => line.length > 80)).toEqual([])
  const dotted = manPages(new Command('x').description('.dot first').version('1'), '2026-11-30').get('x.1')
  expect(dotted).not.toMatch(/^\.dot/m)
})
