// Mail::SRS, the reference implementation in Perl, as a second opinion on addresses. It reads the machine's clock.

import { spawnSync } from 'node:child_process'

export interface MailSrsSettings {
  readonly secrets: readonly string[]
  readonly separator?: string
  readonly hashLength?: number
}

export type MailSrsQuestion =
  | { readonly op: 'forward'; readonly address: string; readonly domain: string }
  | { readonly op: 'reverse'; readonly address: string }

const script = `
use JSON::PP; use Mail::SRS;
my $ask = decode_json(join '', <STDIN>);
my $srs = Mail::SRS->new(Secret => $ask->{secrets}, Separator => $ask->{separator}, HashLength => $ask->{hashLength}, HashMin => $ask->{hashLength});
my @answers = map {
  my $question = $_;
  my $answer = eval { $question->{op} eq 'forward' ? $srs->forward($question->{address}, $question->{domain}) : $srs->reverse($question->{address}) };
  defined $answer ? $answer : "error: $@";
} @{$ask->{questions}};
print encode_json(\\@answers);
`

/** Answers in the order of the questions; what it refuses starts with `error:`. */
export function askMailSrs(settings: MailSrsSettings, questions: readonly MailSrsQuestion[]): string[] {
  const input = JSON.stringify({ separator: '=', hashLength: 4, ...settings, questions })
  const run = spawnSync('perl', ['-e', script], { input, encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`perl ended with ${run.status}: ${run.stderr}`)
  return JSON.parse(run.stdout) as string[]
}
