export const commandNames = [
  'worker',
  'start',
  'status',
  'promote',
  'pause',
  'resume',
  'abort',
  'retry',
  'undo',
  'policy',
  'doctor',
  'demo',
] as const
export type CommandName = (typeof commandNames)[number]

export function isCommandName(text: string | undefined): text is CommandName {
  return commandNames.some((name) => name === text)
}

/** The help of one command, or of the whole program. */
export function helpText(topic: CommandName | undefined): string {
  return topic === undefined ? overview : `${usageOf[topic]}\n\n${aboutOf[topic]}\n`
}

const place = `  --store URL         where rollouts and reports live; overrides QUEUE_CANARY_STORE
  --namespace N       overrides QUEUE_CANARY_NAMESPACE`
const json = `  --json              one JSON document on stdout and nothing else`
const waiting = `  --watch             follow it until it ends; Ctrl-C stops watching, not the rollout
  --timeout D         with --watch: stop waiting after this time (500ms 30s 5m 2h), exit 5
  --exit-on-pause     with --watch: exit 4 as soon as it is Paused or WaitingPromotion`

const usageOf: Readonly<Record<CommandName, string>> = {
  worker: 'queue-canary worker [--store URL] [--namespace N]',
  start:
    'queue-canary start --queue Q [--queue Q2 …] --version V --policy F [--watch] [--timeout D] [--exit-on-pause] [--force] [--json]',
  status: 'queue-canary status [--queue Q] [--watch] [--json]',
  promote: 'queue-canary promote --queue Q [--full] [--reason "…"] [--json]',
  pause: 'queue-canary pause --queue Q [--reason "…"] [--json]',
  resume: 'queue-canary resume --queue Q [--reason "…"] [--json]',
  abort: 'queue-canary abort --queue Q [--reason "…"] [--json]',
  retry: 'queue-canary retry --queue Q [--watch] [--timeout D] [--exit-on-pause] [--json]',
  undo: 'queue-canary undo --queue Q [--watch] [--timeout D] [--exit-on-pause] [--json]',
  policy: 'queue-canary policy lint|show|schema|simulate|test F [--json]',
  doctor: 'queue-canary doctor [--json]',
  demo: 'queue-canary demo',
}

const operating = `  --queue Q           the queue whose rollout is meant; of a rollout of several queues any of them, for all
  --reason "…"        kept in the history; at most 500 characters
${json}
${place}`

const aboutOf: Readonly<Record<CommandName, string>> = {
  worker: `Runs the consumers that the environment describes (QUEUE_CANARY_VERSION, QUEUE_CANARY_QUEUES, …).
SIGTERM and SIGINT drain; the second one returns everything at once. Exits 0 when drained, or when every version it hosts is retired.

${place}`,
  start: `Begins a rollout of version V on queue Q by the policy file F. Workers of V must run, or be about to.

  --queue Q           several of them are one rollout: a step moves when all pass, all or none commits, one failure takes all back
${waiting}
  --force             also a version that was rolled back before, and in a freeze of the policy
${json}
${place}

Exit codes: 0 started / Succeeded, 2 refused, 3 RolledBack, 4 held, 5 timed out waiting, 6 store unreachable.`,
  status: `One line a queue, or everything about one queue. One whose records cannot be read shows its error, and ends it with that exit code.

  --queue Q           only this queue, in full
  --watch             a live view on a terminal, a line per change elsewhere; until Ctrl-C, or a change that nobody reads any more
${json}
${place}`,
  promote: `Goes on to the next step. --full skips what is left of the ramp.

  --full              to Promoting at once
${operating}`,
  pause: `Holds the running step: the canary keeps its share. The step's time and samples count on: it only does not go on by itself,
and after resume the next step may begin at once.

${operating}`,
  resume: `Goes on with a rollout that an operator, a failure or missing data paused.

${operating}`,
  abort: `Takes the canary back. After the promotion is committed use undo.

${operating}`,
  retry: `A new rollout of the version that was rolled back last, by the policy it had.

  --queue Q           the queue whose rollout is meant
${waiting}
${json}
${place}`,
  undo: `Returns to the version that was in charge before the last promotion. Workers of that version must run.

  --queue Q           the queue whose rollout is meant
${waiting}
${json}
${place}`,
  policy: `lint      every problem of a policy file at once, and warnings of what cannot work
show      the policy with all defaults
schema    the JSON schema for editors; takes no file
simulate  the odds of a policy on a modelled queue: what it makes of a canary, how long it takes, how many messages it costs
test      runs the tests: of a policy file; each expectation has to hold in 95 % of the runs

lint F [--rate 100/s] [--latency 20ms] [--stable-failures 1%]
  what is known of the queue; without it, what the tests: of the file give

simulate F --rate 100/s --stable-failures 1% --canary-failures 5%
  --onset 10m         until then the canary is as the stable version
  --latency 20ms      mean duration of a handler; durations are log-normal
  --canary-latency D  the same of the canary
  --traffic KIND      steady: at random, at the rate
                      bursts: five times the rate for ten seconds of each minute, a fifth of it else
                      sine: from a fifth to nine fifths of the rate and back in ten minutes
                      outages: steady, and once in ten minutes both versions fail for up to a minute
                      trickle: a tenth of the rate
                      backlog: the queue is never empty; the stable version handles the rate
  --poison 0.1%       messages that fail on every version
  --deaths 2/h        deaths of the canary's process without a word
  --runs 1000  --seed 1    the same seed gives the same runs

test F
  --runs 200  --seed 1
  --out FILE.xml      a JUnit report

  --json              one JSON document on stdout and nothing else

Exit codes: 0 done, 2 a wrong file or usage, 3 a test does not hold, 130 interrupted.`,
  doctor: `Checks the environment, the handlers, each queue on its broker and the store; says what to mend. Consumes nothing.

${json}
${place}

Exit codes: 0 nothing to mend (warnings allowed), 2 something is wrong, 6 broker or store unreachable.`,
  demo: `The whole story on the embedded broker, in less than half a minute: a good version is promoted, a bad one is taken back.`,
}

const overview = `queue-canary: canary releases for queue consumers

${Object.values(usageOf)
  .map((line) => `  ${line}`)
  .join('\n')}

  queue-canary COMMAND --help     more about one command
  queue-canary --version          the version of queue-canary itself

Exit codes: 0 done or Succeeded, 1 unexpected, 2 usage, configuration or refusal, 3 RolledBack, 4 Paused or WaitingPromotion
(with --exit-on-pause), 5 timed out waiting, 6 broker or store unreachable.
`
